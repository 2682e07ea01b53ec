"""Parameters: what the query of a request asks for, read as strictly as Spotify does."""

import re
from typing import Any

from pyspotify_assets.spotify.sample import refusals
from pyspotify_assets.spotify.sample.messages import Request, Response

LARGEST_PAGE = 50
DEFAULT_PAGE = 20


def page_asked(
    request: Request, largest: int = LARGEST_PAGE, default: int = DEFAULT_PAGE
) -> tuple[int, int] | Response:
    """Limit and offset, or the refusal of those that cannot be."""
    limit = whole(request.query.get("limit", str(default)))
    offset = whole(request.query.get("offset", "0"))
    if limit is None or not 1 <= limit <= largest:
        return refusals.invalid_limit()
    return refusals.invalid_offset() if offset is None else (limit, offset)


def market(request: Request) -> dict[str, str]:
    """The market asked for, as the URLs of neighbouring pages repeat it."""
    return {"market": request.query["market"]} if "market" in request.query else {}


def whole(text: str) -> int | None:
    """A whole number from 0; None for any other text."""
    return int(text) if re.fullmatch(r"\d{1,14}", text, re.ASCII) else None


def chosen(document: Any, fields: str) -> Any:
    """`document` with nothing but `fields`, such as `snapshot_id,tracks(total)` or `items.added_at`.

    As with Spotify, what is asked for by a name that is not there is left out without a word: `items(track(id))` makes
    empty objects of entries that have their track under another key. Fields that cannot be read choose nothing.
    """
    tree = _tree(fields)
    return _choose(document, tree) if tree else document


def _tree(fields: str) -> dict[str, Any]:
    root: dict[str, Any] = {}
    stack, branch = [root], root
    leaf = root
    for name, sign in re.findall(r"([A-Za-z_]\w*)|([.,()])|[^\s]", re.sub(r"\s", "", fields)):
        if name:
            leaf = branch = branch.setdefault(name, {})
        elif sign == "(":
            stack.append(leaf)
        elif sign == ")" and len(stack) > 1:
            branch = leaf = stack.pop()
        elif sign == ",":
            branch = leaf = stack[-1]
        elif sign != ".":
            return {}
    return root if len(stack) == 1 else {}


def _choose(document: Any, tree: dict[str, Any]) -> Any:
    if not tree:
        return document
    if isinstance(document, list):
        return [_choose(value, tree) for value in document]
    if isinstance(document, dict):
        return {name: _choose(document[name], branch) for name, branch in tree.items() if name in document}
    return document
