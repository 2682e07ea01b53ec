"""The dashboard applied for real by boto3: against moto's QuickSight for what that knows, and a front for the rest.

The operations that moto 5.2 does not know, and that the front answers from what it was sent: describing, updating and
deleting data sets, updating, publishing and deleting dashboards, all permissions, and the subscription.
"""

from __future__ import annotations

from typing import Any

import boto3
import dagster as dg
import pytest
from click.testing import CliRunner

from infra.__main__ import main as infra
from infra.dashboard import take_down_dashboard
from pyspotify_assets.definitions import build_definitions
from pyspotify_assets.errors import QuickSightError
from pyspotify_assets.feeds import DEFAULT_FEEDS
from pyspotify_assets.names import AwsNames
from pyspotify_assets.quicksight.apply import Outcome, apply_dashboard
from pyspotify_assets.quicksight.data_sets import DATA_SETS
from pyspotify_assets.quicksight.declared import declared
from pyspotify_assets.quicksight.principal import principal_of
from pyspotify_assets.quicksight.refusals import NotSubscribedError
from pyspotify_assets.quicksight.remove import remove_dashboard
from pyspotify_assets.settings import Settings, load_settings
from pyspotify_assets_tests.quicksight.conftest import ACCOUNT, ANNA, BERT, REGION
from pyspotify_assets_tests.quicksight_front import BY_MOTO
from pyspotify_assets_tests.scripted_aws import Refusal

UNSUBSCRIBED = Refusal("UnsupportedUserEditionException", f"Account {ACCOUNT} is not subscribed for QuickSight", 403)
CREATIONS = ["CreateDataSource", *["CreateDataSet"] * len(DATA_SETS), "CreateDashboard"]


def applied(names: AwsNames, arn: str = ANNA, feeds: Any = DEFAULT_FEEDS, patience: float = 5) -> list[Outcome]:
    whole = declared(names, feeds, ACCOUNT, REGION)
    return list(apply_dashboard(whole, principal_of(arn), ACCOUNT, names.stage, patience))


def done(outcomes: list[Outcome]) -> list[str]:
    return [one.done for one in outcomes]


def test_a_name_may_have_slashes_as_those_of_roles_do():
    found = principal_of(f"arn:aws:quicksight:eu-west-1:{ACCOUNT}:user/default/Admin/anna@example.org")
    assert (found.region, found.account, found.kind) == ("eu-west-1", ACCOUNT, "user")
    assert (found.namespace, found.name) == ("default", "Admin/anna@example.org")


