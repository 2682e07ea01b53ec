"""What is sent to QuickSight: valid by botocore's own model, consistent in itself. No real QuickSight has seen it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from pyspotify_assets.feeds import DEFAULT_FEEDS, Feed
from pyspotify_assets.names import AwsNames
from pyspotify_assets.quicksight.data_sets import DATA_SETS
from pyspotify_assets.quicksight.declared import Declared, declared
from pyspotify_assets.quicksight.kinds import DASHBOARD, DATA_SET, DATA_SOURCE, Kind
from pyspotify_assets.quicksight.visuals import COLUMNS, SHEETS
from pyspotify_assets.tables import MARTS

ACCOUNT, REGION = "123456789012", "eu-west-1"
ANNA = f"arn:aws:quicksight:us-east-1:{ACCOUNT}:user/default/anna"
MODEL = botocore.session.Session().get_service_model("quicksight")
WHOLE = declared(AwsNames("dev"), DEFAULT_FEEDS, ACCOUNT, REGION)
THINGS = [
    (DATA_SOURCE, WHOLE.data_source),
    *((DATA_SET, one) for one in WHOLE.data_sets),
    (DASHBOARD, WHOLE.dashboard),
]
DEFINITION: dict[str, Any] = WHOLE.dashboard.arguments["Definition"]


def faults(operation: str, request: dict[str, Any]) -> list[str]:
    """What botocore's model has against a request: what botocore checks, and what it lets pass."""
    shape = MODEL.operation_model(operation).input_shape
    found = [ParamValidator().validate(request, shape).generate_report(), *_closer(shape, request, operation)]
    return [fault for fault in found if fault]


def _closer(shape: Any, value: Any, path: str) -> Iterator[str]:
    """Enumerations, patterns, lengths of lists: in the model, but nothing that botocore checks before it sends."""
    if shape.type_name == "structure":
        for name, part in value.items():
            if name not in shape.members:
                yield f"{path}.{name} is not a member"
            else:
                yield from _closer(shape.members[name], part, f"{path}.{name}")
    elif shape.type_name in ("list", "map"):
        size = len(value)
        if not shape.metadata.get("min", 0) <= size <= shape.metadata.get("max", size):
            yield f"{path} has {size} parts"
        parts = enumerate(value) if shape.type_name == "list" else value.items()
        member = shape.member if shape.type_name == "list" else shape.value
        for key, part in parts:
            yield from _closer(member, part, f"{path}[{key}]")
    elif shape.type_name == "string":
        if getattr(shape, "enum", None) and value not in shape.enum:
            yield f"{path} = {value!r} is none of {shape.enum}"
        if len(value) > shape.metadata.get("max", len(value)):
            yield f"{path} is too long"
        pattern = shape.metadata.get("pattern", "").replace(r"\p{Cc}", r"\x00-\x1f")
        if pattern and not re.fullmatch(pattern.strip("^$"), value):
            yield f"{path} = {value!r} does not match {pattern}"
    elif shape.type_name in ("integer", "long", "double") and value > shape.metadata.get("max", value):
        yield f"{path} = {value} is too large"


@pytest.mark.parametrize(("kind", "one"), THINGS, ids=[one.id for _, one in THINGS])
def test_every_request_is_valid_by_botocores_model(kind: Kind, one: Declared):
    place = {"AwsAccountId": ACCOUNT, kind.id: one.id}
    tags = [{"Key": "definition", "Value": one.fingerprint}]
    version = {"VersionDescription": one.fingerprint} if kind is DASHBOARD else {}
    created = place | dict(one.arguments) | version | {"Permissions": kind.grant(ANNA), "Tags": tags}
    name = kind.answer

    assert faults(f"Create{name}", created) == []
    assert faults(f"Update{name}", place | kind.update_arguments(one) | version) == []
    granted = place | {"GrantPermissions": kind.grant(ANNA)}
    assert faults(f"Update{name}Permissions", granted) == []


def test_the_look_at_requests_finds_what_botocore_lets_pass():
    wrong = {"AwsAccountId": ACCOUNT, "DataSetId": "x", "Name": "x", "ImportMode": "FAST", "PhysicalTableMap": {}}

    assert any("FAST" in fault for fault in faults("CreateDataSet", wrong))
    assert any(
        "does not match" in fault
        for fault in faults("DescribeDashboard", {"AwsAccountId": ACCOUNT, "DashboardId": "a b"})
    )


def columns_of(value: Any) -> Iterator[tuple[str, str]]:
    """Every column that is referred to anywhere below."""
    if isinstance(value, dict):
        if "ColumnName" in value:
            yield value["DataSetIdentifier"], value["ColumnName"]
        for part in value.values():
            yield from columns_of(part)
    elif isinstance(value, list):
        for part in value:
            yield from columns_of(part)


def values_of(value: Any, name: str) -> Iterator[Any]:
    """Every member of that name anywhere below."""
    if isinstance(value, dict):
        if name in value:
            yield value[name]
        for part in value.values():
            yield from values_of(part, name)
    elif isinstance(value, list):
        for part in value:
            yield from values_of(part, name)


def test_every_mart_of_snapshots_has_a_data_set_and_each_is_declared_to_the_dashboard():
    assert [one.mart for one in DATA_SETS] == [mart.name for mart in MARTS]
    named = {one["Identifier"]: one["DataSetArn"] for one in DEFINITION["DataSetIdentifierDeclarations"]}
    assert named == {mart.name: one.arn for mart, one in zip(MARTS, WHOLE.data_sets, strict=True)}


def test_every_column_that_is_referred_to_is_in_its_data_set():
    known = {(one.mart, field.name) for one in DATA_SETS for field in one.fields}
    used = set(columns_of(DEFINITION))
    assert used
    assert used <= known


