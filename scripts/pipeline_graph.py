"""The pipeline as its definitions say: the graph of assets for mermaid, and tables of jobs, schedules and sensors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

import dagster as dg

from pyspotify_assets.definitions import build_definitions
from pyspotify_assets.feeds import DEFAULT_FEEDS
from pyspotify_assets.settings import load_settings
from pyspotify_assets.tables import MARTS
from scripts.markdown import table

_FEED_NAMES = {feed.name for feed in DEFAULT_FEEDS}
_KINDS = {"search", "playlist"}
_MART_NAMES = {mart.name for mart in MARTS}
_ANY = {"spotify": "<kind>", "spotify_marts": "<mart>"}


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


def asset_drawing() -> str:
    """`asset_edges` in mermaid, the feeds' chain apart from the listening history's."""
    edges = asset_edges()
    listening = _reached("spotify/listening_history", edges)
    nodes = sorted({node for edge in edges for node in edge})
    lines = ["flowchart LR"]
    for title, inside in (
        ("every day, for every feed", [node for node in nodes if node not in listening]),
        ("whenever an export is imported", [node for node in nodes if node in listening]),
    ):
        lines.append(f'  subgraph {_id(title)}["{title}"]')
        lines += [f'    {_id(node)}["{_shown(node)}"]' for node in inside]
        lines.append("  end")
    lines += [f"  {_id(parent)} --> {_id(child)}" for parent, child in edges]
    return _mermaid(lines)


def layer_drawing(arrows: Iterable[tuple[str, str]], holds: dict[str, Sequence[str]]) -> str:
    """The layers of the code in mermaid, from the top to the bottom, with the modules that each holds."""
    lines = ["flowchart TD"]
    lines += [f'  {_id(name)}["<b>{name}</b><br/>{" · ".join(modules)}"]' for name, modules in holds.items()]
    lines += [f"  {_id(above)} --> {_id(below)}" for above, below in arrows]
    return _mermaid(lines)


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
    if area in _ANY and name in _KINDS | _MART_NAMES:
        return f"{area}/{_ANY[area]}"
    return f"{area}/{name}"


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


def _shown(name: str) -> str:
    return name.replace("<", "&lt;").replace(">", "&gt;")


def _mermaid(lines: Sequence[str]) -> str:
    return "\n".join(("```mermaid", *lines, "```"))
