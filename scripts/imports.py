"""Who imports whom: the package's modules in layers, from their source, and the arrows between the layers.

A layer may import itself and those below it. `test_documents.py` holds every module to that.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "pyspotify_assets"


@dataclass(frozen=True)
class Layer:
    """Modules and packages (dotted, without `pyspotify_assets.`) that stand on one level."""

    name: str
    holds: str
    modules: tuple[str, ...]


LAYERS = (
    Layer(
        "terminal",
        "the command `pyspotify`, what `doctor` looks at, and what stands before Dagster's pages",
        ("cli", "terminal", "diagnosis", "webserver"),
    ),
    Layer("definitions", "puts everything together for Dagster; nothing else", ("definitions",)),
    Layer(
        "Dagster",
        "thin assets, the jobs over them, what starts these, what Dagster remembers",
        (
            "assets",
            "jobs",
            "expiry",
            "schedules",
            "sensors",
            "landing_sensors",
            "history",
            "event_log",
            "alerts.history",
            "alerts.rounds",
            "alerts.sensor",
        ),
    ),
    Layer(
        "resources",
        "what assets ask for, by environment: the one place that knows `local` from `aws`",
        ("resources", "refiners", "pipes_glue"),
    ),
    Layer(
        "days",
        "how one day of each layer comes to be: read, make, check, publish; planned, verified, told, shown at a glance",
        (
            *("daily", "plays", "marts", "planning", "lineage", "glance", "pictures", "quicksight"),
            *("alerts", "verification", "retention", "quarantine"),
        ),
    ),
    Layer(
        "work",
        "Spotify, crawlers and SQL engines, raw → refined, the page, the checks",
        (
            "spotify",
            "aws.secret",
            "aws.secret_tokens",
            "warehouse",
            "refine",
            "best_ranks",
            "track_numbers",
            "typed_rows",
            "landing",
            "report",
            "checks",
            "health",
        ),
    ),
    Layer(
        "files",
        "the lake and its stores, CSV and Parquet, Dagster's IO manager over them, sessions of AWS",
        (
            *("io_manager", "lake", "stores", "table_files", "tabular", "raw_csv", "csv_structure", "casting"),
            *("row_groups", "ahead", "literals"),
            *("aws.session", "aws.refusals", "aws.permissions", "aws.waiting", "aws"),
        ),
    ),
    Layer(
        "declarations",
        "tables, feeds, settings and names; what follows from them; the errors; the SQL",
        ("tables", "contract", "schemas", "feeds", "settings", "names", "errors", "clock", "day_ranges", "sql"),
    ),
)
"""From the top to the bottom."""


def layer_of(module: str) -> Layer | None:
    """The layer of a module, by the longest of the names that it has or lies under; None if it is in none."""
    fitting = [
        (len(name), layer)
        for layer in LAYERS
        for name in layer.modules
        if module == name or module.startswith(f"{name}.")
    ]
    return max(fitting, key=lambda found: found[0])[1] if fitting else None


def modules() -> Mapping[str, Path]:
    """Dotted name below the package → file; without the package's own `__init__`, the way in for notebooks."""
    names = {
        file.relative_to(PACKAGE).with_suffix("").as_posix().replace("/", "."): file for file in PACKAGE.rglob("*.py")
    }
    return {name.removesuffix(".__init__"): file for name, file in sorted(names.items()) if name != "__init__"}


def imported(file: Path, known: Mapping[str, Path]) -> Iterator[str]:
    """The modules of the package that a file imports, also inside functions; not those for type checkers alone."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in _executed(tree):
        if not isinstance(node, ast.ImportFrom) or not node.module:
            continue
        base = node.module.removeprefix("pyspotify_assets").removeprefix(".")
        if node.module.partition(".")[0] != "pyspotify_assets":
            continue
        for alias in node.names:
            inner = f"{base}.{alias.name}".removeprefix(".")
            yield inner if inner in known else base


def _executed(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _executed(child)


def upward() -> list[str]:
    """Every import of a module that lies in a higher layer, in words; none if the arrows point one way."""
    known, order, words = modules(), {layer.name: place for place, layer in enumerate(LAYERS)}, []
    for name, file in known.items():
        layer = layer_of(name)
        if layer is None:
            words.append(f"{name} is in no layer of scripts/imports.py")
            continue
        for other in sorted(set(imported(file, known))):
            target = layer_of(other)
            if target is not None and order[target.name] < order[layer.name]:
                words.append(f"{name} ({layer.name}) imports {other} ({target.name})")
    return words


def arrows() -> list[tuple[str, str]]:
    """From layer to layer: those that are needed. One that a longer way covers too is left out."""
    known = modules()
    direct: dict[str, set[str]] = {layer.name: set() for layer in LAYERS}
    for name, file in known.items():
        layer = layer_of(name)
        for other in imported(file, known):
            target = layer_of(other)
            if layer is not None and target is not None and target is not layer:
                direct[layer.name].add(target.name)

    def reach(start: str) -> set[str]:
        return {start}.union(*(reach(after) for after in direct[start]))

    return [
        (layer.name, target.name)
        for layer in LAYERS
        for target in LAYERS
        if target.name in direct[layer.name]
        and not any(target.name in reach(other) for other in direct[layer.name] - {target.name})
    ]
