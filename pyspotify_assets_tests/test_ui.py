"""What `pyspotify run` made is there when `dagster dev` opens: in the pages of a real browser and behind them.

One folder, one run over three days of the sample, one server for the whole module. The order matters once: that the
sensors stay quiet is watched before a person materializes something, which gives them work.
"""

from __future__ import annotations

import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from pyspotify_assets.tables import MARTS
from pyspotify_assets_tests.ui_server import DagsterUI, dagster_dev, run_sample

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ui")]

DAYS = 3
GROUPS = {
    "spotify": ["search", "playlist"],
    "raw": ["popular_songs", "top_played"],
    "refined": ["popular_songs", "top_played"],
    "spotify_raw": ["popular_songs", "top_played"],
    "spotify_refined": ["popular_songs", "top_played"],
    "marts": [mart.name for mart in MARTS],
    "report": ["daily"],
}
SCHEDULES = {"daily_snapshot", "crawl_raw_at_noon", "crawl_refined_at_noon"}
SENSORS = {
    *("alerts", "raw_landed", "export_landed", "snapshot_when_allowed"),
    *("crawl_raw_when_newer", "crawl_refined_when_newer", "marts_when_crawled"),
}
ONCE_A_MINUTE = {"alerts", "snapshot_when_allowed"}
"""Sensors that tick half as often as the others."""
REPOSITORY = {"repositoryName": "__repository__", "repositoryLocationName": "pyspotify_assets"}

RUNS = "{ runsOrError { ... on Runs { results { runId jobName status } } } }"
NODES = """{ assetNodes { assetKey { path } groupName dependencyKeys { path } isMaterializable isPartitioned
             partitionStats { numMaterialized numFailed } assetMaterializations(limit: 1) { runId } } }"""
STALE = """query($path: [String!]!, $day: String!) { assetNodeOrError(assetKey: {path: $path}) { ... on AssetNode {
    staleStatus(partition: $day) staleCauses(partition: $day) { reason } } } }"""
MATERIALIZATIONS = """query($path: [String!]!, $day: String!) { assetOrError(assetKey: {path: $path}) { ... on Asset {
    assetMaterializations(partitions: [$day]) { runId partition } } } }"""
LOCATIONS = """{ workspaceOrError { ... on Workspace { locationEntries {
    name loadStatus locationOrLoadError { __typename ... on PythonError { message } } } } } }"""
AUTOMATIONS = """query($in: RepositorySelector!) {
    schedulesOrError(repositorySelector: $in) { ... on Schedules { results { name scheduleState { status } } } }
    sensorsOrError(repositorySelector: $in) { ... on Sensors { results {
        name sensorState { status ticks { status skipReason error { message } } } } } } }"""
_RESULT = "{ ... on DryRunInstigationTick { evaluationResult { skipReason error { message } runRequests { %s } } } }"
SENSOR_DRY_RUN = (
    f"mutation($of: SensorSelector!) {{ sensorDryRun(selectorData: $of, cursor: null) {_RESULT % 'jobName'} }}"
)
SCHEDULE_DRY_RUN = """mutation($of: ScheduleSelector!, $at: Float!) {
    scheduleDryRun(selectorData: $of, timestamp: $at) %s }""" % (_RESULT % "tags { key value }")


@pytest.fixture(scope="module")
def ui(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DagsterUI]:
    """`dagster dev` over what `pyspotify run` made."""
    folder = tmp_path_factory.mktemp("ui")
    run_sample(folder, DAYS)
    far = (datetime.now(UTC).hour + 12) % 24  # The daily snapshot shall not begin while the module looks on.
    with dagster_dev(folder, PYSPOTIFY_SNAPSHOT_HOUR=str(far)) as running:
        yield running


