"""An S3 that does nothing, on loopback: it takes whatever is put and gives zeros of the right length.

Any server that keeps what it is given is slower than the clients that are compared. It knows what these two ask: PUT,
uploads in parts, HEAD, GET of all or of a range. `python -m benchmarks.transfer.server SIZE` prints its port.
"""

import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PIECE = 1 << 20
ZEROS = bytes(PIECE)
_NS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    size = 0

    def do_PUT(self) -> None:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            while length := int(self.rfile.readline().split(b";")[0], 16):
                self._swallow(length + 2)
            while self.rfile.readline().strip():  # The checksum that follows.
                pass
        else:
            self._swallow(int(self.headers.get("Content-Length", 0)))
        self._answer(200)

    def do_POST(self) -> None:
        self._swallow(int(self.headers.get("Content-Length", 0)))
        if "uploads" in parse_qs(urlsplit(self.path).query, keep_blank_values=True):
            body = f"<InitiateMultipartUploadResult {_NS}><UploadId>one</UploadId></InitiateMultipartUploadResult>"
        else:
            body = f"<CompleteMultipartUploadResult {_NS}><ETag>any</ETag></CompleteMultipartUploadResult>"
        self._answer(200, body.encode())

    def do_HEAD(self) -> None:
        self._answer(200, length=self.size)

    def do_GET(self) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        first, last = (int(asked[1]), int(asked[2] or self.size - 1)) if asked else (0, self.size - 1)
        last = min(last, self.size - 1)
        told = {"Content-Range": f"bytes {first}-{last}/{self.size}"} if asked else {}
        left = last - first + 1
        self._answer(206 if asked else 200, length=left, told=told)
        with suppress(ConnectionError):  # Whoever sees how large it is may hang up, and ask for it in parts.
            while left:
                left -= self.wfile.write(ZEROS[: min(left, PIECE)])

    def _swallow(self, length: int) -> None:
        while length:
            length -= len(self.rfile.read(min(length, PIECE)))

    def _answer(
        self, status: int, body: bytes = b"", length: int | None = None, told: Mapping[str, str] | None = None
    ) -> None:
        self.send_response(status)
        always = {"ETag": '"any"', "Last-Modified": "Wed, 25 Nov 2026 12:00:00 GMT", "Accept-Ranges": "bytes"}
        size = str(len(body) if length is None else length)
        for name, text in {**always, **(told or {}), "Content-Length": size}.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing is logged."""


def main(size: int) -> None:
    Handler.size = size
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        print(server.server_port, flush=True)  # noqa: T201
        server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
