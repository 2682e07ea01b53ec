"""The Lambda's zip: what is in it and what is not, that it runs from itself alone, and that it never differs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from lambda_function.imports import ROOT, needed
from lambda_function.lock import LIBRARIES, locked, pinned
from lambda_function.package import LEFT_OUT, REQUIREMENTS, PackageError, build, download
from pyspotify_assets.aws.session import client
from pyspotify_assets.errors import FeedError
from pyspotify_assets.spotify.simulator import Simulator

HEAVY = ("dagster", "numpy", "pandas", "pyarrow", "pydantic", "pydantic_settings", "boto3", "botocore")
RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six.py")
"""What a Lambda runtime brings along, as names in site-packages."""

ALONE = """
import json, sys
sys.path[:0] = sys.argv[1:3]
from lambda_function.handler import handler
class Context:
    aws_request_id = "8f1c2d3e"
    get_remaining_time_in_millis = staticmethod(lambda: 300_000)
result = handler({}, Context)
print(json.dumps([result, sorted({name.partition(".")[0] for name in sys.modules})]))
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip of this checkout. Skips where the package index cannot be reached, but not in CI."""
    try:
        return build(tmp_path_factory.mktemp("package") / "lambda.zip", Path("there-is-no-such-feeds.toml"))
    except PackageError as error:
        if "CI" in os.environ or "No matching distribution" not in str(error):
            raise
        pytest.skip(f"without a package index there is no zip: {error}")


def unzipped(package: Path, folder: Path) -> Path:
    with zipfile.ZipFile(package) as archive:
        archive.extractall(folder)
    return folder


def names(package: Path) -> list[str]:
    with zipfile.ZipFile(package) as archive:
        return archive.namelist()


def test_it_is_the_same_to_the_byte_from_another_checkout_by_another_user(package, tmp_path):
    for folder in ("lambda_function", "pyspotify_assets"):
        shutil.copytree(ROOT / folder, tmp_path / folder, copy_function=shutil.copyfile)
    (tmp_path / "lambda_function" / "__pycache__").mkdir(exist_ok=True)
    program = (
        "import sys; from pathlib import Path; from lambda_function.package import build; build(Path(sys.argv[1]))"
    )

    subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", program, "made/here/other.zip"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path), "TZ": "Asia/Tokyo"},
        umask=0o077,
        check=True,
        timeout=120,
    )

    assert (tmp_path / "made" / "here" / "other.zip").read_bytes() == package.read_bytes()


def test_it_runs_from_itself_alone_and_leaves_nothing_behind(package, s3_bucket, tmp_path):
    task, runtime, passing = unzipped(package, tmp_path / "task"), tmp_path / "runtime", tmp_path / "passing"
    runtime.mkdir()
    passing.mkdir()
    site_packages = _site_packages()
    for name in RUNTIME:
        (runtime / name).symlink_to(site_packages / name)
    secret = s3_bucket
    client("secretsmanager").create_secret(Name=secret, SecretString='{"client_id": "a", "client_secret": "b"}')

    with Simulator() as simulator:
        result = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-I", "-S", "-B", "-c", ALONE, str(task), str(runtime)],
            env={
                **{name: text for name, text in os.environ.items() if name.startswith("AWS_")},
                "PYSPOTIFY_LANDING": f"s3://{s3_bucket}/landing",
                "PYSPOTIFY_SECRET": secret,
                "PYSPOTIFY_SPOTIFY_URL": simulator.base_url,
                "TMPDIR": str(passing),
            },
            capture_output=True,
            text=True,
            timeout=60,
        )

    assert result.returncode == 0, result.stderr
    landed, modules = json.loads(result.stdout)
    assert {name: outcome["rows"] > 500 for name, outcome in landed.items()} == {
        "popular_songs": True,
        "top_played": True,
    }
    assert set(modules) & {*HEAVY} == {"boto3", "botocore"}
    assert list(passing.iterdir()) == []


def _site_packages() -> Path:
    import boto3

    return Path(boto3.__file__).parent.parent


def test_it_is_small(package):
    with zipfile.ZipFile(package) as archive:
        assert sum(entry.file_size for entry in archive.infolist()) < 15_000_000


def test_it_has_nothing_heavy_nothing_compiled_and_no_traces_of_an_installation(package):
    found = names(package)
    assert not [name for name in found if name.partition("/")[0] in HEAVY]
    assert not [name for name in found if name.endswith((".so", ".pyc", "/RECORD", "/INSTALLER", "/direct_url.json"))]
    assert found == sorted(set(found))


def test_of_the_project_it_has_only_what_the_handler_needs(package):
    ours = {name for name in names(package) if name.startswith(("lambda_function/", "pyspotify_assets/"))}
    assert ours == {file.relative_to(ROOT).as_posix() for file in needed().modules.values()}
    assert not ours & {f"pyspotify_assets/{name}.py" for name in ("settings", "resources", "io_manager", "definitions")}
    assert not [name for name in ours if name.startswith(("pyspotify_assets/assets", "lambda_function/package"))]


def test_every_library_that_is_imported_is_in_it_or_left_out_for_a_reason(package):
    packaged = {name.partition("/")[0] for name in names(package)}
    imported = set(needed().libraries)
    assert imported - packaged == set(LEFT_OUT)


def test_its_libraries_are_the_projects_own_versions_by_hash():
    ours, projects = pinned(REQUIREMENTS), pinned(ROOT / "requirements.txt")
    assert set(ours) == set(LIBRARIES)
    for name, (version, hashes) in ours.items():
        assert version == projects[name][0], "run `python -m lambda_function.lock`"
        assert len(hashes) == 1
        assert hashes <= projects[name][1]


def test_its_requirements_are_what_the_lock_writes(package):
    assert locked() == REQUIREMENTS.read_text()


def test_a_library_with_another_hash_is_refused(package, tmp_path):
    wrong = tmp_path / "requirements.txt"
    wrong.write_text(f"idna=={pinned(REQUIREMENTS)['idna'][0]} --hash=sha256:{'0' * 64}\n")
    with pytest.raises(PackageError, match="HASHES"):
        download(wrong, tmp_path / "wheels")


def test_feeds_are_put_in_where_they_are_declared(package, tmp_path):
    feeds = tmp_path / "my-feeds.toml"
    feeds.write_text('[[feed]]\nname = "mine"\nkind = "search"\nquery = "year:2026"\n')

    with zipfile.ZipFile(build(tmp_path / "lambda.zip", feeds)) as archive:
        assert archive.read("feeds.toml") == feeds.read_bytes()
    assert "feeds.toml" not in names(package)


def test_feeds_that_cannot_be_used_are_refused_and_the_old_zip_stays(tmp_path):
    feeds, target = tmp_path / "feeds.toml", tmp_path / "lambda.zip"
    feeds.write_text("[[feed]]\nname = 'Mine'\n")
    target.write_bytes(b"old")
    with pytest.raises(FeedError, match="Mine"):
        build(target, feeds)
    assert target.read_bytes() == b"old"


def test_imports_are_followed_into_functions_but_not_for_type_checkers_nor_by_the_way(tmp_path):
    for name, text in {
        "lambda_function/__init__.py": "def f():\n    import lambda_function.by_the_way\n",
        "lambda_function/handler.py": "import json\nif TYPE_CHECKING:\n    import pandas, lambda_function.types\n"
        "def f():\n    from lambda_function.b import c\n",
        "lambda_function/b/__init__.py": "import requests\n",
        "lambda_function/b/c.py": "",
        "lambda_function/by_the_way.py": "",
        "lambda_function/types.py": "",
        "lambda_function/other.py": "",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    found = needed(root=tmp_path)

    assert list(found.modules) == [
        "lambda_function",
        "lambda_function.b",
        "lambda_function.b.c",
        "lambda_function.handler",
    ]
    assert found.libraries == {"requests": ["lambda_function.b"]}
