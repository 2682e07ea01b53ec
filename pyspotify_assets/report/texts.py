"""Every word that a reader of the report sees, and how numbers and days are written. One `Texts` per language.

A message is a `str.format` template. One with a bar has two forms, for one and for any other number: "1 day|{n} days".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True)
class Texts:
    """The messages of one language by name, with its months, weekdays (Monday first) and number signs."""

    language: str
    months: tuple[str, ...]
    weekdays: tuple[str, ...]
    thousands: str
    decimal: str
    messages: Mapping[str, str]

    def __call__(self, name: str, **values: object) -> str:
        """The message of that name, filled in; KeyError where there is none."""
        return self.messages[name].format(**values)

    def count(self, name: str, n: int, **values: object) -> str:
        """The message in its form for `n`, which it may show as {n}."""
        one, _, other = self.messages[name].partition("|")
        return (one if n == 1 else other).format(n=self.number(n), **values)

    def number(self, value: float, decimals: int = 0, signed: bool = False) -> str:
        """A number as this language writes it; signed: with + or a real minus, and "±0" for none."""
        text = f"{abs(value):,.{decimals}f}"
        nothing = not any(digit in "123456789" for digit in text)
        text = text.translate(str.maketrans(",.", self.thousands + self.decimal))
        if signed:
            return f"{'±' if nothing else '+' if value > 0 else '−'}{text}"
        return text if value >= 0 or nothing else f"−{text}"

    def percent(self, share: float) -> str:
        """A share of 0 to 1: whole percents from ten on, one decimal below."""
        return f"{self.number(share * 100, 0 if share >= 0.0995 or share == 0 else 1)}%"

    def day(self, iso: str, weekday: bool = False) -> str:
        """22 November 2026, with the weekday in front where asked for."""
        value = date.fromisoformat(iso)
        text = self("day", day=value.day, month=self.months[value.month - 1], year=value.year)
        return f"{self.weekdays[value.weekday()]}, {text}" if weekday else text

    def short_day(self, iso: str) -> str:
        """22 November: for days whose year goes without saying."""
        value = date.fromisoformat(iso)
        return self("short_day", day=value.day, month=self.months[value.month - 1])

    def instant(self, value: datetime) -> str:
        """22 November 2026, 06:15 UTC, of an instant that is already in UTC."""
        return f"{self.day(value.date().isoformat())}, {value:%H:%M} UTC"

    def duration(self, milliseconds: float) -> str:
        """3:05, minutes and seconds."""
        minutes, seconds = divmod(round(milliseconds / 1000), 60)
        return f"{minutes}:{seconds:02d}"

    def feed(self, name: str) -> str:
        """A feed's name for reading: top_played → top played."""
        return name.replace("_", " ")

    def title(self, row: Mapping[str, object]) -> str:
        """A track's title, or a word for its absence."""
        return str(row.get("track_name") or self("no_title"))

    def artist(self, row: Mapping[str, object]) -> str:
        """An artist's name, or a word for its absence."""
        return str(row.get("artist_name") or self("no_artist"))

    def track(self, row: Mapping[str, object]) -> str:
        """“Title” by Artist."""
        return self("track", title=self.title(row), artist=self.artist(row))


