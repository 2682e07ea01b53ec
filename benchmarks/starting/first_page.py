"""A contender: starts Dagster's UI in the working directory and waits until its page and the assets on it are there.

`python -m benchmarks.starting.first_page COMMAND…`, to which host and port are added.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

ASSETS = json.dumps({"query": "{ assetNodes { id } }"}).encode()
PATIENCE = 120


def main(command: list[str]) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    started = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, *command, "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while not _shows_assets(address):
            if process.poll() is not None or time.perf_counter() - started > PATIENCE:
                raise SystemExit(f"no page of {' '.join(command)} within {PATIENCE} s")
            time.sleep(0.05)
        print(json.dumps({"seconds": time.perf_counter() - started}))  # noqa: T201
    finally:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _shows_assets(address: str) -> bool:
    request = urllib.request.Request(f"{address}/graphql", ASSETS, {"content-type": "application/json"})  # noqa: S310
    try:
        with (
            urllib.request.urlopen(f"{address}/", timeout=5) as page,  # noqa: S310 - our own address
            urllib.request.urlopen(request, timeout=30) as answer,  # noqa: S310
        ):
            return page.status == 200 and bool(json.load(answer)["data"]["assetNodes"])
    except OSError:
        return False


if __name__ == "__main__":
    main(sys.argv[1:])
