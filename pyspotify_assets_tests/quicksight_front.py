"""QuickSight on loopback: moto's, with a front before it for the operations that moto does not know.

Real boto3 talks to it. `BY_MOTO` names what moto answers; everything else is answered by the front, from what it has
been sent. Neither checks a definition as QuickSight would: what a test can say of one, `test_definition.py` says.
"""

from __future__ import annotations

import http.client
import json
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote, urlsplit

from pyspotify_assets_tests.loopback import serving
from pyspotify_assets_tests.scripted_aws import Refusal

BY_MOTO = {
    "CreateDataSource",
    "DescribeDataSource",
    "UpdateDataSource",
    "DeleteDataSource",
    "CreateDataSet",
    "CreateDashboard",
    "DescribeDashboard",
    "DescribeUser",
    "DescribeGroup",
    "ListTagsForResource",
    "TagResource",
}
SUBSCRIBED = {"AccountInfo": {"Edition": "ENTERPRISE", "AccountSubscriptionStatus": "ACCOUNT_CREATED"}}

Request = dict[str, Any]


class QuickSight:
    """`requests`: operation and parameters of each that came, in order.

    `scripted`: operation → answers, used one after the other, the last for ever; None is what would be answered anyway.
    """

    def __init__(self) -> None:
        self.address = ""
        self.requests: list[tuple[str, Request]] = []
        self.scripted: dict[str, list[Any]] = {}
        self._data_sets: dict[str, Request] = {}
        self._versions: dict[str, list[Request]] = {}
        self._published: dict[str, int] = {}
        self._granted: dict[str, list[dict[str, Any]]] = {}
        self._lock = threading.Lock()

    @property
    def changes(self) -> list[str]:
        """The operations that change something, in order."""
        return [name for name, _ in self.requests if not name.startswith(("Describe", "List"))]

    def asked(self, operation: str) -> list[Request]:
        return [request for name, request in self.requests if name == operation]

    def answer(self, operation: str, request: Request) -> Any:
        """The answer to a request; None where moto is to be asked."""
        with self._lock:
            self.requests.append((operation, request))
            if scripted := self.scripted.get(operation):
                answer = scripted.pop(0) if len(scripted) > 1 else scripted[0]
                if answer is not None:
                    return answer
            known = getattr(self, f"_{operation}", None)
            answer = known(request) if known else None
            if answer is None and operation not in BY_MOTO:
                return Refusal("UnknownOperation", f"neither moto nor the front knows {operation}")
            return answer

    def _CreateDataSet(self, request: Request) -> None:
        self._data_sets[request["DataSetId"]] = request
        self._grant(request)

    def _CreateDataSource(self, request: Request) -> None:
        self._grant(request)

    def _CreateDashboard(self, request: Request) -> None:
        self._versions[request["DashboardId"]] = [request]
        self._published[request["DashboardId"]] = 1
        self._grant(request)

    def _DescribeDataSet(self, request: Request) -> Any:
        found = self._data_sets.get(request["DataSetId"])
        return {"DataSet": {"DataSetId": request["DataSetId"], "Name": found["Name"]}} if found else _missing()

    def _UpdateDataSet(self, request: Request) -> Any:
        self._data_sets[request["DataSetId"]] |= request
        return {"DataSetId": request["DataSetId"]}

    def _DeleteDataSet(self, request: Request) -> Any:
        return {} if self._data_sets.pop(request["DataSetId"], None) else _missing()

    def _ListTagsForResource(self, request: Request) -> Any:
        found = self._data_sets.get(request["ResourceArn"].rpartition("/")[2])
        return {"Tags": found["Tags"]} if found else None

    def _TagResource(self, request: Request) -> Any:
        found = self._data_sets.get(request["ResourceArn"].rpartition("/")[2])
        if found is None:
            return None
        found["Tags"] = request["Tags"]
        return {}

    def _UpdateDashboard(self, request: Request) -> Any:
        id = request["DashboardId"]
        self._versions[id].append(request)
        version = len(self._versions[id])
        arn = f"arn:aws:quicksight:us-east-1:123456789012:dashboard/{id}/version/{version}"
        return {"DashboardId": id, "VersionArn": arn, "Status": 202}

    def _UpdateDashboardPublishedVersion(self, request: Request) -> Any:
        self._published[request["DashboardId"]] = int(request["VersionNumber"])
        return {"DashboardId": request["DashboardId"]}

    def _DescribeDashboard(self, request: Request) -> Any:
        """moto's answer until there is a second version, which moto does not know of."""
        id = request["DashboardId"]
        if id not in self._versions:
            return _missing()
        number = int(request.get("version-number", self._published[id]))
        if number == 1:
            return None
        version = {"VersionNumber": number, "Status": "UPDATE_SUCCESSFUL"}
        version["Description"] = self._versions[id][number - 1]["VersionDescription"]
        return {"Dashboard": {"DashboardId": id, "Version": version}}

    def _DeleteDashboard(self, request: Request) -> Any:
        return {} if self._versions.pop(request["DashboardId"], None) else _missing()

    def _DescribeAccountSubscription(self, request: Request) -> Any:
        return SUBSCRIBED

    def _permissions(self, request: Request) -> Any:
        for granted in request.get("GrantPermissions", ()):
            self._granted.setdefault(_id(request), []).append(granted)
        return {"Permissions": self._granted.get(_id(request), [])}

    _DescribeDataSourcePermissions = _DescribeDataSetPermissions = _DescribeDashboardPermissions = _permissions
    _UpdateDataSourcePermissions = _UpdateDataSetPermissions = _UpdateDashboardPermissions = _permissions

    def _grant(self, request: Request) -> None:
        self._granted[_id(request)] = list(request["Permissions"])


