"""Writes the generated documents anew, `make docs`: python -m scripts.documents here at the top.

    docs/data-dictionary.md    every table and column, from the declarations, the SQL and the settings
    docs/error-messages.md     every error of errors.py, as the sources write it
    docs/architecture.md       its drawings and tables only; the rest is written by hand
    docs/contracts.md          the table of rules only
    docs/scale.md              its tables only, by the arithmetic of scale.py

`test_documents.py` makes them too and compares, so that none is ever stale.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pyspotify_assets.contract import RULES
from scripts.dictionary import data_dictionary
from scripts.imports import LAYERS, Layer, arrows
from scripts.markdown import table, with_parts
from scripts.messages import BLANK, error_table, kinds
from scripts.pipeline_graph import asset_drawing, automation_table, job_table, layer_drawing
from scripts.scale import engines_table, limits_table, measured_table, scale_table

DOCS = Path(__file__).parent.parent / "docs"
CONTRACTS = DOCS / "contracts.md"
SCALE = DOCS / "scale.md"


def documents() -> Mapping[Path, str]:
    """Path → text of every generated document, as it should be now."""
    architecture = DOCS / "architecture.md"
    return {
        DOCS / "data-dictionary.md": data_dictionary(),
        DOCS / "error-messages.md": error_messages(),
        architecture: with_parts(architecture.read_text(encoding="utf-8"), _parts()),
        CONTRACTS: with_parts(CONTRACTS.read_text(encoding="utf-8"), {"contract-rules": rules_table()}),
        SCALE: with_parts(SCALE.read_text(encoding="utf-8"), _scale_parts()),
    }


def error_messages() -> str:
    """The page of all errors, a section per class of errors.py."""
    sections = [f"## {kind}\n\n{meaning}\n\n{error_table(kind)}".rstrip() for kind, meaning in kinds().items()]
    return "\n\n".join((_ERRORS, *sections)) + "\n"


_ERRORS = f"""# All error messages

<!-- Made by `make docs` from the sources: change those. -->

Every error that this project raises is one of these classes, all of them `PySpotifyError`. A message says what happened
and to what; the line after the arrow says what to do. {BLANK} stands for names and figures, and for what differs by the
case. The common ones are explained in [troubleshooting.md](troubleshooting.md)."""


def rules_table() -> str:
    """The rules of `contract.py`, a row for each."""
    rows = [(step, kind, f"**{rule.follows}**", rule.how) for (step, kind), rule in RULES.items()]
    return table(("where", "what is found is", "then it is", "how that looks"), rows)


def _parts() -> dict[str, str]:
    return {
        "assets": asset_drawing("spotify/<kind>"),
        "listening": asset_drawing("spotify/listening_history"),
        "layers": layer_drawing(arrows()),
        "layer-table": table(("layer", "holds", "modules"), [_layer_row(layer) for layer in LAYERS]),
        "automation": automation_table(),
        "jobs": job_table(),
    }


def _scale_parts() -> dict[str, str]:
    return {
        "scale": scale_table(),
        "scale-limits": limits_table(),
        "scale-engines": engines_table(),
        "scale-measured": measured_table(),
    }


def _layer_row(layer: Layer) -> tuple[str, str, str]:
    return layer.name, layer.holds, " ".join(f"`{module}`" for module in layer.modules)


def main() -> None:
    """Write what has changed, and say so."""
    for path, text in documents().items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"written {path.relative_to(DOCS.parent)}")  # noqa: T201 - a script may speak


if __name__ == "__main__":
    main()