def test_every_data_set_has_the_columns_that_people_choose_by():
    for one in DATA_SETS:
        assert {"feed", "edition", "day"} <= {field.name for field in one.fields}


def test_no_id_is_given_twice():
    for name in ("SheetId", "VisualId", "FilterGroupId", "FilterId", "FilterControlId"):
        sheets = DEFINITION["FilterGroups"] if name in ("FilterGroupId", "FilterId") else DEFINITION["Sheets"]
        ids = list(values_of(sheets, name))
        assert ids
        assert len(ids) == len(set(ids)), name
    for sheet in DEFINITION["Sheets"]:
        for visual in sheet["Visuals"]:
            wells = next(iter(visual.values()))["ChartConfiguration"]["FieldWells"]
            ids = list(values_of(wells, "FieldId"))
            assert len(ids) == len(set(ids))


def test_sorting_labels_and_options_name_fields_that_the_visual_has():
    for sheet in DEFINITION["Sheets"]:
        for visual in sheet["Visuals"]:
            chart = next(iter(visual.values()))["ChartConfiguration"]
            assert set(values_of(chart, "FieldId")) == set(values_of(chart["FieldWells"], "FieldId"))


def test_filters_reach_only_visuals_that_there_are_and_the_feed_reaches_all():
    sheets = {sheet["SheetId"]: set(values_of(sheet["Visuals"], "VisualId")) for sheet in DEFINITION["Sheets"]}
    scopes = {}
    for group in DEFINITION["FilterGroups"]:
        [configurations] = values_of(group, "SheetVisualScopingConfigurations")
        scopes[group["FilterGroupId"]] = {one["SheetId"]: set(one["VisualIds"]) for one in configurations}
    for reached in scopes.values():
        assert all(visuals and visuals <= sheets[sheet] for sheet, visuals in reached.items())
    assert scopes["filter-feed-group"] == sheets


def test_a_visual_of_all_days_is_not_reached_by_the_day():
    [group] = [one for one in DEFINITION["FilterGroups"] if one["FilterGroupId"] == "filter-edition-group"]
    reached = {visual for ids in values_of(group, "VisualIds") for visual in ids}
    assert reached == {one.id for sheet in SHEETS for one in sheet.visuals if one.of_one_day}
    assert {"ranks", "courses", "popularity-mean"} & reached == set()


def test_every_control_stands_above_its_sheet_and_names_a_filter():
    filters = set(values_of(DEFINITION["FilterGroups"], "FilterId"))
    for sheet in DEFINITION["Sheets"]:
        controls = {one["CrossSheet"]["FilterControlId"]: one["CrossSheet"] for one in sheet["FilterControls"]}
        assert {one["SourceFilterId"] for one in controls.values()} <= filters
        assert set(values_of(sheet["SheetControlLayouts"], "ElementId")) == set(controls)


def test_every_visual_has_a_place_and_no_two_overlap():
    for sheet in DEFINITION["Sheets"]:
        [elements] = values_of(sheet["Layouts"], "Elements")
        assert {one["ElementId"] for one in elements} == set(values_of(sheet["Visuals"], "VisualId"))
        for one in elements:
            assert one["ColumnIndex"] + one["ColumnSpan"] <= COLUMNS
        for one, other in combinations(elements, 2):
            apart = any(
                first[f"{way}Index"] + first[f"{way}Span"] <= second[f"{way}Index"]
                for way in ("Column", "Row")
                for first, second in ((one, other), (other, one))
            )
            assert apart, (one, other)


def test_the_dashboard_opens_on_the_newest_day_of_the_first_feed():
    feeds = (Feed("mine", "search", query="x"), *DEFAULT_FEEDS)
    definition = declared(AwsNames(), feeds, ACCOUNT, REGION).dashboard.arguments["Definition"]
    chosen = [list(values_of(group, "CategoryValues")) for group in definition["FilterGroups"][:2]]
    assert chosen == [[["mine"]], [["newest"]]]


def test_each_stage_has_things_and_databases_of_its_own():
    dev, prod = WHOLE, declared(AwsNames(), DEFAULT_FEEDS, ACCOUNT, REGION)
    ids = [{one.id for one in (whole.data_source, *whole.data_sets, whole.dashboard)} for whole in (dev, prod)]
    assert not ids[0] & ids[1]
    for whole, database in ((dev, "spotify_marts_dev"), (prod, "spotify_marts")):
        for one in whole.data_sets:
            [sql] = values_of(one.arguments, "SqlQuery")
            assert set(re.findall(r'"?(spotify_marts\w*)"?\.', sql)) == {database}
        parameters = whole.data_source.arguments["DataSourceParameters"]["AthenaParameters"]
        assert parameters["WorkGroup"] == ("spotify-dev" if whole is dev else "spotify")
        assert parameters["RoleArn"].endswith(":role/spotify-quicksight" + ("-dev" if whole is dev else ""))


def test_arns_are_of_the_regions_partition():
    whole = declared(AwsNames(), DEFAULT_FEEDS, ACCOUNT, "us-gov-west-1")
    assert {one.arn.split(":")[1] for one in (whole.data_source, *whole.data_sets, whole.dashboard)} == {"aws-us-gov"}


def test_the_fingerprint_changes_with_the_definition_and_with_nothing_else():
    again = declared(AwsNames("dev"), DEFAULT_FEEDS, ACCOUNT, REGION)
    assert again.dashboard.fingerprint == WHOLE.dashboard.fingerprint
    other = declared(AwsNames("dev"), DEFAULT_FEEDS[1:], ACCOUNT, REGION)
    assert other.dashboard.fingerprint != WHOLE.dashboard.fingerprint
    assert [one.fingerprint for one in other.data_sets] == [one.fingerprint for one in WHOLE.data_sets]