class TestApplying:
    def test_the_first_time_everything_is_created_from_the_bottom_up_for_the_principal(self, quicksight, names):
        assert done(applied(names)) == ["created"] * len(CREATIONS)

        assert quicksight.changes == CREATIONS
        for operation in set(CREATIONS):
            for request in quicksight.asked(operation):
                assert [one["Principal"] for one in request["Permissions"]] == [ANNA]
                assert {"Key": "stage", "Value": names.stage} in request["Tags"]

    def test_moto_keeps_what_was_sent(self, quicksight, names, s3_server):
        applied(names)

        client = boto3.client("quicksight", endpoint_url=s3_server)
        source = client.describe_data_source(AwsAccountId=ACCOUNT, DataSourceId=names.quicksight_source)["DataSource"]
        assert source["Type"] == "ATHENA"
        assert source["DataSourceParameters"]["AthenaParameters"]["WorkGroup"] == names.workgroup
        board = client.describe_dashboard(AwsAccountId=ACCOUNT, DashboardId=names.quicksight_dashboard)["Dashboard"]
        assert board["Version"]["Status"] == "CREATION_SUCCESSFUL"

    def test_the_second_time_nothing_is_changed_and_nothing_is_asked_to_change(self, quicksight, names):
        applied(names)
        quicksight.requests.clear()

        outcomes = applied(names)

        assert done(outcomes) == ["unchanged"] * len(CREATIONS)
        assert not any(one.let_in for one in outcomes)
        assert quicksight.changes == []

    def test_a_changed_definition_changes_the_dashboard_alone_and_publishes_it(self, quicksight, names):
        applied(names)
        quicksight.requests.clear()

        assert done(applied(names, feeds=DEFAULT_FEEDS[1:])) == ["unchanged"] * (len(CREATIONS) - 1) + ["updated"]

        assert quicksight.changes == ["UpdateDashboard", "UpdateDashboardPublishedVersion"]
        assert int(quicksight.asked("UpdateDashboardPublishedVersion")[0]["VersionNumber"]) == 2
        quicksight.requests.clear()
        assert done(applied(names, feeds=DEFAULT_FEEDS[1:])) == ["unchanged"] * len(CREATIONS)

    def test_changed_sql_changes_its_data_set_alone(self, quicksight, names, monkeypatch):
        applied(names)
        quicksight.requests.clear()
        whole = declared(names, DEFAULT_FEEDS, ACCOUNT, REGION)
        whole.data_sets[1].arguments["PhysicalTableMap"]["mart"]["CustomSql"]["SqlQuery"] += " LIMIT 10"  # type: ignore[index]

        for expected in ("updated", "unchanged"):
            outcomes = list(apply_dashboard(whole, principal_of(ANNA), ACCOUNT, names.stage))
            assert done(outcomes) == ["unchanged", "unchanged", expected, *["unchanged"] * (len(CREATIONS) - 3)]
        assert quicksight.changes == ["UpdateDataSet", "TagResource"]

    def test_a_changed_data_source_is_updated_by_moto_itself(self, quicksight, names):
        applied(names)
        quicksight.requests.clear()
        whole = declared(names, DEFAULT_FEEDS, ACCOUNT, REGION)
        whole.data_source.arguments["DataSourceParameters"]["AthenaParameters"]["WorkGroup"] = "another"  # type: ignore[index]

        for _ in range(2):
            list(apply_dashboard(whole, principal_of(ANNA), ACCOUNT, names.stage))
        assert quicksight.changes == ["UpdateDataSource", "TagResource"]
        assert "Type" not in quicksight.asked("UpdateDataSource")[0]

    def test_a_version_that_somebody_else_has_published_is_replaced(self, quicksight, names):
        applied(names)
        theirs = {"VersionNumber": 7, "Status": "CREATION_SUCCESSFUL", "Description": "my colours"}
        quicksight.scripted["DescribeDashboard"] = [{"Dashboard": {"Version": theirs}}, None]

        assert done(applied(names))[-1] == "updated"

    def test_what_was_deleted_by_hand_is_made_again(self, quicksight, names):
        applied(names)
        boto3.client("quicksight").delete_data_set(
            AwsAccountId=ACCOUNT, DataSetId=names.quicksight_data_set("chart_exits")
        )

        assert done(applied(names)) == ["unchanged", "unchanged", "created", *["unchanged"] * (len(CREATIONS) - 3)]

    def test_another_principal_is_let_in_and_the_first_one_stays(self, quicksight, names):
        applied(names)
        quicksight.requests.clear()

        outcomes = applied(names, BERT)

        assert all(one.let_in and one.done == "unchanged" for one in outcomes)
        granted = boto3.client("quicksight").describe_dashboard_permissions(
            AwsAccountId=ACCOUNT, DashboardId=names.quicksight_dashboard
        )["Permissions"]
        assert [one["Principal"] for one in granted] == [ANNA, BERT]

    def test_a_killed_run_is_gone_on_with(self, quicksight, names):
        """The data set has been changed, and its tag has not: it is changed once more, and no harm is done."""
        applied(names)
        whole = declared(names, DEFAULT_FEEDS, ACCOUNT, REGION)
        whole.data_sets[0].arguments["Name"] = "Renamed"  # type: ignore[index]
        quicksight.scripted["TagResource"] = [Refusal("InternalFailureException", "killed")]
        with pytest.raises(QuickSightError):
            list(apply_dashboard(whole, principal_of(ANNA), ACCOUNT, names.stage))
        quicksight.scripted.clear()

        assert done(list(apply_dashboard(whole, principal_of(ANNA), ACCOUNT, names.stage)))[1] == "updated"


