"""The charts' JavaScript, and how data and scripts are put into a page so that they stay what they are."""

from __future__ import annotations

import base64
import hashlib
import json
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Any

_SNIPPET = "window.drawChart = vegaEmbed;"


@cache
def begin_runtime() -> Future[str]:
    """Begin to make the charts' script beside whatever comes next: a page's rows can be gathered meanwhile.

    Making it takes one to two seconds of one processor, once per process, and holds nobody up: it is native code.
    """
    maker = ThreadPoolExecutor(1, "chart-runtime")
    made = maker.submit(_make_runtime)
    maker.shutdown(wait=False)
    return made


def chart_runtime() -> str:
    """Vega, Vega-Lite and the expression interpreter as one script, without their link to an editor; about 0.9 MB."""
    return begin_runtime().result()


def _make_runtime() -> str:
    import vl_convert

    bundle = str(vl_convert.javascript_bundle(_SNIPPET)).replace("\r", "")
    bundle = bundle.replace("https://vega.github.io/editor/", "").replace("</script", "<\\/script")
    return bundle.replace("<!--", "<\\!--")


def json_for_html(value: Any) -> str:
    """JSON that may stand inside a <script type="application/json">: no character in it can end or open an element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def content_hash(script: str) -> str:
    """The name by which a Content-Security-Policy allows exactly this script."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
