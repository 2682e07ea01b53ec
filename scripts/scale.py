"""The arithmetic of docs/scale.md: what becomes of the pipeline at other sizes, each figure from a measured one.

What a feed adds to the SQL is measured here, from the SQL; what took time or money to find out stands in MEASURED and
PRICES with where it is from. `make docs` writes the tables, and a test compares.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta

from infra.templates import SCAN_CUTOFF
from pyspotify_assets.marts import feed_window, mart_sql
from pyspotify_assets.settings import Settings
from pyspotify_assets.tables import MARTS
from scripts.markdown import table

LOOKBACK = Settings.model_fields["lookback_days"].default
BUDGET = Settings.model_fields["spotify_daily_requests"].default
GLUE_FROM = Settings.model_fields["refine_glue_from"].default


@dataclass(frozen=True)
class Figure:
    """A number, its unit, and where it is from."""

    value: float
    unit: str
    source: str


_SAMPLE = "the sample's day, two feeds, 1,547 rows: docs/costs.md"
_TEN_MILLION = "`make bench`, refining 10 million rows, two cores"
_CPU = "processor time, 2 feeds, 25 to 200 days, two shared cores"
MEASURED = {
    "rows of a feed and day": Figure(1_547 / 2, "rows", _SAMPLE),
    "page requests of a feed": Figure(31 / 2, "requests", "`make bench`, extracting"),
    "raw bytes of a row": Figure(490_000 / 1_547, "bytes", _SAMPLE),
    "refined bytes of a row": Figure(150_000 / 1_547, "bytes", _SAMPLE),
    "refining a small day": Figure(0.022, "s", "`make bench`, rebuilding on a folder"),
    "refining a row": Figure(2.4e-6, "s", _TEN_MILLION),
    "memory of refining a million rows": Figure(495e6, "bytes", "`make bench`, refining"),
    "memory of refining ten million": Figure(695e6, "bytes", _TEN_MILLION),
    "crawling a day that is new": Figure(0.0012, "s", f"the local crawler; {_CPU}"),
    "loading the definitions, per feed": Figure(0.013, "s", "processor time, 2 and 100 feeds"),
}
_FARGATE = "https://aws.amazon.com/fargate/pricing/"
PRICES = {
    "Athena": Figure(5.0, "dollars per TB", "https://aws.amazon.com/athena/pricing/"),
    "Athena's least": Figure(10e6, "bytes of a query", "https://aws.amazon.com/athena/pricing/"),
    "crawl": Figure(2 * 0.44 / 6, "dollars of 10 minutes of 2 DPU", "https://aws.amazon.com/glue/pricing/"),
    "storage": Figure(0.023, "dollars per GB and month", "https://aws.amazon.com/s3/pricing/"),
    "writes": Figure(0.005 / 1000, "dollars per write", "https://aws.amazon.com/s3/pricing/"),
    "machine": Figure((2 * 0.04048 + 8 * 0.004445) / 3600, "dollars a second of 2 CPU, 8 GB", _FARGATE),
    "Glue job, at least": Figure(2 * 0.44 / 60, "dollars of a minute of 2 DPU", "https://aws.amazon.com/glue/pricing/"),
}
RATE = Figure(3, "requests a second", "assumed, 90 in 30 seconds: Spotify publishes no figure")
QUERY_LENGTH = Figure(262_144, "bytes", "https://docs.aws.amazon.com/athena/latest/ug/service-limits.html")


@dataclass(frozen=True)
class Size:
    """So many feeds, and rows a day over all of them."""

    name: str
    feeds: int
    rows: float


def sizes() -> list[Size]:
    """The sizes of the page; the first is what there is."""
    small = MEASURED["rows of a feed and day"].value
    return [
        *(Size(f"{feeds:,} feeds", feeds, feeds * small) for feeds in (2, 10, 1_000, 100_000)),
        Size("1 billion rows, 1,000 feeds", 1_000, 1e9),
    ]


def sql_length(feeds: int) -> int:
    """Characters of the longest mart's query over so many feeds, a whole window each."""
    last = date(2024, 3, 1)
    days = [(last - timedelta(days=before)).isoformat() for before in range(LOOKBACK + 1)]
    windows = [feed_window(f"feed_{n:05d}", days[0], dict.fromkeys(days, ""), {}) for n in range(feeds)]
    there = [window for window in windows if window is not None]
    return max(len(mart_sql(mart, days[0], LOOKBACK, there)) for mart in MARTS)


def scale_table() -> str:
    """What a day takes at each size, a column each."""
    columns = [_day(size) for size in sizes()]
    return table(
        ("a day", *(size.name for size in sizes())), [(name, *(c[name] for c in columns)) for name in columns[0]]
    )


def measured_table() -> str:
    """What all of it is derived from."""
    lines = [(name, _short(figure.value), figure.unit, figure.source) for name, figure in MEASURED.items()]
    lines += [(f"price: {name}", _short(figure.value), figure.unit, figure.source) for name, figure in PRICES.items()]
    return table(("what", "figure", "unit", "from"), lines)


