"""The pipeline as its definitions say: the graph of assets for mermaid, and tables of jobs, schedules and sensors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

import dagster as dg

from pyspotify_assets.definitions import build_definitions
from pyspotify_assets.feeds import DEFAULT_FEEDS
from pyspotify_assets.settings import load_settings
from pyspotify_assets.tables import LISTENING, MARTS
from scripts.markdown import table

_FEED_NAMES = {feed.name for feed in DEFAULT_FEEDS}
_ANY = {
    **{f"spotify/{kind}": "spotify/<kind>" for kind in ("search", "playlist")},
    **{f"spotify_marts/{mart.name}": "spotify_marts/<mart>" for mart in MARTS},
    **{f"spotify_marts/{mart.name}": "spotify_marts/<listening mart>" for mart in LISTENING},
}
_STEPS = {
    ("spotify", "raw"): "snapshot",
    ("spotify", "refined"): "import",
    ("raw", "refined"): "refine",
    ("raw", "spotify_raw"): "crawl",
    ("refined", "spotify_refined"): "crawl",
    ("spotify_refined", "spotify_marts"): "Athena SQL",
    ("spotify_marts", "report"): "render",
}
"""From area to area: what is done on the way."""


@cache
def definitions() -> dg.Definitions:
    """The project with its default feeds, whatever this machine's environment says."""
    return build_definitions(
        load_settings(env="local", source="sample", feeds="no-such-feeds.toml", start="2023-01-01")
    )


def asset_edges() -> list[tuple[str, str]]:
    """From asset to asset. What is alike is there once: `raw/<feed>` for all feeds, `spotify_marts/<mart>` for all."""
    graph = definitions().resolve_asset_graph()
    edges = {
        (_alike(parent), _alike(key)) for key in graph.get_all_asset_keys() for parent in graph.get(key).parent_keys
    }
    return sorted(edges)


def asset_drawing(root: str) -> str:
    """The part of `asset_edges` that begins at `root`, in mermaid. Round: outside of this project; a drum: a table."""
    edges = asset_edges()
    inside = _reached(root, edges)
    lines = ["flowchart LR"]
    lines += [f"  {_node(name)}" for name in sorted(inside)]
    for parent, child in edges:
        if parent in inside:
            step = _STEPS.get((_area(parent), _area(child)), "")
            lines.append(f"  {_id(parent)} -->{f'|{step}|' if step else ''} {_id(child)}")
    return _mermaid(lines)


def layer_drawing(arrows: Iterable[tuple[str, str]]) -> str:
    """The layers of the code in mermaid, from the top to the bottom."""
    return _mermaid(
        ["flowchart LR", *(f"  {_id(above)}[{above}] --> {_id(below)}[{below}]" for above, below in arrows)]
    )


def automation_table() -> str:
    """Schedules and sensors: when each looks, what it starts, and what it is for."""
    defined = definitions()
    known = {job.name for job in defined.jobs or ()}
    rows = []
    for schedule in sorted(defined.schedules or (), key=lambda one: one.name):
        rows.append(
            (f"`{schedule.name}`", f"`{schedule.cron_schedule}`", f"`{schedule.job_name}`", schedule.description)
        )
    for sensor in sorted(defined.sensors or (), key=lambda one: one.name):
        if not sensor.targets:
            target = "nothing: it tells"
        else:
            target = f"`{sensor.job_name}`" if sensor.job_name in known else "raw and refined of that feed"
        rows.append((f"`{sensor.name}`", f"each {sensor.minimum_interval_seconds} s", target, sensor.description))
    return table(("schedule or sensor", "looks", "starts", "for what"), rows)


def job_table() -> str:
    """The jobs and what each is for."""
    jobs = sorted(definitions().jobs or (), key=lambda one: one.name)
    return table(("job", "does"), [(f"`{job.name}`", job.description) for job in jobs])


def _alike(key: dg.AssetKey) -> str:
    area, name = key.path
    if name in _FEED_NAMES:
        return f"{area}/<feed>"
    return _ANY.get(f"{area}/{name}", f"{area}/{name}")


def _area(name: str) -> str:
    return name.partition("/")[0]


def _reached(root: str, edges: Sequence[tuple[str, str]]) -> set[str]:
    found, waiting = {root}, [root]
    while waiting:
        parent = waiting.pop()
        more = {child for above, child in edges if above == parent} - found
        found |= more
        waiting += more
    return found


def _id(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name)


def _node(name: str) -> str:
    shown = name.replace("<", "#lt;").replace(">", "#gt;")
    if _area(name) == "spotify":
        return f'{_id(name)}(["{shown}"])'
    return f'{_id(name)}[("{shown}")]' if _area(name).startswith("spotify_") else f'{_id(name)}["{shown}"]'


def _mermaid(lines: Sequence[str]) -> str:
    return "\n".join(("```mermaid", *lines, "```"))
