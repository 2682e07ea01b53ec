"""The three sentences, each worked out by hand on charts of a few tracks."""

from __future__ import annotations

from dataclasses import replace

from pyspotify_assets.report import three_facts

from . import synthetic
from .synthetic import BEFORE, TODAY, YESTERDAY, chart, charts, track


def test_a_new_number_one_names_whom_it_is_ahead_of():
    data = charts({"top_played": {YESTERDAY: chart("a", "b", "c"), TODAY: chart("b", "a", "c")}})
    assert three_facts(data) == [
        "“B” by Artist b is the new number one of the top played chart, ahead of “A” by Artist a.",
        "“B” by Artist b made the longest climb: 1 place, from 2 to 1 on the top played chart.",
        "Nobody came to the top played chart or left it: it has the same tracks as on 21 November.",
    ]


def test_a_number_one_that_left_altogether_is_said_to_have_left():
    data = charts({"top_played": {YESTERDAY: chart("a", "b"), TODAY: chart("b", "c")}})
    assert three_facts(data) == [
        "“B” by Artist b is the new number one of the top played chart; “A” by Artist a has left it.",
        "“B” by Artist b made the longest climb: 1 place, from 2 to 1 on the top played chart.",
        "1 track is new on the top played chart and 1 left; the highest entry is “C” by Artist c at number 2.",
    ]


def test_a_number_one_that_stays_is_counted_in_snapshots_not_in_days():
    days = {"2026-11-15": chart("b", "a"), BEFORE: chart("a", "b"), TODAY: chart("a", "b")}
    assert three_facts(charts({"top_played": days}))[0] == (
        "“A” by Artist a has led the top played chart since 20 November, for 2 snapshots running."
    )


def test_a_number_one_of_the_whole_window_is_not_said_to_have_begun_in_it():
    days = dict.fromkeys((BEFORE, YESTERDAY, TODAY), chart("a", "b"))
    assert three_facts(charts({"top_played": days}))[0] == (
        "“A” by Artist a is number one of the top played chart, as in all 3 snapshots since 20 November."
    )


def test_a_new_number_one_of_any_feed_comes_before_an_old_one():
    data = charts(
        {
            "popular_songs": {YESTERDAY: chart("a", "b"), TODAY: chart("a", "b")},
            "top_played": {YESTERDAY: chart("c", "d"), TODAY: chart("d", "c")},
        }
    )
    assert three_facts(data)[0].startswith("“D” by Artist d is the new number one of the top played chart")


def test_the_longest_climb_is_looked_for_in_all_feeds():
    data = charts(
        {
            "popular_songs": {YESTERDAY: chart("x", "a", "b"), TODAY: chart("x", "b", "a")},
            "top_played": {YESTERDAY: chart("y", "c", "d", "e"), TODAY: chart("y", "e", "c", "d")},
        }
    )
    assert three_facts(data)[1] == (
        "“E” by Artist e made the longest climb: 2 places, from 4 to 2 on the top played chart."
    )


def test_a_returning_track_is_not_counted_as_new():
    days = {BEFORE: chart("a", "b"), YESTERDAY: chart("a", "c"), TODAY: chart("a", "b", "d")}
    assert "1 track is new on the top played chart and 1 left; the highest entry is “D” by Artist d at number 3." in (
        three_facts(charts({"top_played": days}))
    )


def test_the_artist_with_the_most_tracks_comes_with_the_share():
    today = [track("a"), track("b", "Bob"), track("c"), track("d", "Cy"), track("e", "Di"), track("f")]
    facts = three_facts(charts({"top_played": {TODAY: today}}))
    assert "Ada has the most tracks on the top played chart: 3 of 6, or 50%." in facts


def test_artists_that_are_level_share_the_lead():
    today = [track("a"), track("b"), track("c", "Bob"), track("d", "Bob"), track("e", "Cy")]
    facts = three_facts(charts({"top_played": {TODAY: today}}))
    assert "2 artists share the lead on the top played chart, with 2 tracks each of 5." in facts


def test_a_first_day_says_nothing_about_movement():
    today = [track("a", year=2025, ms=61_000), track("b", year=2026, ms=185_000), track("c", "Bob", year=2026)]
    assert three_facts(charts({"top_played": {TODAY: today}})) == [
        "“A” by Ada is number one in the first snapshot of the top played chart.",
        "Ada has the most tracks on the top played chart: 2 of 3, or 67%.",
        "67% of the top played chart came out in 2026: 2 of 3 tracks.",
    ]


def test_bare_tracks_still_give_true_sentences_and_no_others():
    data = charts({"top_played": {TODAY: [track("a", None)]}})
    assert three_facts(data) == [
        "“A” by (artist not given) is number one in the first snapshot of the top played chart.",
        "The top played chart has one track.",
    ]


def test_a_missing_feed_is_the_last_fact_and_the_others_speak_of_the_feed_that_is_there():
    data = charts({"popular_songs": {YESTERDAY: chart("a", "b")}, "top_played": {TODAY: chart("c", "d")}})
    facts = three_facts(data)
    assert len(facts) == 3
    assert facts[-1] == "The popular songs chart has no snapshot of this day."
    assert all("top played" in fact for fact in facts[:-1])


def test_a_day_without_any_snapshot_is_one_sentence():
    assert three_facts(synthetic.empty()) == ["No feed has a snapshot of 22 November 2026."]


def test_a_previous_snapshot_that_the_tables_do_not_show_is_not_invented():
    data = charts({"top_played": {YESTERDAY: chart("a", "b"), TODAY: chart("a", "b")}})
    today_only = {
        name: table.filter([day == TODAY for day in table.column("snapshot_date").to_pylist()])
        for name, table in (("snapshots", data.snapshots), ("history", data.history))
    }
    facts = three_facts(replace(data, **today_only))
    assert not any("number one" in fact or "led" in fact for fact in facts)
