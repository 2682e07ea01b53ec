"""A playlist that may not be read says which of the reasons it is, and what to do about it.

The refusals are the simulator's, asked over HTTP: what Spotify says in each regime, to each kind of token.
"""

from collections.abc import Iterator

import pytest
import requests

from pyspotify_assets.spotify.sample import faults, people, refusals
from pyspotify_assets.spotify.simulator import Simulator
from pyspotify_assets.spotify.tokens import AppTokens, UserTokens
from pyspotify_assets.spotify.unreadable import WHAT_WORKS, Unreadable, why_unreadable

NOT_GIVEN_TO_ALL = ["editorial", "not_owner", "wrong_token"]


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


def refused(simulator: Simulator, kind: str, playlist: str, owner: str | None = None) -> Unreadable | None:
    """Why the items of `playlist` are refused to a token of that kind; None if they are given."""
    with requests.Session() as session:
        address = simulator.base_url
        tokens = (
            AppTokens("an-app", "its-own-key", session, address, 5)
            if kind == "app"
            else UserTokens("an-app", "its-own-key", simulator.refresh_token, session, address, 5)
        )
        bearer = {"Authorization": f"Bearer {tokens.get()}"}
    answer = requests.get(f"{address}/v1/playlists/{playlist}/items", headers=bearer, timeout=5)
    if answer.status_code == 200:
        return None
    json = answer.headers["Content-Type"].startswith("application/json")
    reason = answer.json()["error"]["message"] if json else answer.text
    return why_unreadable(answer.status_code, reason, kind, playlist, owner)


STRANGERS = people.MOST_PLAYED


@pytest.mark.parametrize(
    ("regime", "kind", "playlist", "why"),
    [
        ("extended", "app", STRANGERS, None),
        ("extended", "user", STRANGERS, None),
        ("extended", "app", people.GONE_PLAYLIST, "gone"),
        ("extended", "user", people.GONE_PLAYLIST, "gone"),
        ("extended", "user", people.OWN_PLAYLIST, None),
        ("development", "user", people.EDITORIAL_PLAYLIST, "editorial"),
        ("development", "app", people.EDITORIAL_PLAYLIST, "editorial"),
        ("restricted", "app", STRANGERS, "wrong_token"),
        ("restricted", "app", people.OWN_PLAYLIST, "wrong_token"),
        ("restricted", "user", STRANGERS, "not_owner"),
        ("restricted", "user", people.OWN_PLAYLIST, None),
        ("restricted", "user", people.SHARED_PLAYLIST, None),
        ("restricted", "user", people.HIDDEN_PLAYLIST, "gone"),
        ("restricted", "user", people.EDITORIAL_PLAYLIST, "editorial"),
        ("restricted", "user", people.GONE_PLAYLIST, "gone"),
    ],
)
def test_the_reason_is_the_one_that_holds(simulator, regime, kind, playlist, why):
    simulator.regime = regime

    found = refused(simulator, kind, playlist)

    assert (found and found.why) == why
    if found:
        assert playlist in found.message
        assert found.remedy
        assert (WHAT_WORKS in found.remedy) == (why in NOT_GIVEN_TO_ALL)


@pytest.mark.parametrize("kind", ["app", "user"])
@pytest.mark.parametrize("regime", ["development", "restricted"])
def test_an_app_whose_owner_has_no_premium_is_told_apart_from_a_playlist_of_somebody_else(simulator, regime, kind):
    simulator.regime, simulator.premium = regime, False

    found = refused(simulator, kind, STRANGERS)

    assert found.why == "no_premium"
    assert "Premium" in found.message
    assert "pyspotify import" in found.remedy


@pytest.mark.parametrize(
    ("answer", "kind", "why", "remedy"),
    [
        (faults.forbidden_in_words(), "user", "unregistered", "User Management"),
        (refusals.scope_missing(), "user", "scope", "pyspotify login"),
        (refusals.invalid_token(), "user", "token", "pyspotify login"),
        (refusals.invalid_token(), "app", "token", "SPOTIPY_CLIENT_SECRET"),
        (refusals.error(400, "Invalid base62 id"), "app", "no_such_id", "feeds.toml"),
        (refusals.error(400, "Invalid market code"), "app", "unknown", "pyspotify import"),
        (refusals.error(403, ""), "app", "wrong_token", "pyspotify login"),
    ],
)
def test_other_refusals_have_reasons_of_their_own(simulator, answer, kind, why, remedy):
    simulator.fail("/items", answer)

    found = refused(simulator, kind, people.OWN_PLAYLIST)

    assert found.why == why
    assert remedy in found.remedy


def test_the_message_quotes_spotify_and_names_the_owner_where_it_is_known(simulator):
    simulator.regime = "restricted"

    found = refused(simulator, "user", STRANGERS, owner=people.STRANGER)

    assert f"is somebody else's ({people.STRANGER})" in found.message
    assert found.message.endswith("(403: Forbidden).")
    assert "top_tracks" in found.remedy
    assert "pyspotify import my_spotify_data.zip" in found.remedy
