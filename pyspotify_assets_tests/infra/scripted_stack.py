"""CloudFormation on loopback that tells the story of one stack as a test has written it. Real boto3 talks to it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

_WHEN = "2026-11-22T06:00:00Z"


@dataclass
class Story:
    """`states`: what the stack is in at each look, the last for ever; an empty text: there is no stack.

    `events`: state, logical id, type and reason of each event, oldest first. `asked`: the parameters of each request.
    """

    states: list[str]
    events: Sequence[tuple[str, str, str, str]] = ()
    refusals: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)

    def actions(self) -> list[str]:
        """What changed the stack, in order."""
        return [one["Action"] for one in self.asked if not one["Action"].startswith("Describe")]

    def answer(self, request: dict[str, str]) -> tuple[int, str]:
        """Status and body of the answer to one request."""
        self.asked.append(request)
        action = request["Action"]
        if action in self.refusals:
            return _refusal(self.refusals[action])
        if action == "DescribeStacks":
            state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
            if not state:
                return _refusal(f"Stack with id {request['StackName']} does not exist")
            given = "".join(_member(ParameterKey=key, ParameterValue=text) for key, text in self.parameters.items())
            stack = _member(StackName="some-stack", StackId="arn:some-stack", StackStatus=state, CreationTime=_WHEN)
            return 200, _result(
                action, f"<Stacks>{stack.replace('</member>', _tag('Parameters', given) + '</member>')}"
            )
        if action == "DescribeStackEvents":
            told = [
                _member(
                    EventId=f"{number}",
                    StackId="arn:some-stack",
                    StackName="some-stack",
                    Timestamp=_WHEN,
                    ResourceStatus=state,
                    LogicalResourceId=name,
                    ResourceType=kind,
                    ResourceStatusReason=reason,
                )
                for number, (state, name, kind, reason) in enumerate(self.events)
                # What is told before a change is begun belongs to another.
                if self.actions()
            ]
            return 200, _result(action, f"<StackEvents>{''.join(reversed(told))}")
        return 200, _result(action, "<StackId>arn:some-stack")


@contextmanager
def told(story: Story) -> Iterator[str]:
    """The address of an endpoint that tells the story."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
            status, text = story.answer({name: values[0] for name, values in parse_qs(sent).items()})
            self.send_response(status)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _tag(name: str, text: str) -> str:
    return f"<{name}>{text}</{name}>"


def _member(**fields: str) -> str:
    return _tag("member", "".join(_tag(name, escape(text)) for name, text in fields.items()))


def _result(action: str, opened: str) -> str:
    closing = opened[1 : opened.index(">")]
    return _tag(f"{action}Response", _tag(f"{action}Result", f"{opened}</{closing}>"))


def _refusal(words: str) -> tuple[int, str]:
    error = _tag("Code", "ValidationError") + _tag("Message", escape(words))
    return 400, _tag("ErrorResponse", _tag("Error", error))
