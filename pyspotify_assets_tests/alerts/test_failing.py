"""What fails, and what makes it good: told once per cause, by the name of the asset."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pyspotify_assets.alerts.failing import Outcome, after, roots, said_and_remedy, troubles

AT = datetime(2024, 3, 1, 6, tzinfo=UTC)
MON, TUE, WED = "2024-03-04", "2024-03-05", "2024-03-06"


def failed(subject: str = "refined/top_played", *days: str, **more) -> Outcome:
    return Outcome("failure", subject, False, AT, days, **{"words": "it broke\n  → mend it", **more})


def went_well(subject: str = "refined/top_played", *days: str) -> Outcome:
    return Outcome("failure", subject, True, AT, days)


def checked(passed: bool, grave: bool = True, asset: str = "refined/top_played") -> Outcome:
    return Outcome("check", f"{asset}:keys_unique", passed, AT, words=f"{MON}: 3 rows repeat a key", grave=grave)


def never(subject: str) -> bool:
    return False


def left(*outcomes: Outcome, irretrievable=never) -> dict[str, tuple[str, ...]]:
    return {outcome.subject: outcome.days for outcome in after({}, outcomes, irretrievable).values()}


class TestWhatMakesItGood:
    def test_the_days_that_failed_are_kept_until_each_has_gone_well(self):
        assert left(failed("a/b", MON, TUE), went_well("a/b", MON)) == {"a/b": (TUE,)}
        assert left(failed("a/b", MON, TUE), went_well("a/b", MON), went_well("a/b", TUE)) == {}

    def test_another_day_or_another_asset_makes_nothing_good(self):
        assert left(failed("a/b", MON), went_well("a/b", TUE), went_well("a/c", MON)) == {"a/b": (MON,)}

    def test_what_has_no_days_is_made_good_by_its_next_success(self):
        assert left(failed("crawl/raw"), went_well("crawl/raw")) == {}

    def test_a_day_that_can_never_be_taken_again_is_made_good_by_a_later_one_and_by_no_earlier(self):
        assert left(failed("raw/b", TUE), went_well("raw/b", MON), irretrievable=lambda _: True) == {"raw/b": (TUE,)}
        assert left(failed("raw/b", TUE), went_well("raw/b", WED), irretrievable=lambda _: True) == {}

    def test_ten_days_that_fail_one_after_another_are_one_failure_since_the_first(self):
        later = replace(failed("a/b", TUE), at=AT.replace(day=9))
        [outcome] = after({}, [failed("a/b", MON), later], never).values()

        assert (outcome.days, outcome.at) == ((MON, TUE), AT)

    def test_a_check_is_made_good_by_its_next_evaluation_that_passes(self):
        assert left(checked(False), checked(True)) == {}
        assert set(left(checked(True), checked(False))) == {"refined/top_played:keys_unique"}


class TestOneCauseOneTrouble:
    def told(self, *outcomes: Outcome) -> list[tuple[str, str]]:
        return [(trouble.kind, trouble.subject) for trouble in troubles(after({}, outcomes, never))]

    def test_a_blocking_check_is_told_as_the_failure_that_quotes_it(self):
        assert self.told(failed("refined/top_played", MON), checked(False)) == [("failure", "refined/top_played")]

    def test_a_warning_and_a_check_without_a_failure_are_told_for_themselves(self):
        assert self.told(checked(False)) == [("check", "refined/top_played:keys_unique")]
        assert len(self.told(failed("refined/top_played", MON), checked(False, grave=False))) == 2

    def test_feeds_that_fail_for_want_of_a_login_are_one_trouble_with_it(self):
        both = [failed(f"raw/{name}", MON, errors=("LoginError",)) for name in ("a", "b")]

        [trouble] = troubles(after({}, both, never))
        assert (trouble.kind, trouble.subject) == ("login", "Spotify")
        assert "raw/a, raw/b" in trouble.title

    def test_what_only_lacks_what_failed_before_it_in_the_same_run_is_not_told(self):
        cause = failed("raw/top_played", MON)
        consequence = failed("refined/top_played", MON, errors=("MissingPartitionError",))

        assert roots([cause, consequence]) == [cause]
        assert roots([consequence]) == [consequence]
        of_another_day = failed("refined/top_played", TUE, errors=("MissingPartitionError",))
        assert roots([cause, of_another_day]) == [cause, of_another_day]


@pytest.mark.parametrize(
    ("words", "said", "remedy"),
    [
        ("it broke\n  → mend it", "it broke", "mend it"),
        (f"{MON}: LakeError: full\n  → make room\n{TUE}: LakeError: full\n  → make room", None, "make room"),
        ("KeyError: 'x'", "KeyError: 'x'", ""),
        ("", "", ""),
    ],
)
def test_an_errors_remedy_is_what_is_to_be_done(words, said, remedy):
    found = said_and_remedy(words)

    assert found[1] == remedy
    assert "→" not in found[0]
    assert said is None or found[0] == said


def test_a_failure_without_a_remedy_says_where_to_look():
    [trouble] = troubles(after({}, [failed(words="KeyError: 'x'")], never))

    assert "Open the run" in trouble.remedy


def test_words_of_any_length_stay_short():
    [outcome] = after({}, [failed(words="x" * 100_000)], never).values()
    [trouble] = troubles({"failure a": outcome})

    assert len(outcome.words) <= 2000
    assert len(trouble.happened) <= 500
