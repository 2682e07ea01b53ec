"""The zip that is deployed: the handler, the modules it needs, its libraries as pure wheels, and the feeds.

The same checkout gives the same bytes, whoever builds it and where: sorted names, one date, one mode, wheels by hash.
Only another build of zlib may compress otherwise; the content is the same then too.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from lambda_function.imports import ROOT, needed
from pyspotify_assets.errors import PySpotifyError
from pyspotify_assets.feeds import load_feeds

REQUIREMENTS = Path(__file__).parent / "requirements.txt"

LEFT_OUT = {
    "boto3": "the runtime has it",
    "botocore": "the runtime has it",
    "dagster": "imported in a function of schemas.py that only Dagster calls",
    "numpy": "imported in a function that reads",
    "pyarrow": "imported in functions that read; the handler only writes",
    "s3transfer": "the runtime has it, with boto3",
}
"""Libraries that modules of the zip import and that are not in it, and why."""

LARGEST = 15_000_000
"""Bytes, unzipped. Lambda itself ends at 250 MB; what is small starts fast."""

_PURE = ("--only-binary=:all:", "--platform=any", "--implementation=py", "--abi=none", "--python-version=3.13")
_DATE = (1980, 1, 1, 0, 0, 0)
_FILE_MODE = 0o100644


class PackageError(PySpotifyError):
    """The zip cannot be built."""


def build(target: Path, feeds_file: Path | None = None) -> Path:
    """Write the zip to `target`, a file, and give it back. `feeds_file` is put in where there is such a file.

    Downloads the libraries with pip, by the hashes in requirements.txt. PackageError if they cannot be had or the whole
    has grown too large; FeedError if the feeds cannot be used.
    """
    files = {file.relative_to(ROOT).as_posix(): file.read_bytes() for file in needed().modules.values()}
    if feeds_file is not None and feeds_file.is_file():
        load_feeds(feeds_file)
        files["feeds.toml"] = feeds_file.read_bytes()
    with tempfile.TemporaryDirectory(prefix="pyspotify-wheels-") as folder:
        for wheel in download(REQUIREMENTS, Path(folder)):
            files |= _content_of(wheel)
    size = sum(map(len, files.values()))
    if size > LARGEST:
        raise PackageError(f"The Lambda's zip has {size:,} bytes unzipped, more than {LARGEST:,}", "Leave more out.")
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        _write(unfinished, files)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return target


def download(requirements: Path, folder: Path) -> list[Path]:
    """The wheels of a requirements file, which run on any machine and any Python 3, in `folder`. PackageError."""
    options = ["--quiet", "--no-deps", "--require-hashes", f"--dest={folder}", f"--requirement={requirements}"]
    result = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", *options, *_PURE],
        capture_output=True,
        text=True,
        timeout=300,
    )
    if result.returncode:
        raise PackageError(
            f"The Lambda's libraries cannot be downloaded: {result.stderr.strip()[-1000:]}",
            "pip needs the package index it was set up with; hashes are renewed by `python -m lambda_function.lock`.",
        )
    return sorted(folder.iterdir())


def _content_of(wheel: Path) -> dict[str, bytes]:
    """The files of a wheel. RECORD is for uninstalling; the licences stay."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if not name.endswith(("/", ".dist-info/RECORD"))]
        odd = [name for name in names if ".data/" in name or name.endswith((".so", ".pyd", ".dll", ".pyc"))]
        if odd:
            raise PackageError(f"{wheel.name} is no pure wheel: it has {odd[0]}", "Leave the library out.")
        return {name: archive.read(name) for name in names}


def _write(target: Path, files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3  # 3: Unix, wherever it is built
            entry.external_attr = _FILE_MODE << 16
            archive.writestr(entry, files[name], compresslevel=9)


def main() -> None:
    """`python -m lambda_function.package`: build/lambda.zip, with the checkout's feeds.toml if there is one."""
    target = build(Path("build/lambda.zip"), Path("feeds.toml"))
    with zipfile.ZipFile(target) as archive:
        unzipped = sum(entry.file_size for entry in archive.infolist())
    sys.stdout.write(f"{target}: {target.stat().st_size:,} bytes, {unzipped:,} unzipped\n")


if __name__ == "__main__":
    main()
