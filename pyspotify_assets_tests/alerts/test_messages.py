"""The words of alerts: other people's text is shown and never acted on, and everything has its bounds."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from pyspotify_assets.alerts.incidents import News, Trouble
from pyspotify_assets.alerts.messages import LONGEST_SUBJECT, Letterhead, lines, slack, subject, text

HEAD = Letterhead("PySpotify test", "https://dagster.example.org")
AT = datetime(2024, 3, 3, 6, tzinfo=UTC)
HOSTILE = st.text(st.sampled_from("<>!&@#|\n\r\x00\x1b\u2028\u202e*_~`[]ab é漢🎵"), max_size=80)


def news(title: str = "raw/a failed", happened: str = "", remedy: str = "", word="new", **more) -> News:
    return News(word, Trouble("failure", "raw/a", AT, title, happened, remedy, "runs/1", **more), AT)


@settings(max_examples=50)
@given(HOSTILE, HOSTILE, HOSTILE)
def test_nothing_in_other_peoples_text_is_a_link_or_a_mention_to_slack(title, happened, remedy):
    post = slack([news(title, happened, remedy)], HEAD)

    section = post["blocks"][0]["text"]
    assert section["verbatim"] is True
    written = section["text"].replace("<https://dagster.example.org/runs/1|Open in Dagster>", "")
    assert not {"<", ">"} & set(written + post["text"])


def test_a_call_to_everybody_arrives_as_the_words_it_is():
    post = slack([news("“<!channel> & <@U1>” failed")], HEAD)

    assert "&lt;!channel&gt; &amp; &lt;@U1&gt;" in post["text"]


@settings(max_examples=50)
@given(st.lists(HOSTILE, min_size=1, max_size=3))
def test_a_subject_is_one_short_line_of_printable_ascii(titles):
    made = subject([news(title) for title in titles], HEAD)

    assert 0 < len(made) <= LONGEST_SUBJECT
    assert all(" " <= character <= "~" for character in made)


def test_a_long_subject_still_says_how_many_more_there_are():
    made = subject([news("x" * 300), news()], HEAD)

    assert len(made) == LONGEST_SUBJECT
    assert made.endswith("... (+1)")


@settings(max_examples=50)
@given(HOSTILE, HOSTILE, HOSTILE)
def test_a_title_cannot_pretend_to_be_several_lines_nor_turn_the_direction_of_writing(title, happened, remedy):
    told = lines(news(title, happened, remedy), HEAD)

    assert all("\n" not in line and "\r" not in line for line in told)
    assert not {"\x00", "\x1b", "\u2028", "\u202e"} & set("".join(told))


def test_a_section_keeps_within_what_slack_takes_even_where_everything_has_to_be_escaped():
    post = slack([news("&" * 9999, "<" * 9999, "&" * 9999)] * 20, HEAD)

    assert len(post["blocks"]) <= 50
    for block in post["blocks"][:-1]:
        assert len(block["text"]["text"]) <= 3000
        assert block["text"]["text"].endswith("|Open in Dagster>")
    assert len(json.dumps(post)) < 100_000


def test_what_is_solved_says_since_when_it_was_and_asks_for_nothing():
    told = text([news(happened="500", remedy="Again later.", word="solved")], HEAD)

    assert told == "Solved: raw/a failed\n  since 2024-03-03 06:00 UTC, solved at 2024-03-03 06:00 UTC"


def test_without_an_address_of_the_ui_there_is_no_link():
    assert "http" not in text([news()], Letterhead("PySpotify prod"))
