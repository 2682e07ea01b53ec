"""`python -m lambda_function.lock` writes lambda_function/requirements.txt anew, from the project's requirements.txt.

The same versions as the assets run with, but of each library only the pure wheel's hash: nothing else can get in.
"""

from __future__ import annotations

import hashlib
import re
import sys
import tempfile
from pathlib import Path

from lambda_function.imports import ROOT
from lambda_function.package import REQUIREMENTS, download

LIBRARIES = {
    "spotipy": "asks Spotify",
    "requests": "spotipy's",
    "urllib3": "requests'",
    "certifi": "requests'",
    "charset-normalizer": "requests'",
    "idna": "requests'",
    "redis": "spotipy's: its cache_handler imports an exception of it, at its head",
    "tenacity": "tries again",
    "tzdata": "time zones: not every Lambda runtime has them",
}
"""Library → why it is in the zip."""

_HEAD = "# Made by `python -m lambda_function.lock` from the project's requirements.txt: do not edit.\n"


def pinned(requirements: Path) -> dict[str, tuple[str, set[str]]]:
    """Library → its version and its SHA-256 hashes, in a requirements file with hashes."""
    lines = requirements.read_text(encoding="utf-8").replace("\\\n", "").splitlines()
    found = {}
    for line in lines:
        if match := re.match(r"([\w.-]+)==([^\s;]+)", line):
            found[match[1]] = (match[2], set(re.findall(r"--hash=sha256:([0-9a-f]{64})", line)))
    return found


def locked(project: Path = ROOT / "requirements.txt") -> str:
    """The text of lambda_function/requirements.txt for the versions pinned in `project`. Downloads the wheels."""
    pins = {name: pins for name, pins in pinned(project).items() if name in LIBRARIES}
    with tempfile.TemporaryDirectory(prefix="pyspotify-wheels-") as folder:
        wanted = Path(folder, "wanted.txt")
        wanted.write_text(
            "".join(
                f"{name}=={version} {' '.join(f'--hash=sha256:{text}' for text in sorted(hashes))}\n"
                for name, (version, hashes) in pins.items()
            )
        )
        wheels = Path(folder, "wheels")
        hashes = {hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in download(wanted, wheels)}
    lines = [
        f"{name}=={version} \\\n    --hash=sha256:{text}\n"
        for name, (version, known) in sorted(pins.items())
        for text in sorted(known & hashes)
    ]
    return _HEAD + "".join(lines)


if __name__ == "__main__":
    REQUIREMENTS.write_text(locked(), encoding="utf-8")
    sys.stdout.write(f"{REQUIREMENTS}\n")
