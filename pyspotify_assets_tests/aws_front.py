"""A front before a server that stands in for AWS: passes on what it is asked, whatever the service, and refuses some.

`scripted_aws.py` scripts services that speak JSON; this one knows S3, IAM and the like too, and answers as IAM's
simulator and Glue's classifiers would, which moto does not have.
"""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

from pyspotify_assets_tests.loopback import serving

_HOP = {"transfer-encoding", "content-length", "connection", "date", "server"}
_NAMED_BY_PATH = {
    ("HEAD", r"/[^/?]+(\?|$)"): "HeadBucket",
    ("GET", r"/[^/?]+\?encryption"): "GetBucketEncryption",
    ("GET", r"/2015-03-31/functions/"): "GetFunction",
    ("GET", r"/schedules/"): "GetSchedule",
}


class Front:
    """What is refused and answered. `requests`: the operations that came, in order."""

    def __init__(self) -> None:
        self.address = ""
        self.requests: list[str] = []
        self.denied: set[str] = set()
        """Operations that are denied, such as GetTable."""
        self.refused_permissions: set[str] = set()
        """Actions that IAM's simulator says are not allowed."""
        self.classifier: dict[str, object] | None = None

    def answer(self, method: str, path: str, target: str, body: bytes) -> tuple[int, str, bytes] | None:
        """Status, type and content of an answer; None if the server behind is to be asked."""
        form = parse_qs(body.decode("latin-1")) if b"Action=" in body else {}
        operation = target.rpartition(".")[2] or form.get("Action", [""])[0] or _operation(method, path)
        self.requests.append(operation)
        if operation in self.denied:
            words = (
                f"User: made up is not authorized to perform: {_service(operation)}:{operation} on resource: made up"
            )
            if target or method == "GET":
                refusal = {"__type": "AccessDeniedException", "message": words}
                return 400 if target else 403, "application/x-amz-json-1.1", json.dumps(refusal).encode()
            return 403, "text/xml", _xml_error("AccessDenied", words)
        if operation == "GetClassifier":
            if self.classifier is None:
                missing = {"__type": "EntityNotFoundException", "message": "Classifier not found"}
                return 400, "application/x-amz-json-1.1", json.dumps(missing).encode()
            content = json.dumps({"Classifier": {"CsvClassifier": self.classifier}}).encode()
            return 200, "application/x-amz-json-1.1", content
        if operation == "SimulatePrincipalPolicy":
            return 200, "text/xml", self._simulation(form)
        return None

    def _simulation(self, form: dict[str, list[str]]) -> bytes:
        actions, resources = (
            [texts[0] for name, texts in sorted(form.items()) if name.startswith(f"{member}.member.")]
            for member in ("ActionNames", "ResourceArns")
        )
        results = ""
        for action in actions:
            decision = "implicitDeny" if action in self.refused_permissions else "allowed"
            single = "".join(
                f"<member><EvalResourceName>{resource}</EvalResourceName>"
                f"<EvalResourceDecision>{decision}</EvalResourceDecision></member>"
                for resource in resources
            )
            results += (
                f"<member><EvalActionName>{action}</EvalActionName><EvalResourceName>*</EvalResourceName>"
                f"<EvalDecision>{decision}</EvalDecision>"
                f"<ResourceSpecificResults>{single}</ResourceSpecificResults></member>"
            )
        return (
            "<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated>"
            f"<EvaluationResults>{results}</EvaluationResults></SimulatePrincipalPolicyResult>"
            "</SimulatePrincipalPolicyResponse>"
        ).encode()


@contextmanager
def aws_front(upstream: str) -> Iterator[Front]:
    """Serve a front before the server at `upstream` until the end of the block."""
    front, behind = Front(), urlsplit(upstream).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer = front.answer(self.command, self.path, self.headers.get("X-Amz-Target", ""), body)
            if answer is None:
                connection = http.client.HTTPConnection(behind, timeout=30)
                connection.request(self.command, self.path, body, dict(self.headers))
                response = connection.getresponse()
                content, headers = response.read(), response.getheaders()
                connection.close()
                self.send_response(response.status)
                for name, text in headers:
                    if name.lower() not in _HOP:
                        self.send_header(name, text)
            else:
                status, kind, content = answer
                self.send_response(status)
                self.send_header("Content-Type", kind)
                if kind.startswith("application"):
                    self.send_header("x-amzn-ErrorType", "AccessDeniedException")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _serve

        def log_message(self, *_: object) -> None: ...

    with serving(Handler) as front.address:
        yield front


def _operation(method: str, path: str) -> str:
    return next(
        (name for (verb, shape), name in _NAMED_BY_PATH.items() if verb == method and re.match(shape, path)), ""
    )


def _service(operation: str) -> str:
    services = {"GetFunction": "lambda", "GetSchedule": "scheduler", "GetWorkGroup": "athena", "HeadBucket": "s3"}
    services |= {"DescribeStacks": "cloudformation", "GetSecretValue": "secretsmanager", "GetBucketEncryption": "s3"}
    return services.get(operation, "iam" if operation in ("SimulatePrincipalPolicy", "GetRole") else "glue")


def _xml_error(code: str, words: str) -> bytes:
    if "iam:" in words or "cloudformation:" in words:
        return f"<ErrorResponse><Error><Code>{code}</Code><Message>{words}</Message></Error></ErrorResponse>".encode()
    return f"<Error><Code>{code}</Code><Message>{words}</Message></Error>".encode()
