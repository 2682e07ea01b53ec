"""Which modules of the project the handler needs: found by following imports, so that no list can be out of date.

Imports inside functions are followed too, except those of a package that is only on the way to one of its modules: its
functions are not called (`pyspotify_assets.read` needs all of Dagster). Those for type checkers are not followed.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
ENTRY = "lambda_function.handler"
_OURS = ("lambda_function", "pyspotify_assets")


@dataclass(frozen=True)
class Needed:
    """`modules`: name → file, of the project; `libraries`: whatever else is imported."""

    modules: dict[str, Path]
    libraries: dict[str, list[str]]
    """Top-level name → the modules that import it; the standard library left out."""


def needed(entry: str = ENTRY, root: Path = ROOT) -> Needed:
    """All modules of the project that `entry` needs, itself and the packages around them included."""
    modules: dict[str, Path] = {}
    libraries: dict[str, set[str]] = {}
    waiting, done = [(entry, True)], set()
    while waiting:
        name, used = waiting.pop()
        file = _file_of(name, root)
        if (name, used) in done or file is None:
            continue
        done.add((name, used))
        modules[name] = file
        if "." in name:
            waiting.append((name.rpartition(".")[0], False))
        for imported in _imports(ast.parse(file.read_text(encoding="utf-8"), str(file)), used):
            top = imported.partition(".")[0]
            if top in _OURS:
                waiting.append((imported, True))
            elif top not in sys.stdlib_module_names:
                libraries.setdefault(top, set()).add(name)
    return Needed(
        dict(sorted(modules.items())), {library: sorted(names) for library, names in sorted(libraries.items())}
    )


def _file_of(name: str, root: Path) -> Path | None:
    """The file of a module or package; None for what is a name inside of one."""
    path = root.joinpath(*name.split("."))
    candidates = (path / "__init__.py", path.with_suffix(".py"))
    return next((file for file in candidates if file.is_file()), None)


def _imports(node: ast.AST, in_functions: bool) -> Iterator[str]:
    """Every dotted name that may be a module: `from a import b` names both a and a.b."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            if child.level:
                raise ValueError(f"a relative import, in line {child.lineno}: only absolute ones are followed")
            yield str(child.module)
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        elif isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            for other in child.orelse:
                yield from _imports(other, in_functions)
        elif in_functions or not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _imports(child, in_functions)
