"""The page: sections, style, data and scripts put into page.html. The only place that knows the whole document."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from string import Template

from pyspotify_assets.report import runtime, sections
from pyspotify_assets.report.data import ReportData
from pyspotify_assets.report.facts import facts
from pyspotify_assets.report.figures import figures
from pyspotify_assets.report.languages import ENGLISH
from pyspotify_assets.report.markup import Html, join
from pyspotify_assets.report.texts import Texts


def render(data: ReportData, texts: Texts = ENGLISH) -> str:
    """The report of one day as one HTML document that needs nothing else: no file, no host, no network.

    Identical data (`generated_at` included) give identical text. About 1 MB for 1,500 tracks, most of it the charts'
    runtime; the first call of a process takes a second or two to make that. An empty table, a missing feed or a first
    day give a report that says so, never an error.
    """
    feeds = figures(data)
    body = sections.body(data, feeds, facts(feeds, data.day, texts), texts)
    return document(texts("page_title", day=texts.day(data.day)), body, texts)


def document(title: str, body: Html, texts: Texts) -> str:
    """A whole HTML document around what is between <body> and the scripts."""
    script = _file("search.js") + _file("page.js")
    library = runtime.chart_runtime()
    return Template(_file("page.html")).substitute(
        language=texts.language,
        policy=join(_policy(library, script)),
        title=join(title),
        style=_file("page.css"),
        body=body,
        locale=runtime.json_for_html(texts.chart_locale()),
        runtime=library,
        script=script,
    )


@cache
def _policy(*scripts: str) -> str:
    """Only these scripts run and nothing is ever fetched. Styles are free: the charts set them on elements."""
    hashes = " ".join(runtime.content_hash(script) for script in scripts)
    return f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


@cache
def _file(name: str) -> str:
    text = files("pyspotify_assets.report").joinpath(name).read_text(encoding="utf-8")
    return text.replace("\r", "")  # as a browser reads it, or the policy's hashes would not fit
