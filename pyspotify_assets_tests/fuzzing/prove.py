"""Bad inputs, as many as fit into the time that is given: every parser in turn, by a seed that is printed.

    python -m pyspotify_assets_tests.fuzzing.prove --minutes 60

Ends with a line of figures, and with exit code 1 if any input was not answered as it should be. Such inputs are kept in
a folder that is named; they belong into `corpus/`, and the mend beside them.
"""

from __future__ import annotations

import hashlib
import logging
import random
import tempfile
import time
from collections import Counter
from pathlib import Path

import click

from pyspotify_assets_tests.fuzzing.law import broken_by
from pyspotify_assets_tests.fuzzing.mutations import mutated
from pyspotify_assets_tests.fuzzing.readers import READERS

_AT_A_TIME = 25
_MOST_KEPT = 100


def bad_inputs(
    seed: int, seconds: float, names: tuple[str, ...] = (), keep: Path | None = None
) -> tuple[Counter, Counter]:
    """Try inputs for so many seconds. Gives how many were tried, and how many were answered otherwise, by reader."""
    readers = [READERS[name] for name in names or READERS]
    sound = {reader.name: reader.sound() for reader in readers}
    dice = random.Random(seed)  # noqa: S311 - made-up damage
    tried: Counter[str] = Counter()
    unnamed: Counter[str] = Counter()
    over = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < over:
            for reader in readers:
                place = Path(folder, reader.name)
                place.mkdir(exist_ok=True)
                for _ in range(_AT_A_TIME // 5 if reader.dear else _AT_A_TIME):
                    content = mutated(sound[reader.name], dice)
                    tried[reader.name] += 1
                    broken = broken_by(reader, content, place)
                    if broken:
                        unnamed[reader.name] += 1
                        if unnamed.total() <= _MOST_KEPT:
                            _keep(reader.name, content, broken, keep)
    return tried, unnamed


def _keep(name: str, content: bytes, broken: str, folder: Path | None) -> None:
    click.echo(f"{name}: {broken}\n  {content[:200]!r}", err=True)
    if folder is not None:
        path = folder / name / hashlib.sha256(content).hexdigest()[:12]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


@click.command()
@click.option("--minutes", type=click.FloatRange(0), default=60, show_default=True)
@click.option("--seed", type=int, default=None, help="[default: drawn, and printed]")
@click.option("--reader", "names", multiple=True, type=click.Choice(sorted(READERS)), help="Only these.")
@click.option("--keep", type=click.Path(path_type=Path), default=Path("build/bad-inputs"), show_default=True)
def main(minutes: float, seed: int | None, names: tuple[str, ...], keep: Path) -> None:
    """Try bad inputs on every parser of outside data."""
    logging.disable(logging.CRITICAL)  # Damage is warned of, and there is a lot of it.
    seed = random.randrange(1 << 32) if seed is None else seed  # noqa: S311 - a draw, no secret
    click.echo(f"seed {seed}")
    tried, unnamed = bad_inputs(seed, minutes * 60, names, keep)
    for name in tried:
        click.echo(f"  {name:16} {tried[name]:>9,} tried, {unnamed[name]} unnamed errors")
    click.echo(f"bad inputs tried {tried.total():,}, unnamed errors {unnamed.total()}")
    raise SystemExit(1 if unnamed else 0)


if __name__ == "__main__":
    main()
