"""`pyspotify feeds`: what is declared, what the lake has of it, and an example to begin with; at bounded cost."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pyspotify_assets.cli import main
from pyspotify_assets.daily.refusals import KeptRefusal, keep_refusal
from pyspotify_assets.feeds import DEFAULT_FEEDS, KINDS, load_feeds
from pyspotify_assets.lake import Lake
from pyspotify_assets.terminal.feeds import kept_of
from pyspotify_assets.terminal.screen import console
from pyspotify_assets_tests.builders import put_raw, put_snapshot, track

TODAY = date(2026, 11, 25)
FEED = DEFAULT_FEEDS[1]
KEEPING_TOP_PLAYED = '[[feed]]\nname = "top_played"\nkind = "saved_tracks"\nmaximum = 1200\n'


@pytest.fixture
def lake(folder: Path) -> Lake:
    return Lake.at("lake/sample")


@pytest.fixture(autouse=True)
def wide(monkeypatch) -> None:
    """As wide as a log, whatever had the first word in this process."""
    monkeypatch.setattr(console, "width", 140)


def feeds(*options: str) -> Result:
    return CliRunner().invoke(main, ["feeds", *options], prog_name="pyspotify")


class TestShown:
    def test_the_defaults_are_said_to_be_such_and_how_to_declare_others(self, folder):
        result = feeds()

        assert result.exit_code == 0
        assert "2 feeds, the defaults: no feeds.toml here" in result.output
        assert "pyspotify feeds --example > feeds.toml" in result.output
        assert re.search(r"top_played +playlist 2YRe7HRKNRvXdJBp9nXFza, US +none yet", result.output)
        assert list(folder.iterdir()) == []

    def test_declared_ones_come_with_the_name_of_the_file(self, folder):
        (folder / "feeds.toml").write_text(KEEPING_TOP_PLAYED, encoding="utf-8")

        result = feeds()

        assert "1 feed, declared in feeds.toml\n" in result.output
        assert "listener's own saved tracks, US, at most 1,200" in result.output
        assert "--example" not in result.output

    def test_as_json_each_field_of_the_declaration_is_there_with_what_the_lake_has(self, folder, lake):
        (folder / "feeds.toml").write_text(KEEPING_TOP_PLAYED, encoding="utf-8")
        yesterday = (datetime.now(UTC).date() - timedelta(days=1)).isoformat()
        put_snapshot(lake, "top_played", yesterday, [track(1, "A"), track(2, "B")])

        document = json.loads(feeds("--json").stdout)

        assert document == {
            "declared_in": str(folder / "feeds.toml"),
            "source": "sample",
            "refused_until": None,
            "feeds": [
                {
                    "name": "top_played",
                    "kind": "saved_tracks",
                    "query": None,
                    "playlist": None,
                    "range": None,
                    "market": "US",
                    "maximum": 1200,
                    "first_day": yesterday,
                    "newest_day": yesterday,
                    "rows": None,
                    "missed_days": [],
                }
            ],
        }

    def test_missed_days_are_told_for_each_feed_that_has_some(self, lake):
        ago = {days: (datetime.now(UTC).date() - timedelta(days=days)).isoformat() for days in range(10)}
        for days in (9, 6, 4):
            put_snapshot(lake, "top_played", ago[days], [track(1, "A")])

        lines = feeds().output.splitlines()

        assert [line for line in lines if " missed " in line] == [
            f"top_played missed 6 of the last 31 days: {ago[3]} to {ago[1]}, {ago[5]}, {ago[8]} to {ago[7]}"
        ]

    def test_a_refusal_is_told_while_it_lasts(self, lake):
        now = datetime.now(UTC).replace(microsecond=0)
        keep_refusal(lake, KeptRefusal(now + timedelta(hours=2), "too many requests", now))

        result = feeds("--json")

        assert json.loads(result.stdout)["refused_until"] == (now + timedelta(hours=2)).isoformat()
        assert "Spotify refuses requests until" in result.stderr

    def test_a_file_that_cannot_be_used_is_the_error_that_every_command_gives(self, folder):
        (folder / "feeds.toml").write_text('[[feed]]\nname = "x"\nkind = "album"\n', encoding="utf-8")

        result = feeds()

        assert result.exit_code == 1
        assert "feeds.toml, feed 1 (x): kind = 'album' cannot be used" in result.output


class TestKept:
    def put(self, lake: Lake, *days: str) -> None:
        for day in days:
            put_raw(lake, "top_played", day, [track(1, "A")])

    def test_nothing_of_a_feed_that_was_never_taken(self, lake):
        kept = kept_of(lake, FEED, TODAY)

        assert (kept.first_day, kept.newest_day, kept.rows, kept.missed_days) == (None, None, None, ())

    def test_missed_are_the_days_after_the_first_up_to_yesterday_within_a_month(self, lake):
        self.put(lake, "2026-11-21", "2026-11-23")

        kept = kept_of(lake, FEED, TODAY)

        assert (kept.first_day, kept.newest_day) == ("2026-11-21", "2026-11-23")
        assert kept.missed_days == ["2026-11-22", "2026-11-24"]

    def test_the_newest_day_is_found_however_long_ago_it_was(self, lake):
        self.put(lake, "2016-01-01", "2023-07-08")

        kept = kept_of(lake, FEED, TODAY)

        assert (kept.first_day, kept.newest_day, len(kept.missed_days)) == ("2016-01-01", "2023-07-08", 31)

    def test_years_of_days_cost_no_more_objects_than_two_months(self, lake, monkeypatch):
        def objects_looked_at(days: int) -> int:
            looked, store = [], lake.stores["raw"]
            keys = [f"top_played/snapshot_date={TODAY - timedelta(days=ago)}/top_played.csv" for ago in range(days)]
            for key in keys:
                Path(store.uri(key)).parent.mkdir(parents=True, exist_ok=True)
                Path(store.uri(key)).touch()
            listed = store.objects
            monkeypatch.setattr(
                store,
                "objects",
                lambda *given, **named: (looked.append(info) or info for info in listed(*given, **named)),
            )
            kept_of(lake, FEED, TODAY)
            monkeypatch.undo()
            return len(looked)

        assert objects_looked_at(60) == objects_looked_at(1000) < 40


class TestExample:
    def test_declares_the_defaults(self, folder):
        (folder / "feeds.toml").write_text(feeds("--example").output, encoding="utf-8")

        assert load_feeds(folder / "feeds.toml") == DEFAULT_FEEDS

    def test_has_a_feed_of_every_kind_behind_its_comments(self, folder):
        lines = feeds("--example").output.splitlines()
        code = re.compile(r"# (\[\[feed\]\]|[a-z]+ = .*)")
        uncommented = [code.sub(r"\1", line) if code.fullmatch(line) else line for line in lines]
        (folder / "feeds.toml").write_text("\n".join(uncommented), encoding="utf-8")

        assert {feed.kind for feed in load_feeds(folder / "feeds.toml")} == set(KINDS)

    def test_is_no_json(self, folder):
        assert feeds("--example", "--json").exit_code == 2
