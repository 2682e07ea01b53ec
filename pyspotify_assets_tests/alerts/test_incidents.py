"""Incidents: each is told when it opens, once a day while it lasts, and once when it is over, whatever comes."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from pyspotify_assets.alerts.incidents import DAY, MOST, Incident, Kind, News, Trouble, step

START = datetime(2024, 3, 1, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
THINGS = ("raw/popular_songs", "raw/top_played")
KINDS: tuple[Kind, ...] = ("failure", "late")


def trouble(subject: str = THINGS[0], kind: Kind = "failure", at: datetime = START, **more) -> Trouble:
    return Trouble(kind, subject, at, f"{subject} failed", **more)


@dataclass
class Desk:
    """What a person hears: rounds one after another, and all that was told of each incident."""

    known: dict[str, Incident] = field(default_factory=dict)
    told: dict[str, list[News]] = field(default_factory=lambda: defaultdict(list))
    now: datetime = START

    def look(self, *troubles: Trouble, after: timedelta = HOUR, unseen: tuple[Kind, ...] = ()) -> list[str]:
        """One round; gives the words of its news."""
        self.now += after
        self.known, news = step(self.known, troubles, self.now, unseen)
        for one in news:
            self.told[one.trouble.key].append(one)
        return [one.word for one in news]

    def last_word(self, key: str) -> str:
        return self.told[key][-1].word if self.told[key] else ""


TROUBLES = st.builds(trouble, st.sampled_from(THINGS), st.sampled_from(KINDS), grave=st.booleans())
PAUSES = st.sampled_from([timedelta(minutes=minutes) for minutes in (1, 7, 61, 300, 719, 1440, 1441, 4000)])
UNSEEN = st.sampled_from([(), (), ("failure",), ("late",)])
ROUNDS = st.lists(st.tuples(PAUSES, st.lists(TROUBLES, max_size=4), UNSEEN), min_size=1, max_size=20)
"""Rounds at any distance from each other, each with any troubles and with anything that could not be looked at."""


class TestLaws:
    @settings(max_examples=40)
    @given(ROUNDS)
    def test_what_has_opened_and_ends_is_solved_exactly_once(self, rounds):
        desk = Desk()
        for after, troubles, unseen in rounds:
            desk.look(*troubles, after=after, unseen=unseen)
        desk.look()
        desk.look(after=DAY)

        for news in desk.told.values():
            words = [one.word for one in news]
            assert words[0] == "new"
            assert words[-1] == "solved"
            for before, word in itertools.pairwise(words):
                assert (word in ("new", "again")) == (before == "solved")
        assert all(incident.solved for incident in desk.known.values())

    @settings(max_examples=40)
    @given(ROUNDS)
    def test_while_it_is_seen_the_last_word_is_never_that_it_is_solved(self, rounds):
        desk = Desk()
        for after, troubles, unseen in rounds:
            desk.look(*troubles, after=after, unseen=unseen)
            assert all(desk.last_word(one.key) not in ("", "solved") for one in troubles)

    @settings(max_examples=40)
    @given(ROUNDS)
    def test_no_storm_at_most_three_alarms_in_a_day_and_one_while_it_only_lasts(self, rounds):
        desk = Desk()
        for after, troubles, unseen in rounds:
            desk.look(*troubles, after=after, unseen=unseen)

        for news in desk.told.values():
            alarms = [one for one in news if one.is_alarm]
            for number, first in enumerate(alarms):
                within = [one for one in alarms[number:] if one.at - first.at < DAY]
                assert len(within) <= 3
                assert [one.word for one in within].count("still") <= 1
            for before, after_it in itertools.pairwise(alarms):
                if after_it.word == "still":
                    assert after_it.at - before.at >= DAY

    @settings(max_examples=40)
    @given(ROUNDS, st.integers())
    def test_the_order_in_which_troubles_are_seen_means_nothing(self, rounds, seed):
        one, other = Desk(), Desk()
        for after, troubles, unseen in rounds:
            shuffled = random.Random(seed).sample(troubles, len(troubles))  # noqa: S311 - an order, no secret
            assert one.look(*troubles, after=after, unseen=unseen) == other.look(*shuffled, after=after, unseen=unseen)
        assert one.known == other.known

    @settings(max_examples=40)
    @given(ROUNDS)
    def test_nothing_is_remembered_of_what_has_been_away_for_long(self, rounds):
        desk = Desk()
        for after, troubles, unseen in rounds:
            desk.look(*troubles, after=after, unseen=unseen)
        for _ in range(3):
            desk.look(after=DAY)

        assert desk.known == {}

    @settings(max_examples=40)
    @given(st.integers(20, 240), st.integers(1, 5))
    def test_what_lasts_is_told_once_a_day_however_often_is_looked(self, minutes, days):
        desk, began = Desk(), START
        while desk.now < began + days * DAY:
            desk.look(trouble(), after=timedelta(minutes=minutes))

        told = desk.told[trouble().key]
        assert [one.word for one in told] == ["new"] + ["still"] * (len(told) - 1)
        assert days - 1 <= len(told) <= days + 1


class TestOneIncident:
    def test_is_told_when_it_opens_and_then_not_until_a_day_later(self):
        desk = Desk()

        assert desk.look(trouble()) == ["new"]
        assert desk.look(trouble(), after=23 * HOUR) == []
        assert desk.look(trouble(), after=HOUR) == ["still"]
        assert desk.look() == ["solved"]
        assert desk.look() == []

    def test_is_the_same_however_its_words_and_days_change_and_keeps_since_when(self):
        desk = Desk()
        desk.look(trouble(days=("2024-03-01",)))

        later = trouble(at=START + 5 * HOUR, days=("2024-03-01", "2024-03-02"))
        assert desk.look(later) == []
        assert desk.known[later.key].trouble.days == ("2024-03-01", "2024-03-02")
        assert desk.known[later.key].trouble.since == START

    def test_that_comes_back_is_told_again_at_once_and_is_solved_only_after_a_day_of_quiet(self):
        desk = Desk()
        assert [desk.look(trouble()), desk.look(), desk.look(trouble())] == [["new"], ["solved"], ["again"]]

        for _ in range(10):  # Every hour it is there, and gone.
            assert desk.look() == []
            assert desk.look(trouble()) == []
        assert desk.look(after=DAY) == []
        assert desk.look(after=DAY) == ["solved"]
        assert desk.known == {}

    def test_that_becomes_grave_is_told_at_once_and_only_once(self):
        desk = Desk()
        assert desk.look(trouble(grave=False)) == ["new"]
        assert desk.look(trouble(grave=True)) == ["worse"]
        assert desk.look(trouble(grave=False)) == []
        assert desk.look(trouble(grave=True)) == []

    def test_of_a_check_that_misses_days_of_which_nobody_has_heard_is_told_at_once(self):
        """They come back never, and the check of the next day passes again: by tomorrow nobody would hear of them."""
        desk = Desk()
        missing = {"kind": "check", "grave": False}
        assert desk.look(trouble(**missing, days=("2024-05-24",))) == ["new"]

        assert desk.look(trouble(**missing, days=("2024-05-24", "2024-05-26"))) == ["worse"]
        assert desk.look(trouble(**missing, days=("2024-05-26",))) == []
        assert desk.look() == ["solved"]

    def test_of_several_troubles_with_one_thing_the_gravest_is_told(self):
        desk = Desk()
        desk.look(trouble(grave=False, happened="ends soon"), trouble(happened="is over"))

        [news] = desk.told[trouble().key]
        assert news.trouble.happened == "is over"

    def test_that_cannot_be_looked_at_is_neither_solved_nor_told(self):
        desk = Desk()
        desk.look(trouble())

        assert desk.look(after=DAY, unseen=("failure",)) == []
        assert desk.look(trouble()) == ["still"]

    def test_is_not_held_back_by_a_clock_that_was_wrong(self):
        desk = Desk(now=START + 365 * DAY)
        desk.look(trouble())
        desk.now = START

        assert desk.look(trouble()) == ["still"]


def test_the_gravest_is_told_first_and_what_is_solved_last():
    desk = Desk()
    desk.look(trouble("z"))

    assert desk.look(trouble("b", grave=False), trouble("y"), trouble("c", grave=False)) == [
        "new",
        "new",
        "new",
        "solved",
    ]
    _, news = step({}, [trouble("b", grave=False), trouble("y")], desk.now)
    assert [one.trouble.subject for one in news] == ["y", "b"]


def test_more_than_can_be_remembered_waits_until_there_is_room_and_is_not_lost():
    desk = Desk()
    many = [trouble(f"asset {number:03}") for number in range(MOST + 50)]

    assert desk.look(*many) == ["new"] * MOST
    assert desk.look(*many) == []
    assert len(desk.known) == MOST
    assert desk.look(*many[50:]).count("new") == 0  # what is solved is remembered for the rest of a day
    desk.look(*many[50:], after=DAY)
    desk.look(*many[50:])
    assert {key for key, incident in desk.known.items() if incident.is_open} == {one.key for one in many[50:]}
