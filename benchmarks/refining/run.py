"""One contender, in a process of its own: `python -m benchmarks.refining.run --help`.

With `--warm` it refines that small file first and then says how many seconds the work alone took.
"""

from __future__ import annotations

import json
import time
from importlib import import_module
from pathlib import Path

import click

_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("module")
@click.argument("raw", type=_PATH)
@click.argument("folder", type=_PATH)
@click.option("--warm", type=_PATH)
@click.option("--memory", default="")
def main(module: str, raw: Path, folder: Path, warm: Path | None, memory: str) -> None:
    """Refine RAW into FOLDER with the contender in MODULE."""
    folder.mkdir(parents=True, exist_ok=True)
    refine = import_module(f"benchmarks.refining.{module}").refine
    if warm is None:
        refine(raw, folder, memory)
        return
    refine(warm, folder, memory)
    started = time.perf_counter()
    refine(raw, folder, memory)
    click.echo(json.dumps({"seconds": time.perf_counter() - started}))


if __name__ == "__main__":
    main()