ENGLISH = Texts(
    language="en",
    months=(
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
    weekdays=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    thousands=",",
    decimal=".",
    messages={
        "day": "{day} {month} {year}",
        "short_day": "{day} {month}",
        "track": "“{title}” by {artist}",
        "no_title": "(untitled)",
        "no_artist": "(artist not given)",
        # The page
        "page_title": "Spotify charts, {day}",
        "kicker": "Daily snapshot of Spotify",
        "skip": "Skip to the report",
        "contents": "Contents",
        "banner_title": "Made-up sample data.",
        "banner": "Tracks, artists and ranks here are invented. Set your own Spotify credentials to see real ones.",
        "footer": "Made by pyspotify_assets on {instant}. One file, complete in itself.",
        "no_script": "The charts need JavaScript, which is off here; the table below has the same figures.",
        "chart_failed": "This chart could not be drawn here. Its figures are in the table below.",
        "as_table": "The figures as a table",
        "scrollable": "{title}, scrolls sideways",
        # Facts
        "facts": "Three things to know",
        "facts_other": "Worth knowing",
        "fact_no_snapshot": "No feed has a snapshot of {day}.",
        "fact_feed_missing": "The {feed} chart has no snapshot of this day.",
        "fact_new_leader": "{track} is the new number one of the {feed} chart, ahead of {before}.",
        "fact_new_leader_alone": "{track} is the new number one of the {feed} chart; {before} has left it.",
        "fact_leader_since": "{track} has led the {feed} chart since {since}, for {days} snapshots running.",
        "fact_leader_always": "{track} is number one of the {feed} chart, as in all {days} snapshots since {since}.",
        "fact_leader_first": "{track} is number one in the first snapshot of the {feed} chart.",
        "fact_climber": "{track} made the longest climb: {places}, from {previous} to {rank} on the {feed} chart.",
        "places": "1 place|{n} places",
        "fact_entries": "{came} the {feed} chart and {left}; the highest entry is {track} at number {rank}.",
        "came": "1 track is new on|{n} tracks are new on",
        "left": "1 left|{n} left",
        "none_left": "none left",
        "fact_only_exits": "{left} the {feed} chart and none came in.",
        "tracks_left": "1 track left|{n} tracks left",
        "fact_same_tracks": "Nobody came to the {feed} chart or left it: it has the same tracks as on {previous}.",
        "fact_artist": "{artist} has the most tracks on the {feed} chart: {tracks} of {total}, or {share}.",
        "fact_artists_tied": "{n} artists share the lead on the {feed} chart, with {tracks} tracks each of {total}.",
        "fact_year": "{share} of the {feed} chart came out in {year}: {tracks} of {total} tracks.",
        "fact_longest": "The longest track of the {feed} chart is {track}, at {duration} minutes.",
        "fact_size": "The {feed} chart has one track.|The {feed} chart has {n} tracks.",
        # Headline numbers
        "headline": "The day in numbers",
        "headline_note": "The small figures are the change since the feed’s previous snapshot.",
        "versus": "since {day}",
        "first_snapshot": "The first snapshot in the window: nothing to compare with yet.",
        "tracks": "tracks",
        "newcomers": "newcomers",
        "left_the_chart": "exits",
        "artists": "artists",
        "popularity": "mean popularity",
        "not_known_yet": "not known yet",
        "popularity_absent": "not given by Spotify",
        "no_snapshot_card": "No snapshot of this day.",
        # A feed
        "feed_missing": "There is no snapshot of this feed for {day}. What the checks found may tell why.",
        "feed_none": "No feed is declared, so there is nothing to chart. Feeds are declared in feeds.toml.",
        "window": "1 snapshot|{n} snapshots",
        "feed_sub": "{tracks}, compared over {window} since {since}.",
        "feed_sub_first": "{tracks} in the first snapshot of this feed.",
        "feed_tracks": "1 track|{n} tracks",
        "by_position": "Spotify gives no popularity here: everything goes by position.",
        "bump": "How the top {n} got there",
        "bump_note": "Rank on each day. Lines in the strip at the bottom were below {n}; a gap means off the chart.",
        "bump_label": "Daily rank of today’s top {n} of {feed} as lines, {first} to {last}. Number one is {leader}.",
        "bump_lower": "below",
        "bump_empty": "Movement needs two snapshots, and this is the first. Today’s ranks:",
        "on_chart": "{n} snapshot|{n} snapshots",
        "moves": "Climbers and fallers",
        "climbers": "Climbers",
        "fallers": "Fallers",
        "moves_empty_first": "Nobody can have climbed or fallen in a first snapshot. Come back after the next.",
        "climbers_empty": "No track climbed since {previous}.",
        "fallers_empty": "No track fell since {previous}.",
        "entries": "Newcomers and exits",
        "entered": "Came in",
        "exits": "Dropped out",
        "entries_empty_first": "Everything is new in a first snapshot. Come back after the next.",
        "entered_empty": "No track came in since {previous}.",
        "exits_empty": "No track dropped out since {previous}.",
        "more": "1 more|{n} more",
        "not_listed": "1 further track is not listed.|{n} further tracks are not listed.",
        "tag_new": "new",
        "tag_back": "back",
        "artists_title": "Artists with the most tracks",
        "artists_label": "Bar chart of the artists with the most tracks on {feed}. {artist} leads with {tracks}.",
        "artists_empty": "No artist is credited on this day’s tracks.",
        "artists_note": "First credited artist; tracks, and share of the chart.",
        "years_title": "Years of release",
        "years_label": "Bar chart of the tracks on {feed} by year of release. Most, {tracks}, are from {year}.",
        "years_empty": "None of this day’s tracks has a usable release date.",
        "years_note": "Tracks per year of release.",
        "years_unknown": "1 track without a usable date is left out.|{n} tracks without a usable date are left out.",
        "durations_title": "How long they are",
        "durations_label": "Histogram of track lengths on {feed} in steps of 30 seconds. The median is {median}.",
        "durations_empty": "None of this day’s tracks has a length.",
        "durations_note": "Tracks per half minute of length; half of them are shorter than {median}.",
        "durations_over": "{length} or more",
        "minutes": "minutes",
        "median": "median {median}",
        # Columns
        "col_rank": "Rank",
        "col_track": "Track",
        "col_artist": "Artist",
        "col_move": "Move",
        "col_from_to": "From → to",
        "col_last_rank": "Last rank",
        "col_stay": "Stayed",
        "col_tracks": "Tracks",
        "col_share": "Share",
        "col_best": "Best rank",
        "col_popularity": "Mean popularity",
        "col_year": "Year",
        "col_length": "Length",
        "col_mean_length": "Mean length",
        "col_day": "Day",
        "col_previous": "Before",
        "col_peak": "Peak",
        "col_days": "Snapshots",
        "col_result": "Result",
        "col_check": "Check",
        "col_table": "Table",
        "col_severity": "If it fails",
        "col_summary": "What it found",
        "col_feed": "Feed",
        "col_raw": "Raw rows",
        "col_refined": "Refined",
        "col_duplicates": "Duplicates",
        "col_quarantined": "Quarantined",
        "col_sum": "Adds up",
        "none": "–",
        "moved_up": "up {n}",
        "moved_down": "down {n}",
        # Checks
        "checks": "What the checks found",
        "checks_all_passed": "The one check passed.|All {n} checks passed.",
        "checks_some_failed": "1 of {total} checks failed.|{n} of {total} checks failed.",
        "checks_empty": "No check has reported for this day.",
        "check_passed": "passed",
        "check_failed": "failed",
        "severity_error": "an error",
        "severity_warning": "a warning",
        "counts": "Row counts",
        "counts_whole": "Every raw row is accounted for",
        "counts_broken": "Raw rows that are not accounted for",
        "counts_note": "Raw rows = refined + duplicates + quarantined.",
        "counts_empty": "No row counts were recorded for this day.",
        "sum_yes": "yes",
        "sum_no": "off by {n}",
        "not_counted": "not counted",
    },
)  # fmt: skip
"""The report in English."""
