"""Writes the table of rules in docs/contracts.md anew, from `pyspotify_assets.contract.RULES`.

python -m scripts.contract_rules        here at the top; `test_contract.py` compares
"""

from __future__ import annotations

import re
from pathlib import Path

from pyspotify_assets.contract import RULES

PAGE = Path(__file__).parent.parent / "docs" / "contracts.md"

_PART = re.compile(r"(<!-- made by `python -m scripts.contract_rules` -->).*?(<!-- end -->)", re.DOTALL)


def rules_table() -> str:
    """The rules as a table of markdown, a row for each."""
    lines = ["| where | what is found is | then it is | how that looks |", "|---|---|---|---|"]
    lines += [f"| {step} | {kind} | **{rule.follows}** | {rule.how} |" for (step, kind), rule in RULES.items()]
    return "\n".join(lines)


def with_rules(page: str) -> str:
    """The page with the table as it should be now."""
    return _PART.sub(lambda found: f"{found[1]}\n\n{rules_table()}\n\n{found[2]}", page)


if __name__ == "__main__":
    PAGE.write_text(with_rules(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
