"""The simulator: an HTTP server on loopback that stands in for Spotify and serves the built-in sample.

The request log, scripted faults and what a test turns on and off are here; what is answered is in `sample/`, and so are
the sockets. A path may begin with `/as-of/YYYY-MM-DD`: the sample knows its past, so one server serves many days.
`python -m pyspotify_assets.spotify.simulator --help` serves it on a port.
"""

import re
import threading
from collections import deque
from collections.abc import Callable
from datetime import date, datetime
from urllib.parse import parse_qsl, urlsplit

from pyspotify_assets.clock import Clock, system_clock
from pyspotify_assets.spotify.sample import edits, sign_in
from pyspotify_assets.spotify.sample.accounts import Accounts
from pyspotify_assets.spotify.sample.faults import Fault, LoggedRequest
from pyspotify_assets.spotify.sample.limits import Limits
from pyspotify_assets.spotify.sample.messages import Request, Response, text_response
from pyspotify_assets.spotify.sample.regimes import REGIMES
from pyspotify_assets.spotify.sample.scene import Scene
from pyspotify_assets.spotify.sample.server import Received, Server
from pyspotify_assets.spotify.sample.web_api import answer

__all__ = ["Fault", "LoggedRequest", "Simulator"]

_PATH = re.compile(r"(?:/as-of/(\d{4}-\d{2}-\d{2}))?(/(?:authorize|api/token|v1/.*))", re.ASCII)
_REMEMBERED_REQUESTS = 10_000


class Simulator:
    """A server on a port of 127.0.0.1, from `with` to the end of the block.

    `seed` decides on the catalogue; `clock` on the day that a path without one means (in UTC), and on limits and the
    life of refresh tokens. `regime` is "extended", "development" or "restricted" (see `sample/regimes.py`), `premium`
    whether the app's owner has it. `window` is (requests, seconds) and `daily_quota` requests a day, None for no limit.
    `delay` is the seconds that every answer takes at least; `port` 0 is any that is free.

    `requests` are the latest requests, oldest first; `faults` are taken in order. `consents` is whether the listener
    allows an app to speak for them, `rotates` whether every refresh hands out another refresh token (without the app's
    secret it always does). `regime` and `premium` may be changed while it serves.

        >>> with Simulator(seed=2023) as simulator:
        ...     client = SpotifyClient("any", "any", base_url=f"{simulator.base_url}/as-of/2026-11-22")
    """

    def __init__(
        self,
        seed: int = 2023,
        clock: Clock = system_clock,
        regime: str = "extended",
        premium: bool = True,
        window: tuple[int, float] | None = None,
        daily_quota: int | None = None,
        delay: float = 0.0,
        port: int = 0,
    ) -> None:
        if regime not in REGIMES:
            raise ValueError(f"regime = {regime!r}: it is one of {', '.join(REGIMES)}")
        self.seed, self.clock, self.regime, self.premium = seed, clock, regime, premium
        self.consents, self.rotates = True, False
        self.requests: deque[LoggedRequest] = deque(maxlen=_REMEMBERED_REQUESTS)
        self.faults: list[Fault] = []
        self._delay, self._port = delay, port
        self._accounts = Accounts(seed, clock)
        self._limits = Limits(clock, window, daily_quota)
        self._edits = edits.Edits()
        self._lock = threading.Lock()
        self._server: Server | None = None

    @property
    def base_url(self) -> str:
        """The address, without a slash at its end."""
        if self._server is None:
            raise RuntimeError("The simulator serves only within its `with` block.")
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def refresh_token(self) -> str:
        """A good refresh token of the listener, with every scope, for any app; another one when it has been killed."""
        return self._accounts.ready_made_refresh_token()

    def __enter__(self) -> "Simulator":
        self._server = Server(self._answer, self._port, self._delay)
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.stop()
        self._server = None

    def reset(self) -> None:
        """Forget requests, faults, edits of playlists, and what has been asked of the limits. Tokens stay good."""
        with self._lock:
            self.requests.clear()
            self.faults.clear()
        self._edits.forget()
        self._limits.forget()

    def fail(self, applies: str | Callable[[LoggedRequest], bool], *responses: Response) -> None:
        """Have the next requests that `applies` get these responses, each one (see `sample/faults.py`)."""
        self.faults.extend(Fault(applies, response) for response in responses)

    def end_access_tokens(self) -> None:
        """All access tokens handed out so far are 401 from now on."""
        self._accounts.end_access_tokens()

    def kill_refresh_tokens(self, reason: str = "Refresh token expired") -> None:
        """All refresh tokens handed out so far are refused from now on: 400 invalid_grant, with this description."""
        self._accounts.kill_refresh_tokens(reason)

    def refuse_until(self, until: datetime | None, quota: bool = False) -> None:
        """Refuse every page request before `until` (429, Retry-After by the clock), as a used-up quota or as too many
        requests. None: answer again."""
        self._limits.refused_until, self._limits.refused_for_quota = until, quota

    def edit_playlist(self, playlist: str, after: int = 0, edit: edits.Edit = edits.first_goes) -> None:
        """Change a playlist once `after` more requests for it have been answered: another snapshot_id from then on, and
        what `edit` makes of its items (see `sample/edits.py`). Every call adds one more change."""
        self._edits.schedule(playlist, edit, after)

    def _answer(self, received: Received) -> Response:
        parts = urlsplit(received.target)
        form = dict(parse_qsl(received.body, keep_blank_values=True))
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        logged, fault = self._log(received, parts.path, query, form)
        if fault:
            return fault
        match = _PATH.fullmatch(logged.path)
        if match is None:
            return text_response(404, "Not found")
        try:
            day = date.fromisoformat(match[1]) if match[1] else self.clock().date()
        except ValueError:
            return text_response(400, "No such day")
        request = Request(received.method, match[2], query, received.authorization, form)
        if request.path == "/authorize":
            return sign_in.authorize(request, self._accounts, self.clock, self.consents)
        if request.path == "/api/token":
            return sign_in.token(request, self._accounts, self.clock, self.rotates)
        prefix = f"/as-of/{match[1]}" if match[1] else ""
        scene = Scene(self.seed, day, f"{self.base_url}{prefix}", REGIMES[self.regime], self._edits)
        return self._limits.refusal() or answer(request, scene, self._accounts, self.premium)

    def _log(
        self, received: Received, path: str, query: dict[str, str], form: dict[str, str]
    ) -> tuple[LoggedRequest, Response | None]:
        """The request as it is remembered, and the response of the first fault that applies, which is used up by it."""
        who = self._accounts.identity(received.authorization)
        bearer = received.authorization.startswith("Bearer ")
        token = who.kind if who else "unknown" if bearer else ""
        with self._lock:
            number = self.requests[-1].number + 1 if self.requests else 1
            logged = LoggedRequest(received.method, path, query, number, token, form.get("grant_type", ""))
            self.requests.append(logged)
            for position, fault in enumerate(self.faults):
                if fault.applies_to(logged):
                    if fault.times > 1:
                        self.faults[position] = fault._replace(times=fault.times - 1)
                    else:
                        del self.faults[position]
                    return logged, fault.response
        return logged, None


if __name__ == "__main__":
    from pyspotify_assets.spotify.sample.command import main

    main()
