"""What goes wrong at the simulator goes wrong as ordered: faults, limits, and playlists that change meanwhile."""

import http.client
import json
import socket
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyspotify_assets.spotify.sample import edits, faults, people
from pyspotify_assets.spotify.sample.limits import Limits
from pyspotify_assets.spotify.simulator import Fault, Simulator

from .asking import APP, BEARER, ask, bearer, error, exchange, get
from .conftest import NOW

SEARCH = {"q": "year:2026", "type": "track"}
READABLE = {**faults.PASSING, **faults.LONG_REFUSALS, **faults.FINAL}


def search(simulator, **query):
    return exchange(simulator, "/v1/search", **SEARCH, **query)


@pytest.mark.parametrize("name", [name for name in READABLE if name not in ("silence", "connection reset", "cut body")])
def test_a_fault_is_sent_once_as_it_is(simulator, name):
    simulator.fail("/search", READABLE[name])

    status, headers, body = search(simulator)

    assert (status, body) == (READABLE[name].status, READABLE[name].body)
    assert READABLE[name].headers.items() <= headers.items()
    assert search(simulator)[0] == 200


def test_every_error_body_that_spotify_is_known_for_is_among_them():
    sent = {(fault.status, fault.body) for fault in READABLE.values()}

    def in_json(status, message, **more):
        document = {"error": {"status": status, "message": message, **more}}
        return status, json.dumps(document, separators=(",", ":")).encode()

    assert {
        in_json(429, "API rate limit exceeded"),
        in_json(429, "API rate limit exceeded", reason="QUOTA_EXCEEDED"),
        (429, b"Too many requests"),
        in_json(403, "Forbidden"),
        in_json(404, "Resource not found"),
    } <= sent
    assert {fault.headers.get("Retry-After") for fault in READABLE.values()} >= {
        None, "1", "1.5", "30", "3600", "20000", "48925", "86400",
    }  # fmt: skip


def test_a_cut_body_ends_before_its_length(simulator):
    simulator.fail("/search", faults.cut_body())

    with pytest.raises(http.client.IncompleteRead):
        search(simulator)


def test_a_reset_breaks_the_connection_off(simulator):
    simulator.fail("/search", faults.reset())

    with pytest.raises(ConnectionResetError):
        search(simulator)
    assert search(simulator)[0] == 200


