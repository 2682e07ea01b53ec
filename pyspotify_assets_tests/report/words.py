"""The words of a page as a reader meets them: without markup, style and scripts."""

from __future__ import annotations

import re
from html import unescape

from pyspotify_assets.report.runtime import chart_runtime


def words(page: str) -> str:
    """All text between the tags, its white space folded."""
    text = re.sub(r"<(style|script)\b.*?</\1>|<[^>]+>", " ", page.replace(chart_runtime(), ""), flags=re.S)
    return " ".join(unescape(text).split())
