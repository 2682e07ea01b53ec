"""`pyspotify doctor`: what it says of an environment that is whole, and of one in which a single thing is not.

The `aws` environment is moto's, behind a front that can deny; `test_doctor_aws.py` looks at a deployed stack.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pyspotify_assets.cli import main
from pyspotify_assets.diagnosis import diagnose
from pyspotify_assets.diagnosis.finding import Finding, Look
from pyspotify_assets.diagnosis.permissions import policy_source
from pyspotify_assets.errors import AwsError
from pyspotify_assets.spotify.simulator import Simulator
from pyspotify_assets_tests.aws_front import Front, aws_front
from pyspotify_assets_tests.conftest import free_port
from pyspotify_assets_tests.deployed import CLASSIFIER, SECRET, Deployed

STAGE = "doctor"
NOBODY = 65534


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory as a user has it, with Dagster's configuration, and an environment without our variables."""
    for name in [name for name in os.environ if name.startswith(("PYSPOTIFY_", "SPOTIPY_", "DAGSTER_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dagster.yaml").write_text("telemetry:\n  enabled: false\n", encoding="utf-8")
    return tmp_path


def doctor(*options: str) -> Result:
    return CliRunner().invoke(main, ["doctor", *options], prog_name="pyspotify")


def faults(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.status in ("problem", "warning")]


def only_fault(findings: list[Finding]) -> Finding:
    found = faults(findings)
    assert len(found) == 1, found
    return found[0]


def named(findings: list[Finding], thing: str) -> Finding:
    [found] = [finding for finding in findings if finding.thing == thing]
    return found


class TestLocal:
    def test_a_fresh_folder_is_well_and_stays_as_it_was(self, folder):
        before = sorted(folder.rglob("*"))

        result = doctor()

        assert result.exit_code == 0, result.output
        assert "All is well. Nothing was changed." in result.output
        assert "the built-in sample" in result.output
        assert sorted(folder.rglob("*")) == before

    def test_says_each_setting_that_is_not_the_default_and_no_other(self, folder, monkeypatch):
        monkeypatch.setenv("PYSPOTIFY_TIMEZONE", "America/Sao_Paulo")
        monkeypatch.setenv("PYSPOTIFY_SNAPSHOT_HOUR", "6")

        settings = {found.thing: found.seen for found in diagnose() if found.group == "Settings"}

        assert settings["PYSPOTIFY_TIMEZONE"] == "America/Sao_Paulo"
        assert "PYSPOTIFY_SNAPSHOT_HOUR" not in settings

    def test_a_wrong_setting_is_the_problem_and_python_is_still_looked_at(self, folder, monkeypatch):
        monkeypatch.setenv("PYSPOTIFY_TIMEZONE", "Mars/Olympus")

        findings = diagnose()

        assert "PYSPOTIFY_TIMEZONE = 'Mars/Olympus' cannot be used" in only_fault(findings).seen
        assert only_fault(findings).remedy
        assert named(findings, "Python").status == "ok"
        assert doctor().exit_code == 1

    def test_a_misspelt_setting_is_a_warning_that_names_the_one_that_was_meant_and_not_its_value(
        self, folder, monkeypatch
    ):
        monkeypatch.setenv("PYSPOTIFY_LOKBACK_DAYS", "do-not-show-me")

        result = doctor()

        assert result.exit_code == 0
        assert "Was PYSPOTIFY_LOOKBACK_DAYS meant?" in result.output
        assert "do-not-show-me" not in result.output

    def test_a_dashboard_that_is_asked_for_on_a_laptop_is_a_warning(self, folder, monkeypatch):
        arn = "arn:aws:quicksight:us-east-1:123456789012:user/default/anna"
        monkeypatch.setenv("PYSPOTIFY_QUICKSIGHT_PRINCIPAL", arn)

        found = only_fault(diagnose())

        assert (found.status, found.thing) == ("warning", "PYSPOTIFY_QUICKSIGHT_PRINCIPAL")
        assert "PYSPOTIFY_ENV=local" in found.seen

    def test_a_broken_feeds_file_is_the_problem(self, folder):
        (folder / "feeds.toml").write_text("[[feed]]\nname = 'x'\n", encoding="utf-8")

        assert "feeds.toml, feed 1 (x)" in only_fault(diagnose()).seen

    def test_a_feeds_file_that_was_named_and_is_not_there_is_a_warning(self, folder, monkeypatch):
        monkeypatch.setenv("PYSPOTIFY_FEEDS", "mine.toml")

        assert "mine.toml is not there" in only_fault(diagnose()).seen

    @pytest.mark.parametrize("name", ["SPOTIPY_CLIENT_ID", "SPOTIPY_CLIENT_SECRET"])
    def test_half_of_the_credentials_is_a_problem_and_is_not_shown(self, folder, monkeypatch, name):
        monkeypatch.setenv(name, "half-of-a-secret")

        result = doctor()

        assert result.exit_code == 1
        assert f"{name} set" in result.output
        assert "half-of-a-secret" not in result.output

    def test_live_without_credentials_is_a_warning_since_files_can_be_imported(self, folder, monkeypatch):
        monkeypatch.setenv("PYSPOTIFY_SOURCE", "live")

        assert only_fault(diagnose()).status == "warning"

    def test_a_lake_that_is_a_file_is_a_problem(self, folder, monkeypatch):
        (folder / "lake").write_text("not a folder", encoding="utf-8")

        fault = only_fault(diagnose())

        assert (fault.thing, fault.status) == ("lake", "problem")
        assert "PYSPOTIFY_LAKE" in fault.remedy

    @pytest.mark.parametrize("lake", ["locked", "locked/new", "hidden/lake"])
    def test_a_lake_that_cannot_be_written_is_a_problem(self, folder, monkeypatch, lake):
        monkeypatch.setenv("PYSPOTIFY_LAKE", lake)
        for name, mode in (("locked", 0o555), ("hidden", 0o000)):
            (folder / name).mkdir()
            (folder / name).chmod(mode)
        # Root may write everywhere: it is tried as nobody then, who must be able to read what is run.
        here = Path(sys.prefix)
        if os.geteuid() == 0 and not all(path.stat().st_mode & 0o005 == 0o005 for path in (here, *here.parents)):
            pytest.skip(f"nobody but root may read {here}")
        script = (
            "import os, json, dataclasses\n"
            "from pyspotify_assets.diagnosis import diagnose\n"
            "diagnose()\n"
            f"if os.geteuid() == 0: os.setuid({NOBODY})\n"
            "print(json.dumps([dataclasses.asdict(found) for found in diagnose() if found.status == 'problem']))\n"
        )
        folder.chmod(0o755)

        ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)  # noqa: S603

        assert ended.returncode == 0, ended.stderr
        [fault] = json.loads(ended.stdout)
        assert fault["thing"] == "lake"
        assert "PYSPOTIFY_LAKE" in fault["remedy"]

    def test_a_dagster_home_that_is_not_there_is_a_problem(self, folder, monkeypatch):
        monkeypatch.setenv("DAGSTER_HOME", str(folder / "missing"))

        assert only_fault(diagnose()).thing == "Dagster"

    def test_live_puts_reads_and_removes_an_object_and_asks_the_engine(self, folder):
        findings = [found for found in diagnose(live=True) if found.group == "Tried"]

        assert {found.status for found in findings} == {"ok"}, findings
        assert [found.thing for found in findings] == ["an object", "SELECT 1", "Spotify"]
        assert not list(folder.rglob("doctor*"))

    def test_live_asks_spotify_for_one_track_and_keeps_the_credentials_to_itself(self, folder, monkeypatch):
        for name in ("ID", "SECRET"):
            monkeypatch.setenv(f"SPOTIPY_CLIENT_{name}", f"the-{name}-of-an-app")
        with Simulator() as simulator:
            monkeypatch.setenv("PYSPOTIFY_SPOTIFY_URL", f"{simulator.base_url}/as-of/2026-11-20")
            result = doctor("--live")

        assert result.exit_code == 0, result.output
        assert "gave 1 of" in result.output
        assert "of-an-app" not in result.output

    def test_as_json_each_finding_has_its_group_status_thing_and_remedy(self, folder, monkeypatch):
        monkeypatch.setenv("DAGSTER_HOME", str(folder / "missing"))

        result = doctor("--json")

        document = json.loads(result.stdout)
        assert result.exit_code == 1
        assert document["counts"] == {"ok": len(document["findings"]) - 1, "warning": 0, "problem": 1, "unseen": 0}
        assert all(set(found) == {"group", "status", "thing", "seen", "remedy"} for found in document["findings"])

    def test_fits_a_narrow_terminal_without_losing_a_word(self, folder, monkeypatch):
        monkeypatch.setenv("COLUMNS", "72")

        tables = doctor().output.partition("What to do")[0]

        assert max(len(line.rstrip()) for line in tables.splitlines()) <= 72
        assert "made-up" in tables


@pytest.fixture(scope="module")
def deployed(s3_server: str) -> Deployed:
    made = Deployed(s3_server, STAGE)
    made.make_everything()
    return made


@pytest.fixture(scope="module")
def shared_front(s3_server: str) -> Iterator[Front]:
    """One for all, since boto3 is slow to make clients for another address."""
    with aws_front(s3_server) as front:
        yield front


@pytest.fixture
def front(
    shared_front: Front, deployed: Deployed, s3_environment: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Front:
    """The environment of the pipeline's role over everything that is deployed."""
    front = shared_front
    front.requests.clear()
    front.denied, front.refused_permissions, front.classifier = set(), set(), CLASSIFIER
    role = f"arn:aws:iam::{deployed.account}:role/{deployed.names.role('pipeline')}"
    keys = _credentials(deployed, role)
    monkeypatch.setenv("AWS_ENDPOINT_URL", front.address)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys["SecretAccessKey"])
    monkeypatch.setenv("AWS_SESSION_TOKEN", keys["SessionToken"])
    monkeypatch.setenv("PYSPOTIFY_ENV", "aws")
    monkeypatch.setenv("PYSPOTIFY_STAGE", STAGE)
    return front


_KEYS: dict[str, dict[str, str]] = {}


def _credentials(deployed: Deployed, role: str) -> dict[str, str]:
    if role not in _KEYS:  # The same for all, and with them the same clients.
        _KEYS[role] = deployed.client("sts").assume_role(RoleArn=role, RoleSessionName="doctor")["Credentials"]
    return _KEYS[role]


class TestAws:
    def test_everything_in_place_is_well_and_nothing_but_reads_is_asked_for(self, front):
        result = doctor()

        assert result.exit_code == 0, result.output
        assert "All is well. Nothing was changed." in result.output
        reads = ("", "Get", "Head", "Describe", "Simulate")
        assert [name for name in front.requests if not name.startswith(reads[1:]) and name] == []

    def test_says_who_one_is_where_and_at_which_address(self, front, deployed):
        findings = diagnose()

        assert f"assumed-role/spotify-pipeline-{STAGE}" in named(findings, "credentials").seen
        assert named(findings, "account").seen == deployed.account
        assert named(findings, "region").seen == "us-east-1"
        assert named(findings, "AWS_ENDPOINT_URL").seen.startswith(front.address)

    def test_never_shows_a_secret(self, front, deployed):
        shown = doctor().output + doctor("--json").output

        assert "which are not shown" in shown
        keys = _credentials(deployed, f"arn:aws:iam::{deployed.account}:role/{deployed.names.role('pipeline')}")
        for secret in (*SECRET.values(), keys["SecretAccessKey"], keys["SessionToken"]):
            assert secret not in shown

    def test_every_declared_table_crawler_and_permission_is_looked_at(self, front):
        things = {finding.thing for finding in diagnose() if finding.status == "ok"}

        for name in ("popular_songs", "top_played"):
            assert {f"spotify_raw_{STAGE}.{name}", f"spotify_refined_{STAGE}.{name}"} <= things
        assert {f"spotify-raw-{STAGE}", f"spotify-refined-{STAGE}", f"workgroup spotify-{STAGE}"} <= things
        assert {"Crawl", "Query", "ReadSpotifySecret"} <= things


@contextmanager
def without(remove: Callable[[], object], restore: Callable[[], object]) -> Iterator[None]:
    remove()
    try:
        yield
    finally:
        restore()


class TestSomethingIsMissing:
    def missing(self, remove: Callable[[], object], restore: Callable[[], object]) -> Finding:
        with without(remove, restore):
            findings = diagnose()
        fault = only_fault(findings)
        assert fault.remedy
        return fault

    @pytest.mark.parametrize("kind", ["raw", "refined", "athena", "code"])
    def test_a_bucket(self, front, deployed, kind):
        delete = deployed.client("s3").delete_bucket

        fault = self.missing(lambda: delete(Bucket=deployed.bucket(kind)), lambda: deployed.make_bucket(kind))

        assert (fault.status, fault.thing) == ("problem", f"bucket {kind}")
        assert "make deploy" in fault.remedy

    def test_the_secret(self, front, deployed):
        fault = self.missing(deployed.delete_secret, deployed.make_secret)

        assert (fault.status, fault.thing) == ("problem", f"secret PySpotify-{STAGE}")
        assert "put-secret-value" in fault.remedy

    @pytest.mark.parametrize(("area", "table"), [("raw", "top_played"), ("marts", "chart_exits")])
    def test_a_table(self, front, deployed, area, table):
        fault = self.missing(lambda: deployed.delete_table(area, table), lambda: deployed.make_table(area, table))

        assert (fault.status, fault.thing, fault.seen) == (
            "problem",
            f"spotify_{area}_{STAGE}.{table}",
            "is not there",
        )

    def test_a_crawler(self, front, deployed):
        glue = deployed.client("glue")

        fault = self.missing(
            lambda: glue.delete_crawler(Name=deployed.names.crawler("raw")), lambda: deployed.make_crawler("raw")
        )

        assert (fault.status, fault.thing) == ("problem", f"spotify-raw-{STAGE}")

    def test_the_workgroup(self, front, deployed):
        fault = self.missing(deployed.delete_workgroup, deployed.make_workgroup)

        assert (fault.status, fault.thing) == ("problem", f"workgroup spotify-{STAGE}")

    def test_a_stack(self, front, deployed):
        name = deployed.names.pipeline_stack
        delete = deployed.client("cloudformation").delete_stack

        fault = self.missing(lambda: delete(StackName=name), lambda: deployed.make_stack(name))

        assert (fault.status, fault.thing, fault.seen) == ("problem", name, "is not there")

    def test_the_classifier(self, front):
        front.classifier = None

        fault = only_fault(diagnose())

        assert (fault.status, fault.thing) == ("problem", f"classifier spotify-csv-{STAGE}")

    def test_the_glue_job_only_matters_to_those_who_use_it(self, front, deployed, monkeypatch):
        glue = deployed.client("glue")

        def remove() -> None:
            glue.delete_job(JobName=deployed.names.glue_job)

        assert self.missing(remove, deployed.make_job).status == "warning"
        monkeypatch.setenv("PYSPOTIFY_REFINE_ENGINE", "auto")
        assert self.missing(remove, deployed.make_job).status == "problem"

    def test_the_lambda_does_not_matter_to_dagster(self, front, deployed):
        delete = deployed.client("lambda").delete_function

        fault = self.missing(lambda: delete(FunctionName=deployed.names.function), deployed.make_function)

        assert (fault.status, fault.thing) == ("warning", f"Lambda spotify-extract-{STAGE}")

    def test_the_whole_stack_is_one_line_of_what_to_do(self, front, monkeypatch):
        monkeypatch.setenv("PYSPOTIFY_STAGE", "nowhere")
        front.classifier = None

        result = doctor()

        assert result.exit_code == 1
        assert result.output.count("Run make deploy: it makes what is missing") == 1


class TestSomethingIsNotAsDeclared:
    def test_columns_of_a_table(self, front, deployed):
        with without(
            lambda: (deployed.delete_table("marts", "release_profile"), self.other_table(deployed)),
            lambda: (deployed.delete_table("marts", "release_profile"), self.other_table(deployed, right=True)),
        ):
            fault = only_fault(diagnose())

        assert fault.thing == f"spotify_marts_{STAGE}.release_profile"
        assert "tracks is bigint, declared int" in fault.seen
        assert "mean_duration_ms is missing" in fault.seen
        assert "colour is not declared" in fault.seen

    def other_table(self, deployed: Deployed, right: bool = False) -> None:
        other = {"feed": "string", "release_year": "int", "tracks": "bigint", "mean_popularity": "double"}
        deployed.make_table("marts", "release_profile", None if right else other | {"colour": "string"})

    def test_a_table_that_lies_elsewhere_than_the_settings_say(self, front, monkeypatch):
        monkeypatch.setenv("PYSPOTIFY_BUCKET_PREFIX", "team")

        elsewhere = [found for found in faults(diagnose()) if "lies at" in found.seen]

        assert len(elsewhere) == 13  # Two feeds in raw and refined, five marts; the listening history and its three.
        assert all(found.status == "problem" for found in elsewhere)

    def test_a_crawler_that_does_not_know_a_feed(self, front, deployed):
        glue, name = deployed.client("glue"), deployed.names.crawler("refined")
        with without(
            lambda: (glue.delete_crawler(Name=name), deployed.make_crawler("refined", ("popular_songs", "plays"))),
            lambda: (glue.delete_crawler(Name=name), deployed.make_crawler("refined")),
        ):
            fault = only_fault(diagnose())

        assert fault.thing == name
        assert "does not crawl" in fault.seen
        assert "top_played" in fault.seen

    @pytest.mark.parametrize(
        ("changed", "words", "status"),
        [
            ({"EnforceWorkGroupConfiguration": False}, "does not enforce", "problem"),
            (
                {"ResultConfiguration": {"OutputLocation": "s3://another/"}},
                "writes results to s3://another/",
                "problem",
            ),
            ({"BytesScannedCutoffPerQuery": None}, "has no cutoff", "warning"),
        ],
    )
    def test_the_workgroups_settings(self, front, deployed, changed, words, status):
        asked = {name: value for name, value in changed.items() if value is not None}
        gone = [name for name, value in changed.items() if value is None]

        def change() -> None:
            deployed.delete_workgroup()
            if gone:
                bucket = {"OutputLocation": f"s3://{deployed.bucket('athena')}/"}
                configuration = {"EnforceWorkGroupConfiguration": True, "ResultConfiguration": bucket}
                client = deployed.client("athena")
                client.create_work_group(Name=deployed.names.workgroup, Configuration=configuration)
            else:
                deployed.make_workgroup(**asked)

        with without(change, lambda: (deployed.delete_workgroup(), deployed.make_workgroup())):
            fault = only_fault(diagnose())

        assert fault.status == status
        assert words in fault.seen

    def test_a_bucket_that_could_be_opened_to_the_public(self, front, deployed):
        s3, name = deployed.client("s3"), deployed.bucket("raw")
        with without(lambda: s3.delete_public_access_block(Bucket=name), lambda: deployed.close_bucket("raw")):
            fault = only_fault(diagnose())

        assert (fault.status, fault.thing) == ("problem", "bucket raw")
        assert f"put-public-access-block --bucket {name}" in fault.remedy

    @pytest.mark.parametrize("value", ["", "no-json-but-secret", '{"client_id": "only-half-of-it"}'])
    def test_a_secret_that_is_not_what_is_expected_is_described_and_not_shown(self, front, deployed, value):
        with without(
            lambda: (deployed.delete_secret(), deployed.make_secret(value or " ")),
            lambda: (deployed.delete_secret(), deployed.make_secret()),
        ):
            result = doctor()

        assert result.exit_code == 1
        assert "is not the JSON that is expected" in " ".join(result.output.split())
        assert not value or value not in result.output
        assert "only-half-of-it" not in result.output

    def test_a_schedule_that_is_on_says_that_dagsters_must_be_off(self, front, deployed):
        with without(
            lambda: (deployed.delete_schedule(), deployed.make_schedule("ENABLED")),
            lambda: (deployed.delete_schedule(), deployed.make_schedule()),
        ):
            finding = named(diagnose(), f"schedule spotify-extract-{STAGE}")

        assert finding.status == "ok"
        assert "leave Dagster's daily_snapshot off" in finding.seen

    def test_both_schedules_on_is_a_warning(self, front, deployed, folder, monkeypatch):
        monkeypatch.setenv("DAGSTER_HOME", str(folder))
        _turn_on_daily_snapshot()
        with without(
            lambda: (deployed.delete_schedule(), deployed.make_schedule("ENABLED")),
            lambda: (deployed.delete_schedule(), deployed.make_schedule()),
        ):
            fault = only_fault(diagnose())

        assert (fault.status, fault.thing) == ("warning", f"schedule spotify-extract-{STAGE}")
        assert "so is Dagster's schedule daily_snapshot" in fault.seen


def _turn_on_daily_snapshot() -> None:
    """Start the schedule in the instance of DAGSTER_HOME, as the switch in the UI does."""
    import dagster as dg
    from dagster._core.remote_origin import (
        ManagedGrpcPythonEnvCodeLocationOrigin,
        RemoteInstigatorOrigin,
        RemoteRepositoryOrigin,
    )
    from dagster._core.scheduler.instigation import (
        InstigatorState,
        InstigatorStatus,
        InstigatorType,
        ScheduleInstigatorData,
    )
    from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

    target = LoadableTargetOrigin(module_name="pyspotify_assets.definitions")
    location = ManagedGrpcPythonEnvCodeLocationOrigin(target, "pyspotify_assets")
    origin = RemoteInstigatorOrigin(RemoteRepositoryOrigin(location, "__repository__"), "daily_snapshot")
    data = ScheduleInstigatorData("0 6 * * *", None)
    with dg.DagsterInstance.get() as instance:
        instance.add_instigator_state(InstigatorState(origin, InstigatorType.SCHEDULE, InstigatorStatus.RUNNING, data))


class TestSomethingIsDenied:
    @pytest.mark.parametrize(
        ("operation", "action"),
        [
            ("GetTable", "glue:GetTable"),
            ("GetDatabase", "glue:GetDatabase"),
            ("GetCrawler", "glue:GetCrawler"),
            ("GetWorkGroup", "athena:GetWorkGroup"),
            ("GetSecretValue", "secretsmanager:GetSecretValue"),
            ("HeadBucket", "s3:ListBucket"),
        ],
    )
    def test_what_the_pipeline_needs_is_a_problem_that_names_the_action(self, front, operation, action):
        front.denied = {operation}

        found = faults(diagnose())

        assert found
        assert {finding.status for finding in found} == {"problem"}
        assert all(action in finding.remedy for finding in found)

    @pytest.mark.parametrize(
        ("operation", "action", "thing"),
        [
            ("GetFunction", "lambda:GetFunction", f"Lambda spotify-extract-{STAGE}"),
            ("GetSchedule", "scheduler:GetSchedule", f"schedule spotify-extract-{STAGE}"),
            ("DescribeStacks", "cloudformation:DescribeStacks", f"pyspotify-data-{STAGE}"),
            ("GetBucketEncryption", "s3:GetEncryptionConfiguration", "bucket raw"),
            ("SimulatePrincipalPolicy", "iam:SimulatePrincipalPolicy", "permissions"),
        ],
    )
    def test_what_only_the_doctor_wanted_to_see_is_unseen_and_no_failure(self, front, operation, action, thing):
        front.denied = {operation}

        findings = diagnose()

        assert faults(findings) == []
        unseen = [finding for finding in findings if finding.status == "unseen"]
        assert thing in {finding.thing for finding in unseen}
        assert [finding for finding in unseen if action not in finding.seen] == []

    def test_a_permission_too_few_is_a_problem_with_action_resource_and_reason(self, front, deployed):
        front.refused_permissions = {"glue:StartCrawler"}

        fault = only_fault(diagnose())

        assert fault.thing == "Crawl"
        assert "glue:StartCrawler" in fault.seen
        assert f"crawler/spotify-raw-{STAGE}" in fault.seen
        assert f"role spotify-pipeline-{STAGE}" in fault.remedy

    def test_every_other_look_goes_on(self, front):
        front.denied = {"GetTable"}

        findings = diagnose()

        assert named(findings, f"workgroup spotify-{STAGE}").status == "ok"
        assert named(findings, "Crawl").status == "ok"


class TestAwsCannotBeAsked:
    def test_without_credentials_that_is_the_only_problem(self, front, monkeypatch):
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            monkeypatch.delenv(name)

        fault = only_fault(diagnose())

        assert (fault.group, fault.thing) == ("AWS", "credentials")
        assert "AWS_PROFILE" in fault.remedy

    def test_at_a_wrong_endpoint_that_is_the_only_problem(self, front, monkeypatch):
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")

        fault = only_fault(diagnose())

        assert (fault.group, fault.thing) == ("AWS", "credentials")
        assert "AWS_ENDPOINT_URL" in fault.remedy

    def test_a_profile_that_is_not_there_is_named(self, front, monkeypatch):
        monkeypatch.setenv("AWS_PROFILE", "no-such-profile")

        assert "no-such-profile" in only_fault(diagnose()).seen


class TestALocalLakeOnS3:
    def test_looks_at_its_bucket_and_at_nothing_else_of_aws(self, front, s3_bucket, monkeypatch):
        monkeypatch.setenv("PYSPOTIFY_ENV", "local")
        monkeypatch.setenv("PYSPOTIFY_LAKE", f"s3://{s3_bucket}/lake")

        findings = diagnose()

        assert s3_bucket in " ".join(found.seen for found in findings if found.thing == "bucket")
        assert all(finding.status != "problem" for finding in findings)
        assert "GetTable" not in front.requests

    def test_a_bucket_that_is_not_there_is_a_problem(self, front, monkeypatch):
        monkeypatch.setenv("PYSPOTIFY_ENV", "local")
        monkeypatch.setenv("PYSPOTIFY_LAKE", "s3://no-such-bucket-anywhere/lake")

        assert "no-such-bucket-anywhere is not there" in only_fault(diagnose()).seen


class TestLook:
    def test_a_fault_of_ours_is_one_finding_that_quotes_nothing(self):
        def broken() -> Iterator[Finding]:
            yield Finding("ok", "first", "seen")
            raise KeyError("a-secret-in-an-exception")

        first, second = Look("Group", "thing", broken).findings()

        assert (first.group, first.status) == ("Group", "ok")
        assert (second.status, second.thing) == ("problem", "thing")
        assert "KeyError at test_doctor.py" in second.seen
        assert "a-secret-in-an-exception" not in second.seen + second.remedy

    def test_lake_formation_is_explained(self):
        def refused() -> Iterator[Finding]:
            raise AwsError("Table x: access denied (Insufficient Lake Formation permission(s) on x)", "Allow it.")
            yield

        [finding] = Look("Catalog", "x", refused, beyond="glue:GetTable").findings()

        assert finding.status == "problem"
        assert "docs/aws.md" in finding.remedy


@pytest.mark.parametrize(
    ("arn", "source"),
    [
        (
            "arn:aws:sts::123456789012:assumed-role/spotify-pipeline/me",
            "arn:aws:iam::123456789012:role/spotify-pipeline",
        ),
        ("arn:aws-cn:sts::123456789012:assumed-role/r/s", "arn:aws-cn:iam::123456789012:role/r"),
        ("arn:aws:iam::123456789012:user/some/path/ana", "arn:aws:iam::123456789012:user/some/path/ana"),
        ("arn:aws:iam::123456789012:root", ""),
        ("arn:aws:sts::123456789012:federated-user/ana", ""),
    ],
)
def test_the_policies_of_a_caller_are_those_of_its_role_or_user(arn, source):
    assert policy_source(arn) == source