@pytest.fixture
def page(chromium: Any, ui: DagsterUI) -> Iterator[Any]:
    """A page whose addresses are relative to the server. Whatever it visits must load without an error."""
    # The graph draws only what is in sight: the window is large enough for all of it.
    context = chromium.new_context(base_url=ui.address, viewport={"width": 1900, "height": 1600})
    context.set_default_timeout(20_000)
    opened, complaints = context.new_page(), []
    opened.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("response", lambda got: complaints.append(f"{got.status} {got.url}") if got.status >= 400 else None)
    yield opened
    context.close()
    assert complaints == []


@pytest.fixture(scope="module")
def days(ui: DagsterUI) -> list[str]:
    """The days that the run made, ascending."""
    folders = (ui.folder / "lake" / "sample" / "refined" / "popular_songs").glob("snapshot_date=*")
    return sorted(folder.name.removeprefix("snapshot_date=") for folder in folders)


def runs(ui: DagsterUI) -> list[dict[str, str]]:
    return ui.graphql(RUNS)["runsOrError"]["results"]


def eventually(true: Callable[[], Any], seconds: float, what: str) -> Any:
    """The first result of `true` that is not false, waited for at most so long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := true():
            return result
        time.sleep(0.5)
    pytest.fail(f"not within {seconds} s: {what}")


def dry_run_of_sensor(ui: DagsterUI, name: str) -> dict[str, Any]:
    told = ui.graphql(SENSOR_DRY_RUN, of={**REPOSITORY, "sensorName": name})
    return told["sensorDryRun"]["evaluationResult"]


def test_the_code_location_loads(ui: DagsterUI):
    [location] = ui.graphql(LOCATIONS)["workspaceOrError"]["locationEntries"]
    assert location["locationOrLoadError"] == {"__typename": "RepositoryLocation"}
    assert (location["name"], location["loadStatus"]) == ("pyspotify_assets", "LOADED")


def test_what_the_run_made_is_in_the_instance_that_the_ui_opens(ui: DagsterUI, days: list[str]):
    assert len(days) == DAYS
    assert ("full_refresh", "SUCCESS") in {(run["jobName"], run["status"]) for run in runs(ui)}
    there = [node for node in ui.graphql(NODES)["assetNodes"] if node["isMaterializable"]]
    made = [node for node in there if node["groupName"] != "listening"]  # Of which nothing has been imported.
    assert len(made) == sum(map(len, GROUPS.values())) - len(GROUPS["spotify"])
    for node in made:
        assert node["assetMaterializations"], node["assetKey"]
        if node["isPartitioned"]:
            assert node["partitionStats"] == {"numMaterialized": DAYS, "numFailed": 0}, node["assetKey"]


def test_nothing_that_the_run_made_is_called_unsynced(ui: DagsterUI, days: list[str]):
    for node in ui.graphql(NODES)["assetNodes"]:
        if node["isPartitioned"]:
            path = node["assetKey"]["path"]
            told = ui.graphql(STALE, path=path, day=days[-1])["assetNodeOrError"]
            assert told == {"staleStatus": "FRESH", "staleCauses": []}, path


def test_the_timeline_that_the_ui_opens_with_shows_the_run(page: Any):
    page.goto("/overview/activity/timeline")
    page.get_by_role("link", name="full_refresh").wait_for()


@pytest.mark.parametrize("asset", ["refined/popular_songs", "spotify_marts/chart_movement", "report/daily"])
def test_a_page_of_an_asset_shows_its_days(page: Any, days: list[str], asset: str):
    page.goto(f"/assets/{asset}?view=partitions&partition={days[-1]}")
    page.get_by_text(f"Materialized ({DAYS})").wait_for()
    page.get_by_text("Failed (0)").wait_for()
    page.get_by_text(f"snapshot_date={days[-1]}" if "/daily" not in asset else f"{days[-1]}.html").first.wait_for()


def test_an_overview_shows_description_columns_and_checks(page: Any):
    page.goto("/assets/refined/popular_songs?view=overview")
    page.get_by_text("Whether the lyrics are marked explicit").wait_for()
    page.get_by_text("Never materialized").wait_for(state="detached")
    page.goto("/assets/refined/popular_songs?view=checks")
    page.get_by_text("rows_accounted_for").first.click()
    page.get_by_text("Raw rows = refined + duplicates + quarantined.").wait_for()


def test_a_mart_shows_a_picture_per_feed_rows_and_where_its_columns_come_from(page: Any):
    page.goto("/assets/spotify_marts/top_artists?view=overview")
    pictures = page.get_by_alt_text("Artists with most tracks")
    for number in range(2):
        assert drawn(pictures.nth(number))
    for heading in ("artist_name", "best_rank", "at Spotify", "from spotify_refined"):
        page.get_by_role("columnheader", name=heading, exact=True).or_(
            page.get_by_text(heading, exact=True)
        ).first.wait_for()
    page.get_by_role("row", name="best_rank rank position", exact=True).wait_for()
    page.get_by_role("link", name="report / daily").first.wait_for()


def test_a_figure_of_a_mart_is_plotted_over_the_days(page: Any, ui: DagsterUI, days: list[str]):
    page.goto("/assets/spotify_marts/chart_movement?view=overview")
    page.get_by_role("button", name="Plots").click()
    for figure in ("popular_songs/newcomers", "top_played/biggest_climb", "bytes"):
        page.get_by_text(figure, exact=True).wait_for()
    assert page.locator("canvas").count() > 10


def test_the_report_shows_its_facts_and_the_way_of_the_leaders(page: Any, days: list[str]):
    page.goto(f"/assets/report/daily?view=partitions&partition={days[-1]}")
    assert drawn(page.get_by_alt_text(f"The day's first 5 over {DAYS} snapshots").first)
    page.get_by_role("listitem").filter(has_text="made the longest climb").wait_for()


def drawn(picture: Any) -> bool:
    """Whether an image is there and could be read: one that is broken has no width."""
    picture.wait_for()
    return picture.evaluate("image => image.decode().then(() => image.naturalWidth > 0)")


def test_the_lineage_leads_from_the_search_to_the_report(page: Any, ui: DagsterUI):
    parents = {
        "/".join(node["assetKey"]["path"]): ["/".join(key["path"]) for key in node["dependencyKeys"]]
        for node in ui.graphql(NODES)["assetNodes"]
    }
    ancestors: set[str] = set()
    open_ends = ["report/daily"]
    while open_ends:
        further = set(parents[open_ends.pop()]) - ancestors
        ancestors |= further
        open_ends += further
    assert ancestors >= {
        "spotify/search",
        "raw/popular_songs",
        "refined/popular_songs",
        "spotify_refined/popular_songs",
    }
    assert ancestors >= {"spotify/playlist", "spotify_marts/chart_movement"}

    page.goto("/asset-groups?expanded=" + ",".join(f"global@global:{group}" for group in GROUPS))
    graph = page.locator("foreignObject")
    for name in {name for names in GROUPS.values() for name in names}:
        for number in range(sum(names.count(name) for names in GROUPS.values())):
            graph.get_by_text(name, exact=True).nth(number).wait_for()
    for group in GROUPS:
        graph.get_by_text(group, exact=True).first.wait_for()


def test_schedules_and_sensors_are_running(page: Any, ui: DagsterUI):
    told = ui.graphql(AUTOMATIONS, **{"in": REPOSITORY})
    schedules = {each["name"]: each["scheduleState"]["status"] for each in told["schedulesOrError"]["results"]}
    sensors = {each["name"]: each["sensorState"]["status"] for each in told["sensorsOrError"]["results"]}
    assert schedules == dict.fromkeys(SCHEDULES, "RUNNING")
    assert sensors == dict.fromkeys(SENSORS, "RUNNING")
    page.goto("/automation")
    for name in SCHEDULES | SENSORS:
        page.get_by_text(name, exact=True).first.wait_for()


def test_the_schedules_ask_for_what_they_should(ui: DagsterUI):
    asked, today = {}, datetime.now(UTC).date()
    at = datetime(today.year, today.month, today.day, tzinfo=UTC).timestamp() - 1
    for name in SCHEDULES:
        told = ui.graphql(SCHEDULE_DRY_RUN, of={**REPOSITORY, "scheduleName": name}, at=at)
        asked[name] = told["scheduleDryRun"]["evaluationResult"]
        assert asked[name]["error"] is None
    [request] = asked["daily_snapshot"]["runRequests"]
    assert {"key": "dagster/partition", "value": today.isoformat()} in request["tags"]
    for name in SCHEDULES - {"daily_snapshot"}:
        assert asked[name]["skipReason"] == "Nothing is newer than the last successful crawl."


def test_the_sensors_find_nothing_to_do_and_start_nothing(ui: DagsterUI):
    before = runs(ui)

    def ticked_twice() -> list[dict[str, Any]]:
        told = ui.graphql(AUTOMATIONS, **{"in": REPOSITORY})["sensorsOrError"]["results"]
        done = {
            each["name"]: [tick for tick in each["sensorState"]["ticks"] if tick["status"] != "STARTED"]
            for each in told
        }
        often = all(len(ticks) >= (1 if name in ONCE_A_MINUTE else 2) for name, ticks in done.items())
        return [tick for ticks in done.values() for tick in ticks] if often else []

    for tick in eventually(ticked_twice, 60, "every sensor ticks twice"):
        assert (tick["status"], tick["error"]) == ("SKIPPED", None)
        assert tick["skipReason"]
    assert runs(ui) == before
    for name in SENSORS:
        assert dry_run_of_sensor(ui, name)["error"] is None


def test_a_day_is_materialized_from_the_page_and_the_crawler_notices(page: Any, ui: DagsterUI, days: list[str]):
    def events() -> list[dict[str, str]]:
        told = ui.graphql(MATERIALIZATIONS, path=["refined", "popular_songs"], day=days[0])
        return told["assetOrError"]["assetMaterializations"]

    known = {run["runId"] for run in runs(ui)}
    assert len(events()) == 1
    page.goto("/assets/refined/popular_songs?view=partitions")
    page.get_by_text(f"Materialized ({DAYS})").wait_for()
    page.get_by_text("Materialize…", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_placeholder("No matching partitions").fill(days[0])
    page.keyboard.press("Tab")
    dialog.get_by_text("Launch 1 run").click()

    def finished() -> dict[str, str] | None:
        new = (run for run in runs(ui) if run["runId"] not in known)
        return next((run for run in new if run["status"] in ("SUCCESS", "FAILURE")), None)

    run = eventually(finished, 40, "the run that the button launched ends")
    assert run["status"] == "SUCCESS"
    newest, _ = events()
    assert newest["runId"] == run["runId"]
    page.goto(f"/runs/{run['runId']}")
    page.get_by_text("Success").first.wait_for()
    noticed = dry_run_of_sensor(ui, "crawl_refined_when_newer")
    assert noticed["error"] is None
    assert noticed["runRequests"] or "way" in noticed["skipReason"]  # Or the sensor's own tick was faster.


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "evil.example"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "https://evil.example", "Content-Type": "text/plain"}, 403),
    ],
)
def test_the_server_does_nothing_for_pages_of_other_places(ui: DagsterUI, headers: dict[str, str], status: int):
    """As a form or script of another page would ask: in the query, which takes no leave of the browser's."""
    address = f"{ui.address}/graphql?query=%7Bversion%7D"
    request = urllib.request.Request(address, b"", headers, method="POST")  # noqa: S310 - our own address
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            found = answer.status
    except urllib.error.HTTPError as refused:
        found = refused.code
    assert found == status


def test_the_server_prints_no_error(ui: DagsterUI):
    printed = ui.printed()
    assert "Serving dagster-webserver on" in printed
    for word in ("Traceback", "ERROR", "Error", "CRITICAL", "FAILURE"):
        assert word not in printed
    assert set(re.findall(r"\w*Warning\b", printed)) <= {"SupersessionWarning"}  # Of `dagster dev`, about `dg dev`.