class TestWaiting:
    def test_what_is_under_way_is_waited_for(self, quicksight, names):
        under_way = {"Dashboard": {"Version": {"VersionNumber": 1, "Status": "CREATION_IN_PROGRESS"}}}
        quicksight.scripted["DescribeDashboard"] = [
            Refusal("ResourceNotFoundException", "not found", 404),
            under_way,
            under_way,
            None,
        ]

        assert done(applied(names))[-1] == "created"
        assert len(quicksight.asked("DescribeDashboard")) == 4

    def test_the_wait_has_an_end_that_names_what_was_waited_for(self, quicksight, names):
        under_way = {"DataSource": {"Status": "CREATION_IN_PROGRESS"}}
        quicksight.scripted["DescribeDataSource"] = [under_way]

        with pytest.raises(QuickSightError, match=f"{names.quicksight_source} was waited for .*CREATION_IN_PROGRESS"):
            applied(names, patience=0.1)

    def test_a_dashboard_that_failed_says_each_reason_and_where(self, quicksight, names):
        errors = [
            {
                "Type": "COLUMN_TYPE_MISMATCH",
                "Message": "rank is no date",
                "ViolatedEntities": [{"Path": "sheet/movement/visual/ranks"}],
            },
            {"Type": "DATA_SET_NOT_FOUND", "Message": "gone"},
        ]
        failed = {"Dashboard": {"Version": {"VersionNumber": 1, "Status": "CREATION_FAILED", "Errors": errors}}}
        missing = Refusal("ResourceNotFoundException", "not found", 404)
        quicksight.scripted["DescribeDashboard"] = [missing, failed]

        with pytest.raises(QuickSightError) as raised:
            applied(names)
        for word in ("CREATION_FAILED", "COLUMN_TYPE_MISMATCH", "sheet/movement/visual/ranks", "DATA_SET_NOT_FOUND"):
            assert word in str(raised.value)

    def test_one_that_failed_is_tried_again_though_its_definition_is_the_same(self, quicksight, names):
        applied(names)
        fingerprint = declared(names, DEFAULT_FEEDS, ACCOUNT, REGION).dashboard.fingerprint
        version = {"Status": "CREATION_FAILED", "Description": f"pyspotify_assets {fingerprint}"}
        quicksight.scripted["DescribeDashboard"] = [{"Dashboard": {"Version": version}}, None]

        assert done(applied(names))[-1] == "updated"

    def test_a_failed_update_is_not_published(self, quicksight, names):
        applied(names)
        quicksight.requests.clear()
        failed = {"Dashboard": {"Version": {"VersionNumber": 2, "Status": "UPDATE_FAILED", "Errors": []}}}
        quicksight.scripted["DescribeDashboard"] = [None, failed]

        with pytest.raises(QuickSightError, match="UPDATE_FAILED"):
            applied(names, feeds=DEFAULT_FEEDS[1:])
        assert quicksight.changes == ["UpdateDashboard"]

    def test_a_data_source_that_may_not_ask_athena_says_so(self, quicksight, names):
        reason = {"Type": "ACCESS_DENIED", "Message": "Unable to assume role"}
        missing = Refusal("ResourceNotFoundException", "not found", 404)
        failed = {"DataSource": {"Status": "CREATION_FAILED", "ErrorInfo": reason}}
        quicksight.scripted["DescribeDataSource"] = [missing, failed]

        with pytest.raises(QuickSightError, match="ACCESS_DENIED Unable to assume role") as raised:
            applied(names)
        assert "make deploy" in raised.value.remedy
        assert "CreateDataSet" not in quicksight.changes