@contextmanager
def quicksight_front(upstream: str) -> Iterator[QuickSight]:
    """Serve it before the moto at `upstream` until the end of the block."""
    quicksight, behind, operations = QuickSight(), urlsplit(upstream).netloc, _operations()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path, _, query = self.path.partition("?")
            operation, named = next(
                (name, found.groupdict())
                for verb, shape, name in operations
                if verb == self.command and (found := shape.fullmatch(path))
            )
            request = {name: unquote(text) for name, text in named.items()} | json.loads(body or b"{}")
            request |= dict(part.split("=") for part in query.split("&") if part)
            answer = quicksight.answer(operation, request)
            if isinstance(answer, Refusal):
                self._say(answer.status, json.dumps({"Message": answer.words}).encode(), answer.code)
            elif answer is not None:
                self._say(200, json.dumps(answer).encode())
            else:
                connection = http.client.HTTPConnection(behind, timeout=30)
                connection.request(self.command, self.path, body, dict(self.headers))
                response = connection.getresponse()
                self._say(response.status, response.read(), response.getheader("x-amzn-errortype") or "")
                connection.close()

        def _say(self, status: int, content: bytes, error: str = "") -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            if error:
                self.send_header("x-amzn-ErrorType", error)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = _serve

        def log_message(self, *_: object) -> None: ...

    with serving(Handler) as quicksight.address:
        yield quicksight


def _operations() -> Sequence[tuple[str, re.Pattern[str], str]]:
    """Method, path and name of every operation, from botocore's own description; the longest paths first."""
    import botocore.session

    model = botocore.session.Session().get_service_model("quicksight")
    found = []
    for name in model.operation_names:
        http_ = model.operation_model(name).http
        uri = http_["requestUri"].partition("?")[0]
        shape = re.sub(r"\\{(\w+)\\}", lambda place: f"(?P<{place[1]}>[^/]+)", re.escape(uri))
        found.append((http_["method"], re.compile(shape), name))
    return sorted(found, key=lambda one: -len(one[1].pattern))


def _id(request: Request) -> str:
    return next(request[name] for name in ("DataSourceId", "DataSetId", "DashboardId") if name in request)


def _missing() -> Refusal:
    return Refusal("ResourceNotFoundException", "made up: not found", 404)
