"""Every error that a user can meet, as it stands in the source: the message with its blanks, and its remedy.

Read from the syntax tree, not by running anything: what is raised is there, whichever way leads to it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pyspotify_assets import errors
from scripts.markdown import table

ROOT = Path(__file__).parent.parent
SOURCES = ("pyspotify_assets", "infra", "lambda_function")
BLANK = "…"
"""What stands for a value that is known only when the error is met."""

_SPACES = re.compile(r"\s+")


@dataclass(frozen=True)
class Message:
    """One error: its class, what it says, what it says to do, and the file that it is raised in."""

    kind: str
    text: str
    remedy: str
    file: str


def kinds() -> dict[str, str]:
    """Name of each class in errors.py → what its docstring says of it, in the order in which they stand there."""
    found = [
        each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.PySpotifyError)
    ]
    return {
        each.__name__: _SPACES.sub(" ", (each.__doc__ or "").partition(". `")[0]).rstrip(".") + "." for each in found
    }


@cache
def messages() -> tuple[Message, ...]:
    """All messages whose text is written where the error is made, sorted by class and text; each once."""
    found = {}
    for file, tree in _trees().items():
        for message in _of_tree(file, tree):
            found.setdefault((message.kind, message.text), message)
    return tuple(found[key] for key in sorted(found))


@cache
def said() -> frozenset[str]:
    """Every text of the sources, a blank for each value in it: whatever is printed is made of these."""
    found = set()
    for tree in _trees().values():
        for node in ast.walk(tree):
            if isinstance(node, (ast.Constant, ast.JoinedStr)):
                found |= {_SPACES.sub(" ", text) for text in _texts(node) if len(text) >= 8}
    return frozenset(found)


def is_said(quoted: str) -> bool:
    """Whether a message that a page quotes, with blanks of its own, is part of a text of the sources."""
    flat = _SPACES.sub(" ", quoted).strip()
    return len(flat) >= 8 and any(flat in text for text in said())


def error_table(kind: str) -> str:
    """What errors of that class say, and what to do: a table of markdown; "" where none is written in the sources."""
    rows = [
        (f"`{message.text.replace('`', chr(39))}`", _remedy(message)) for message in messages() if message.kind == kind
    ]
    return table(("it says", "what to do"), rows) if rows else ""


def _remedy(message: Message) -> str:
    if not message.remedy:
        return "–"
    return "as it says, by the case" if message.remedy == BLANK else message.remedy


@cache
def _trees() -> dict[str, ast.Module]:
    files = [file for source in SOURCES for file in sorted((ROOT / source).rglob("*.py"))]
    return {file.relative_to(ROOT).as_posix(): ast.parse(file.read_text(encoding="utf-8")) for file in files}


def _of_tree(file: str, tree: ast.Module) -> Iterator[Message]:
    known = kinds()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in known:
            continue
        if not node.args or isinstance(node.args[0], ast.Starred):
            continue
        remedies = list(_texts(node.args[1], file)) if len(node.args) > 1 else [""]
        for text in _texts(node.args[0], file):
            flat = _SPACES.sub(" ", text).strip()
            if any(letter.isalpha() for letter in flat):  # Others pass on what somebody else has said.
                yield Message(node.func.id, flat, _SPACES.sub(" ", " / ".join(remedies)).strip(), file)


def _texts(node: ast.expr, file: str = "") -> list[str]:
    """What an expression in that file can say, a blank for each part that is not written there."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.JoinedStr):
        parts = [str(part.value) if isinstance(part, ast.Constant) else BLANK for part in node.values]
        return [re.sub(f"{BLANK}+", BLANK, "".join(parts))]
    if isinstance(node, ast.BinOp):
        return [left + right for left in _texts(node.left, file) for right in _texts(node.right, file)]
    if isinstance(node, ast.IfExp):
        return [*_texts(node.body, file), *_texts(node.orelse, file)]
    if isinstance(node, ast.Name):
        return [_constants().get((file, node.id)) or _constants().get(("", node.id), BLANK)]
    return [BLANK]


@cache
def _constants() -> dict[tuple[str, str], str]:
    """File and name → text of every constant of a module: remedies that several errors share. A public one is found
    without its file too: others import it."""
    found = {}
    for file, tree in _trees().items():
        for node in tree.body:
            if not isinstance(node, ast.Assign) or not isinstance(node.value, (ast.Constant, ast.JoinedStr)):
                continue
            if isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper():
                (found[file, node.targets[0].id],) = _texts(node.value)
    return {**{("", name): text for (_, name), text in found.items() if not name.startswith("_")}, **found}