class TestRefusals:
    @pytest.mark.parametrize(
        "refusal",
        [
            UNSUBSCRIBED,
            Refusal(
                "ResourceNotFoundException",
                f"Account {ACCOUNT} is not signed up with QuickSight with namespace default.",
                404,
            ),
        ],
        ids=lambda refusal: refusal.code,
    )
    def test_an_account_without_a_subscription_is_told_to_subscribe(self, quicksight, names, refusal):
        quicksight.scripted["DescribeUser"] = [refusal]

        with pytest.raises(NotSubscribedError, match="no subscription") as raised:
            applied(names)
        assert "docs/quicksight.md" in raised.value.remedy
        assert quicksight.changes == []

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("nobody", r"user nobody \(namespace default, us-east-1\) is not there"),
            ("rita", r"rita .* is a READER"),  # A reader may look, and own nothing.
        ],
    )
    def test_who_cannot_have_it_is_named_with_the_setting_before_anything_is_made(self, quicksight, names, name, words):
        with pytest.raises(QuickSightError, match=words) as raised:
            applied(names, ANNA.replace("anna", name))
        assert "PYSPOTIFY_QUICKSIGHT_PRINCIPAL" in raised.value.remedy
        assert quicksight.changes == []

    def test_users_are_looked_up_where_quicksight_keeps_them(self, quicksight, names, s3_server):
        client = boto3.client("quicksight", endpoint_url=s3_server, region_name="eu-west-1")
        client.create_group(GroupName="elsewhere", AwsAccountId=ACCOUNT, Namespace="default")

        group = BERT.replace("bert", "elsewhere")
        assert done(applied(names, group.replace(REGION, "eu-west-1"))) == ["created"] * len(CREATIONS)
        with pytest.raises(QuickSightError, match=r"group elsewhere .* is not there"):
            applied(names, group)

    def test_somebody_of_another_account_is_refused_without_asking(self, quicksight, names):
        with pytest.raises(QuickSightError, match="is of the account 210987654321"):
            applied(names, ANNA.replace(ACCOUNT, "210987654321"))
        assert quicksight.requests == []

    def test_the_wrong_identity_region_is_named(self, quicksight, names):
        words = "Operation is being called from endpoint us-east-1, but your identity region is eu-west-1."
        quicksight.scripted["DescribeUser"] = [Refusal("AccessDeniedException", words, 403)]

        with pytest.raises(QuickSightError, match="users in eu-west-1") as raised:
            applied(names)
        assert "eu-west-1" in raised.value.remedy

    def test_a_permission_that_is_missing_is_named(self, quicksight, names):
        words = "User: x is not authorized to perform: quicksight:CreateDataSet on resource: y"
        quicksight.scripted["CreateDataSet"] = [Refusal("AccessDeniedException", words, 403)]

        with pytest.raises(QuickSightError, match="access denied in CreateDataSet") as raised:
            applied(names)
        assert "quicksight:CreateDataSet" in raised.value.remedy

    def test_throttling_is_tried_again(self, quicksight, names):
        quicksight.scripted["CreateDataSet"] = [Refusal("ThrottlingException", "slow down", 429), None]

        assert done(applied(names)) == ["created"] * len(CREATIONS)


class TestRemoving:
    def test_everything_of_the_stage_and_nothing_else_is_removed_from_the_top_down(self, quicksight, names):
        other = AwsNames("u" + names.stage[1:])
        applied(names)
        applied(other)
        quicksight.requests.clear()

        removed = list(remove_dashboard(names, ACCOUNT))

        assert quicksight.changes == ["DeleteDashboard", *["DeleteDataSet"] * len(DATA_SETS), "DeleteDataSource"]
        assert removed[0] == f"dashboard {names.quicksight_dashboard}"
        assert len(removed) == len(CREATIONS)
        assert list(remove_dashboard(names, ACCOUNT)) == []
        assert done(applied(other)) == ["unchanged"] * len(CREATIONS)

    def test_it_can_be_made_again(self, quicksight, names):
        applied(names)
        list(remove_dashboard(names, ACCOUNT))

        assert done(applied(names)) == ["created"] * len(CREATIONS)

    def test_without_a_subscription_there_is_nothing_to_remove(self, quicksight, names):
        quicksight.scripted["DeleteDashboard"] = [UNSUBSCRIBED]

        assert list(remove_dashboard(names, ACCOUNT)) == []
        assert quicksight.changes == ["DeleteDashboard"]

    def test_destroying_says_what_it_has_removed(self, quicksight, names):
        applied(names)
        settings, said = Settings.model_construct(env="aws", stage=names.stage), []

        for _ in range(2):
            take_down_dashboard(settings, said.append, asked_for=False)

        assert len([line for line in said if line.startswith("  removed: ")]) == len(CREATIONS)
        assert said[-1] == "  not there"

    def test_a_refusal_is_an_error_only_for_those_who_asked_for_a_dashboard(self, quicksight, names):
        quicksight.scripted["DeleteDashboard"] = [Refusal("AccessDeniedException", "no", 403)]
        settings, said = Settings.model_construct(env="aws", stage=names.stage), []

        take_down_dashboard(settings, said.append, asked_for=False)
        assert "not looked for" in said[-1]
        with pytest.raises(QuickSightError, match="access denied in DeleteDashboard"):
            take_down_dashboard(settings, said.append, asked_for=True)

    def test_the_command_can_remove_the_dashboard_alone(self, quicksight, names, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)  # No .env here.
        applied(names)

        ended = CliRunner().invoke(infra, ["destroy", "--dashboard-only", "--stage", names.stage])

        assert ended.exit_code == 0, ended.output
        assert f"removed: data source {names.quicksight_source}" in ended.output
        assert CliRunner().invoke(infra, ["destroy", "--dashboard-only", "--data"]).exit_code == 2


