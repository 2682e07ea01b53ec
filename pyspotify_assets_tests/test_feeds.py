"""Feeds are declarations: two defaults without a file, any number from feeds.toml, each mistake named."""

from datetime import date

import pytest

from pyspotify_assets.errors import FeedError
from pyspotify_assets.feeds import DEFAULT_FEEDS, KINDS, Feed, feed_named, load_feeds


def declared(tmp_path, text: str):
    file = tmp_path / "feeds.toml"
    file.write_text(text, encoding="utf-8")
    return load_feeds(file)


def test_without_a_file_there_are_the_two_defaults(tmp_path):
    assert [feed.name for feed in load_feeds(tmp_path / "feeds.toml")] == ["popular_songs", "top_played"]


def test_the_default_search_spans_last_year_and_this_year_of_the_snapshots_day():
    assert DEFAULT_FEEDS[0].query_on(date(2026, 11, 22)) == "year:2025-2026"


def test_a_file_replaces_the_defaults(tmp_path):
    feeds = declared(
        tmp_path,
        """
        [[feed]]
        name = "mine"
        kind = "playlist"
        playlist = "2YRe7HRKNRvXdJBp9nXFza"
        market = "BR"
        maximum = 30

        [[feed]]
        name = "rock"
        kind = "search"
        query = 'genre:"rock" year:{this_year}'
        """,
    )
    assert [(feed.name, feed.market, feed.maximum) for feed in feeds] == [("mine", "BR", 30), ("rock", "US", 1000)]
    assert feeds[1].query_on(date(2026, 1, 1)) == 'genre:"rock" year:2026'


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[[feed", "is not TOML"),
        ("", "declares no feed"),
        ("feed = 1", "declares no feed"),
        ('[[feeds]]\nname = "x"', "feeds"),
        ("feed = [1]", "is not a table"),
        ('[[feed]]\nname = "../up"\nkind = "search"\nquery = "x"', "name = '../up'"),
        ('[[feed]]\nname = "marts"\nkind = "search"\nquery = "x"', "taken"),
        ('[[feed]]\nname = "x"\nkind = "album"', "kind = 'album'"),
        ('[[feed]]\nname = "x"\nkind = "top_tracks"\nrange = "weekly"', "range = 'weekly'"),
        ('[[feed]]\nname = "x"\nkind = "top_tracks"\nmarket = "BR"', "has no market"),
        ('[[feed]]\nname = "x"\nkind = "saved_tracks"\nrange = "short_term"', "has no range"),
        ('[[feed]]\nname = "x"\nkind = "saved_tracks"\nquery = "year:2026"', "has no query"),
        ('[[feed]]\nname = "x"\nkind = "recently_played"\nmaximum = 51', "out of reach"),
        ('[[feed]]\nname = "x"\nkind = "search"', "query = ''"),
        ('[[feed]]\nname = "x"\nkind = "search"\nquery = "{nonsense}"', "{nonsense}"),
        ('[[feed]]\nname = "x"\nkind = "search"\nquery = "y"\nmaximum = 1001', "out of reach"),
        ('[[feed]]\nname = "x"\nkind = "search"\nquery = "y"\nmaximum = true', "maximum = True"),
        ('[[feed]]\nname = "x"\nkind = "search"\nquery = "y"\nmarket = "br"', "market = 'br'"),
        ('[[feed]]\nname = "x"\nkind = "playlist"\nplaylist = "short"', "playlist = 'short'"),
        ('[[feed]]\nname = "x"\nkind = "playlist"\nplaylist = "2YRe7HRKNRvXdJBp9nXFza"\nquery = "y"', "no query"),
        ('[[feed]]\nname = "x"\nkind = "search"\nquery = "y"\ncolour = "red"', "colour"),
        ('[[feed]]\nname = "x"\nkind = "search"\nquery = "y"\n' * 2, "twice"),
    ],
)
def test_every_mistake_is_an_error_that_names_the_file_and_the_thing(tmp_path, text, named):
    with pytest.raises(FeedError) as raised:
        declared(tmp_path, text)
    assert named in str(raised.value)
    assert "feeds.toml" in str(raised.value)


def test_what_is_the_users_own_is_declared_like_everything_else(tmp_path):
    feeds = declared(
        tmp_path,
        """
        [[feed]]
        name = "months"
        kind = "top_tracks"

        [[feed]]
        name = "years"
        kind = "top_tracks"
        range = "long_term"
        maximum = 100

        [[feed]]
        name = "saved"
        kind = "saved_tracks"
        market = "BR"

        [[feed]]
        name = "recent"
        kind = "recently_played"
        """,
    )

    assert [feed.source_on(date(2026, 11, 22)) for feed in feeds] == [
        "top_tracks:medium_term",
        "top_tracks:long_term",
        "saved_tracks",
        "recently_played",
    ]
    assert [feed.maximum for feed in feeds] == [None, 100, None, 50]
    assert all(feed.needs_user for feed in feeds)
    assert not any(feed.needs_user for feed in DEFAULT_FEEDS)


def test_every_kind_has_a_title_and_a_source():
    day = date(2026, 11, 22)

    assert [feed.title for feed in DEFAULT_FEEDS] == [
        "search “year:{last_year}-{this_year}”",
        "playlist 2YRe7HRKNRvXdJBp9nXFza",
    ]
    assert [feed.source_on(day) for feed in DEFAULT_FEEDS] == [
        "search:year:2025-2026",
        "playlist:2YRe7HRKNRvXdJBp9nXFza",
    ]
    assert all(Feed("x", kind).title and Feed("x", kind).source_on(day).startswith(kind) for kind in KINDS)


def test_a_declaration_of_a_search_or_a_playlist_is_what_it_has_always_been():
    """It is part of fingerprints: a new field would make every day of the lake be taken again."""
    assert all("range" not in feed.declaration() for feed in DEFAULT_FEEDS)
    assert Feed("x", "top_tracks", range="short_term").declaration()["range"] == "short_term"


def test_a_file_that_is_not_utf8_is_an_error(tmp_path):
    (tmp_path / "feeds.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(FeedError, match="cannot be read"):
        load_feeds(tmp_path / "feeds.toml")


def test_an_unknown_feed_is_answered_with_those_that_exist():
    with pytest.raises(FeedError, match="popular_songs, top_played"):
        feed_named("popular", DEFAULT_FEEDS)
