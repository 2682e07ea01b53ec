"""When there was listening, by weekday and hour, for the newest years: the part that daily report and page share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pyspotify_assets.report import charts
from pyspotify_assets.report.markup import Html, tag
from pyspotify_assets.report.panels import empty, figure
from pyspotify_assets.report.texts import Texts

Hours = Sequence[Mapping[str, Any]]


def heat_section(hours: Hours, timezone: str, sample: bool, texts: Texts) -> Html:
    """The daily report's section about listening: a field per year, or how to come by one."""
    return tag(
        "section",
        tag(
            "div",
            tag("h2", texts("listening")),
            tag("p", texts("listening_note", timezone=timezone), class_="note") if hours else None,
            class_="feed-head",
        ),
        heat_fields(hours, texts)
        if hours
        else tag("div", empty(texts("listening_none_sample" if sample else "listening_none")), class_="panel"),
        id="listening",
        class_="feed",
    )


def heat_fields(hours: Hours, texts: Texts) -> Html:
    """A field per year, the newest first."""
    years = sorted({row["play_year"] for row in hours}, reverse=True)
    fields = [_field(year, [row for row in hours if row["play_year"] == year], texts) for year in years]
    return tag("div", fields, class_="columns" if len(fields) > 1 else "columns one")


def _field(year: str, hours: Hours, texts: Texts) -> Html:
    minutes = {(row["weekday"], row["hour"]): row["minutes"] for row in hours}
    if not any(minutes.values()):
        return tag("div", tag("h3", year), empty(texts("listening_silent", year=year)), class_="panel")
    weekday, hour = max(minutes, key=lambda place: (minutes[place], place))
    busiest = texts("weekday_hour", weekday=texts.weekdays[weekday - 1], hour=hour, next=hour + 1)
    total = texts.count("hours_of", round(sum(minutes.values()) / 60))
    columns = [(texts("col_weekday"), ""), *((f"{place}", "n") for place in range(24))]
    rows = [
        [texts.weekdays[day - 1], *(texts.number(minutes.get((day, place), 0)) for place in range(24))]
        for day in range(1, 8)
    ]
    return figure(
        year,
        texts("heat_note", total=total, busiest=busiest),
        texts("heat_label", year=year, busiest=busiest, minutes=texts.number(minutes[weekday, hour])),
        f"heat-{year}",
        charts.heat(minutes, texts),
        columns,
        rows,
        texts,
    )