def test_silence_lasts_until_the_client_has_had_enough_and_holds_up_nobody_else(simulator):
    simulator.fail("/search", faults.silence())

    with closing(socket.create_connection(simulator.base_url.removeprefix("http://").split(":"), 0.2)) as connection:
        host = simulator.base_url.removeprefix("http://")
        connection.sendall(f"GET /v1/search HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        with pytest.raises(TimeoutError):
            connection.recv(1)
        assert search(simulator)[0] == 200


def test_silence_does_not_hold_up_the_end():
    with Simulator() as simulator:
        simulator.fail("/v1", faults.silence())
        connection = http.client.HTTPConnection(simulator.base_url.removeprefix("http://"), timeout=5)
        connection.request("GET", "/v1/search")
        while not simulator.requests:
            time.sleep(0.01)
        began = time.monotonic()

    assert time.monotonic() - began < 2
    with closing(connection), pytest.raises(http.client.RemoteDisconnected):
        connection.getresponse()


def test_a_fault_can_be_that_of_the_nth_request_tokens_included(simulator):
    simulator.faults.append(Fault(faults.at_request(3), faults.server_error()))

    statuses = [search(simulator)[0], ask(simulator, "/api/token", "POST", authorization=APP)[0], search(simulator)[0]]

    assert [*statuses, search(simulator)[0]] == [200, 400, 500, 200]


def test_a_fault_can_be_that_of_a_page(simulator):
    simulator.fail(faults.at_offset(20), faults.bad_gateway())

    assert [search(simulator, offset=offset)[0] for offset in (0, 40, 20, 20)] == [200, 200, 502, 200]


def test_a_fault_can_last(simulator):
    simulator.faults.append(Fault("/search", faults.unavailable(), times=3))

    assert [search(simulator)[0] for _ in range(4)] == [503, 503, 503, 200]


def test_a_reset_of_the_simulator_forgets_faults_requests_refusals_and_edits(simulator):
    before = get(simulator, f"/v1/playlists/{people.OWN_PLAYLIST}")
    simulator.fail("/search", faults.server_error())
    simulator.refuse_until(NOW + timedelta(hours=1))
    simulator.edit_playlist(people.OWN_PLAYLIST)

    simulator.reset()

    assert list(simulator.requests) == []
    assert search(simulator)[0] == 200
    assert simulator.requests[0].number == 1
    assert get(simulator, f"/v1/playlists/{people.OWN_PLAYLIST}") == before


class Time:
    """A clock that tests set."""

    def __init__(self, now=NOW):
        self.now = now

    def __call__(self):
        return self.now

    def pass_by(self, **span):
        self.now += timedelta(**span)


class TestLimits:
    def test_the_window_rolls(self):
        clock = Time()
        with Simulator(clock=clock, window=(3, 30)) as simulator:
            for _ in range(3):
                assert search(simulator)[0] == 200
                clock.pass_by(seconds=5)
            status, headers, body = search(simulator)
            assert (status, headers["Retry-After"]) == (429, "15")
            assert json.loads(body) == error(429, "API rate limit exceeded")[1]
            clock.pass_by(seconds=14.5)
            assert (search(simulator)[0], search(simulator)[1]["Retry-After"]) == (429, "1")
            clock.pass_by(seconds=0.5)
            assert [search(simulator)[0] for _ in range(2)] == [200, 429]
            assert search(simulator)[1]["Retry-After"] == "5"

    def test_whoever_waits_as_long_as_they_were_told_is_answered(self):
        clock = Time()
        with Simulator(clock=clock, window=(7, 30)) as simulator:
            for _ in range(40):
                status, headers, _ = search(simulator)
                if status == 429:
                    clock.pass_by(seconds=int(headers["Retry-After"]))
                    assert search(simulator)[0] == 200
                clock.pass_by(seconds=1.3)

    @settings(max_examples=100, deadline=None)
    @given(st.integers(1, 6), st.lists(st.floats(0, 40), max_size=60))
    def test_no_window_however_it_lies_has_more_answers_than_it_may(self, most, pauses):
        clock = Time()
        limits = Limits(clock, (most, 30), daily_quota=None)
        answered = []
        for pause in pauses:
            clock.pass_by(seconds=pause)
            refusal = limits.refusal()
            if refusal is None:
                answered.append(clock.now)
            else:
                assert 1 <= int(refusal.headers["Retry-After"]) <= 30

        for begin in answered:
            assert sum(begin <= at < begin + timedelta(seconds=30) for at in answered) <= most

    def test_tokens_are_not_counted(self):
        with Simulator(clock=lambda: NOW, window=(1, 30), daily_quota=1) as simulator:
            for _ in range(3):
                bearer(simulator)
            assert search(simulator)[0] == 200

    def test_the_quota_is_that_of_a_day_of_utc_and_says_so(self):
        clock = Time(datetime(2026, 11, 22, 22, 0, 0, tzinfo=UTC))
        with Simulator(clock=clock, daily_quota=2) as simulator:
            assert [search(simulator)[0] for _ in range(3)] == [200, 200, 429]
            _, headers, body = search(simulator)
            assert json.loads(body)["error"]["reason"] == "QUOTA_EXCEEDED"
            assert headers["Retry-After"] == "7200"
            clock.pass_by(seconds=7199)
            assert search(simulator)[0] == 429
            clock.pass_by(seconds=1)
            assert [search(simulator)[0] for _ in range(3)] == [200, 200, 429]

    @pytest.mark.parametrize("quota", [True, False])
    def test_a_refusal_lasts_until_its_end_and_tells_how_long_that_is(self, quota):
        clock = Time()
        with Simulator(clock=clock) as simulator:
            simulator.refuse_until(NOW + timedelta(hours=20), quota=quota)
            assert search(simulator)[1]["Retry-After"] == "72000"
            clock.pass_by(hours=19, minutes=59, seconds=59)
            status, headers, body = search(simulator)
            assert (status, headers["Retry-After"]) == (429, "1")
            assert ("QUOTA_EXCEEDED" in body.decode()) == quota
            clock.pass_by(seconds=1)
            assert search(simulator)[0] == 200


OWN = f"/v1/playlists/{people.OWN_PLAYLIST}"


def read_items(simulator):
    """The ids of a playlist read as nobody should, the totals of its pages, and the number of the first page's item."""
    ids, totals = [], []
    while not totals or len(ids) < totals[-1]:
        _, page = get(simulator, f"{OWN}/items", limit=50, offset=50 * len(totals))
        if not page["items"]:
            break
        ids += [entry["item"]["id"] for entry in page["items"]]
        totals.append(page["total"])
    return ids, totals


class TestPlaylistThatChanges:
    def test_has_another_snapshot_id_once_it_has(self, simulator):
        simulator.edit_playlist(people.OWN_PLAYLIST, after=2, edit=edits.saved_again)

        snapshots = [get(simulator, OWN)[1]["snapshot_id"] for _ in range(4)]

        assert snapshots[0] == snapshots[1] != snapshots[2] == snapshots[3]

    def test_leaves_one_out_and_has_a_total_less_when_one_goes(self, simulator):
        whole, totals = read_items(simulator)
        simulator.edit_playlist(people.OWN_PLAYLIST, after=1)

        ids, changed = read_items(simulator)

        assert len(totals) >= 3
        assert ids == whole[:50] + whole[51:]
        assert changed == [totals[0], *[totals[0] - 1] * (len(totals) - 1)]

    def test_repeats_one_when_one_comes(self, simulator):
        whole, _ = read_items(simulator)
        simulator.edit_playlist(people.OWN_PLAYLIST, after=1, edit=edits.newcomer_first)

        ids, totals = read_items(simulator)

        assert ids == whole[:50] + whole[49:]
        assert totals[1] == totals[0] + 1
        assert get(simulator, f"{OWN}/items", limit=1)[1]["items"][0]["item"]["id"] not in whole

    def test_is_as_long_as_before_when_one_moves(self, simulator):
        whole, totals = read_items(simulator)
        simulator.edit_playlist(people.OWN_PLAYLIST, after=1, edit=edits.first_to_the_end)

        ids, changed = read_items(simulator)

        assert ids == [*whole[:50], *whole[51:], whole[0]]
        assert changed == totals

    def test_can_change_again_and_again(self, simulator):
        for after in range(5):
            simulator.edit_playlist(people.OWN_PLAYLIST, after=after, edit=edits.saved_again)

        assert len({get(simulator, OWN)[1]["snapshot_id"] for _ in range(8)}) == 5

    def test_changes_for_requests_for_it_alone(self, simulator):
        before = get(simulator, OWN)
        simulator.edit_playlist(people.OWN_PLAYLIST, after=1)

        for _ in range(3):
            get(simulator, f"/v1/playlists/{people.ODD_PLAYLIST}")
            ask(simulator, "/v1/search", authorization=BEARER, **SEARCH)

        assert get(simulator, OWN) == before
        assert get(simulator, OWN) != before