class TestAsset:
    def settings(self, names: AwsNames, **given: Any) -> Settings:
        return load_settings(env="aws", stage=names.stage, **given)

    def test_without_the_setting_there_is_no_asset_and_no_job(self, names, tmp_path):
        for settings in (
            self.settings(names, feeds=tmp_path / "none"),
            load_settings(env="local", quicksight_principal=ANNA, feeds=tmp_path / "none"),
        ):
            definitions = build_definitions(settings)
            assert dg.AssetKey(["quicksight", "dashboard"]) not in definitions.resolve_all_asset_keys()
            assert "quicksight_dashboard" not in [job.name for job in definitions.resolve_all_job_defs()]

    def test_its_job_makes_the_dashboard_and_says_what_was_done_and_where_it_is(self, quicksight, names, tmp_path):
        settings = self.settings(names, quicksight_principal=ANNA, feeds=tmp_path / "none")
        definitions = build_definitions(settings)
        job = definitions.resolve_job_def("quicksight_dashboard")
        graph = definitions.resolve_asset_graph()
        key = dg.AssetKey(["quicksight", "dashboard"])
        assert {parent.path[0] for parent in graph.get(key).parent_keys} == {"spotify_marts"}

        with dg.DagsterInstance.ephemeral() as instance:
            told = []
            for _ in range(2):
                assert job.execute_in_process(instance=instance).success
                told.append(instance.get_latest_materialization_event(key).asset_materialization.metadata)
        assert [one["created"].value for one in told] == [len(CREATIONS), 0]
        assert [one["unchanged"].value for one in told] == [0, len(CREATIONS)]
        link = f"https://us-east-1.quicksight.aws.amazon.com/sn/dashboards/{names.quicksight_dashboard}"
        assert told[0]["dashboard"].value == link

    def test_it_stops_with_our_words_where_there_is_no_subscription(self, quicksight, names, tmp_path):
        quicksight.scripted["DescribeUser"] = [UNSUBSCRIBED]
        settings = self.settings(names, quicksight_principal=ANNA, feeds=tmp_path / "none")

        result = (
            build_definitions(settings).resolve_job_def("quicksight_dashboard").execute_in_process(raise_on_error=False)
        )

        assert not result.success
        [failure] = [event for event in result.all_events if event.is_step_failure]
        assert "no subscription" in str(failure.step_failure_data.error)


def test_what_moto_answers_is_what_it_is_said_to(quicksight, names):
    """Should moto learn more, the front may do less: this list is what moto's routes are asked for here."""
    applied(names)
    asked = {name for name, _ in quicksight.requests}
    assert asked & BY_MOTO >= {
        "CreateDataSource",
        "DescribeDataSource",
        "CreateDataSet",
        "CreateDashboard",
        "DescribeUser",
    }
