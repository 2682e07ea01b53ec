"""`pyspotify doctor` over a stage that `make deploy` made, in the pipeline's role and in one that may do too little."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyspotify_assets.aws import session
from pyspotify_assets.diagnosis import diagnose
from pyspotify_assets.names import CRAWLERS, DATABASES
from pyspotify_assets.spotify.simulator import Simulator
from pyspotify_assets_tests.aws.stacks import Stack, stack

pytestmark = pytest.mark.aws


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with stack(tmp_path_factory.mktemp("stack")) as made:
        made.deploy()
        _mend_stand_in(made)
        yield made


def _mend_stand_in(made: Stack) -> None:
    """ministack 1.5 takes the `Name` of any Glue call for a table's; on AWS GetDatabase is judged on the database."""
    if "AWS_ENDPOINT_URL" not in os.environ:
        return
    names = made.settings().names
    place = f"arn:aws:glue:{session.region()}:{session.account()}:table"
    resources = [f"{place}/{names.database(area)}" for area in DATABASES]
    allowed = {"Effect": "Allow", "Action": ["glue:GetDatabase"], "Resource": resources}
    session.client("iam").put_role_policy(
        RoleName=names.role("pipeline"),
        PolicyName="misjudged-databases",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
    )


@pytest.fixture(autouse=True)
def environment(deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dagster.yaml").write_text("telemetry:\n  enabled: false\n", encoding="utf-8")
    monkeypatch.setenv("PYSPOTIFY_ENV", "aws")
    monkeypatch.setenv("PYSPOTIFY_STAGE", deployed.stage)
    monkeypatch.setenv("PYSPOTIFY_FEEDS", str(deployed.folder / "feeds.toml"))


def test_whoever_deployed_finds_everything_in_place(deployed):
    faults = [found for found in diagnose() if found.status in ("problem", "warning")]

    # A stand-in takes its dummy credentials for those of the account's root, which is warned of.
    assert [found for found in faults if found.thing != "credentials"] == []


def test_the_pipelines_role_may_do_all_that_it_needs_live_too(deployed, monkeypatch):
    with Simulator() as simulator, deployed.as_role("pipeline"):
        monkeypatch.setenv("PYSPOTIFY_SPOTIFY_URL", f"{simulator.base_url}/as-of/2026-11-20")
        findings = diagnose(live=True)

    assert [found for found in findings if found.status in ("problem", "warning")] == []
    tried = {found.thing: found.status for found in findings if found.group == "Tried"}
    assert [tried[thing] for thing in ("an object", "SELECT 1", "Spotify")] == ["ok"] * 3


def test_a_role_that_may_too_little_is_told_what_it_lacks(deployed):
    nothing_of_glue = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "glue:GetCrawler", "Resource": "*"},
    ]
    with deployed.as_role("pipeline", {"Version": "2012-10-17", "Statement": nothing_of_glue}):
        findings = diagnose()

    problems = [found for found in findings if found.status == "problem"]
    crawlers = [deployed.settings().names.crawler(area) for area in CRAWLERS]
    assert [found.thing for found in problems] == crawlers
    assert all("glue:GetCrawler" in found.remedy for found in problems)


def test_a_role_that_may_ask_iam_sees_each_permission_judged(deployed):
    names = deployed.settings().names
    ask = {"Effect": "Allow", "Action": ["iam:SimulatePrincipalPolicy", "iam:GetRole"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [ask]})
    iam = session.client("iam")
    iam.put_role_policy(RoleName=names.role("pipeline"), PolicyName="ask", PolicyDocument=document)
    try:
        with deployed.as_role("pipeline"):
            judged = [found for found in diagnose() if found.group == "Permissions"]
    finally:
        iam.delete_role_policy(RoleName=names.role("pipeline"), PolicyName="ask")

    assert {found.thing for found in judged} >= {"Crawl", "Query", "ReadSpotifySecret"}
    assert {found.status for found in judged} == {"ok"}, judged