def limits_table() -> str:
    """What gives way, in the order in which it does as feeds are added."""
    few, more = 2, 12
    per_feed = (sql_length(more) - sql_length(few)) / (more - few)
    fixed = sql_length(few) - few * per_feed
    requests, small = MEASURED["page requests of a feed"].value, MEASURED["rows of a feed and day"].value
    window = (LOOKBACK + 1) * small * MEASURED["refined bytes of a row"].value
    limits = [
        (
            BUDGET / requests,
            "the budget",
            f"{BUDGET} page requests a day",
            "`PYSPOTIFY_SPOTIFY_DAILY_REQUESTS`: a setting",
        ),
        (
            (QUERY_LENGTH.value - fixed) / per_feed,
            "the longest mart's query",
            f"{per_feed:,.0f} characters a feed; Athena takes {QUERY_LENGTH.value:,.0f}",
            "one table of all feeds, partitioned by feed and day, in the place of a UNION",
        ),
        (
            SCAN_CUTOFF / window,
            "the workgroup's cutoff",
            f"{window / 1e6:.1f} MB a feed; {SCAN_CUTOFF / 1e9:.3g} GB a query",
            "marts that carry their own history from day to day (Iceberg, MERGE), so that a day reads two days",
        ),
        (
            24 * 3600 * RATE.value / requests,
            "Spotify",
            f"{requests:g} requests a feed; {RATE.value:g} a second",
            "nothing of ours: more apps are against its terms, so feeds take turns over several days",
        ),
    ]
    lines = [(f"{_short(math.floor(feeds))} feeds", *rest) for feeds, *rest in sorted(limits)]
    return table(("beyond", "what gives way", "since", "what takes over"), lines)


def engines_table() -> str:
    """What one machine takes for a day of one feed, by its size, beside the least that the Glue job costs."""
    lines, least = [], f"{PRICES['Glue job, at least'].value:.4f}"
    for gib in (0.25, 1, 8, 16, 32):
        rows = gib * 2**30 / MEASURED["raw bytes of a row"].value
        seconds = rows * MEASURED["refining a row"].value
        dollars = seconds * PRICES["machine"].value
        refined = rows * MEASURED["refined bytes of a row"].value
        lines.append(
            (
                f"{gib:g} GiB{', the default' if gib * 2**30 == GLUE_FROM else ''}",
                f"{rows / 1e6:.3g} million",
                _time(seconds),
                _bytes(memory(rows)),
                _bytes(gib * 2**30 + refined),
                f"{dollars:.4f}",
                least,
            )
        )
    columns = (
        "raw",
        "rows",
        "one machine",
        "its memory",
        "its disk",
        "its dollars",
        "dollars of the Glue job, at least",
    )
    return table(columns, lines)


def memory(rows: float) -> float:
    """Bytes that refining so many rows holds: what it takes anyway, and what it remembers of each."""
    little, much = (MEASURED[f"memory of refining {name}"].value for name in ("a million rows", "ten million"))
    for_a_row = (much - little) / 9e6
    return little + max(rows - 1e6, 0) * for_a_row


def _day(size: Size) -> dict[str, str]:
    measured = {name: figure.value for name, figure in MEASURED.items()}
    prices = {name: figure.value for name, figure in PRICES.items()}
    requests = size.feeds * measured["page requests of a feed"]
    raw, refined = (size.rows * measured[f"{area} bytes of a row"] for area in ("raw", "refined"))
    scanned = len(MARTS) * max((LOOKBACK + 1) * refined, prices["Athena's least"])
    seconds = size.feeds * measured["refining a small day"] + size.rows * measured["refining a row"]
    objects = 2 * size.feeds + len(MARTS) + 1
    dollars = {
        "crawls, at least": 2 * prices["crawl"],
        "queries of the marts": scanned / 1e12 * prices["Athena"],
        "a year's storage": 365 * (raw + refined) / 1e9 * prices["storage"] / 30,
        "writes": objects * prices["writes"],
    }
    return {
        "page requests": _short(requests),
        "the least time for them": _time(requests / RATE.value),
        "new objects": _short(objects),
        "new partitions": _short(2 * size.feeds + len(MARTS)),
        "partitions after a year": _short(365 * (2 * size.feeds + len(MARTS))),
        "raw, refined": f"{_bytes(raw)}, {_bytes(refined)}",
        "refining, one machine of two cores": _time(seconds),
        "memory of a feed's day, at most": _bytes(memory(size.rows / size.feeds)),
        "looking at new days, local crawler": _time(2 * size.feeds * measured["crawling a day that is new"]),
        "scanned by the marts": _bytes(scanned),
        "loading the definitions, on top of Dagster": _time(size.feeds * measured["loading the definitions, per feed"]),
        **{f"dollars: {name}": f"{value:,.2f}" for name, value in dollars.items()},
        "**dollars a day**": f"**{sum(dollars.values()):,.2f}**",
    }


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


def _bytes(value: float) -> str:
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if value >= size:
            return f"{value / size:,.3g} {unit}" if value < 1000 * size else f"{value / size:,.0f} {unit}"
    return f"{value / 1e3:.3g} kB"


def _time(seconds: float) -> str:
    for unit, size in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.2g} s"
