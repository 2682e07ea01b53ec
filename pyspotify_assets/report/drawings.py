"""How the report's charts are drawn: Altair drawings without data, whose rows charts.py adds by name.

A drawing depends on a few shapes and words only and so is made once per process: Altair copies and validates whatever
a chart holds, several times over, which costs more than all the rest of a report. Treat what is returned as read-only.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pyspotify_assets.report import theme

ROWS = "rows"
"""Name of the data set that a drawing expects."""

STRIP = 1.1
"""How far below the last rank the strip lies that collects lower ranks."""


@lru_cache(64)
def lines(size: int, below: str, headings: tuple[str, str, str, str]) -> dict[str, Any]:
    """Ranks 1 to `size` over time, with a strip underneath for lower ones and labels where the lines end.

    Rows: key, run, day, shown, rank, last, title, artist, note, tone, lead (its label stands out). `below` names the
    strip; `headings` are those of title, artist, day and rank. Needs two parameters: `ticks`, the days on the
    axis, and `found`, the keys of the lines that a search found, or null.
    """
    import altair as alt

    strip = size + STRIP
    x = alt.X(
        "day:T",
        scale=alt.Scale(type="utc", range=[10, {"expr": "width - room"}]),
        axis=days_axis(),
    )
    y = alt.Y(
        "shown:Q",
        scale=alt.Scale(domain=[strip + 0.5, 0.5], nice=False, zero=False),
        axis=alt.Axis(
            values=[*(rank for rank in range(1, size + 1) if rank == 1 or rank % 5 == 0), strip],
            title=None,
            grid=False,
            labelExpr=f"datum.value > {size} ? {below!r} : format(datum.value, 'd')",
        ),
    )
    near = alt.selection_point(name="near", fields=["key"], on="pointerover", clear="pointerout", empty=True)
    title, artist, day, rank = headings
    tips = [
        alt.Tooltip("title:N", title=title),
        alt.Tooltip("artist:N", title=artist),
        alt.Tooltip("day:T", title=day, format="%-d %b"),
        alt.Tooltip("rank:Q", title=rank),
    ]
    place = alt.Chart().encode(x=x, y=y, opacity=_standing_out(0.16))
    base = place.encode(color=tone())
    ends = place.transform_filter("datum.last").encode(tooltip=tips, opacity=_standing_out(0.35))
    label: dict[str, Any] = {"align": "left", "dx": 20, "limit": {"expr": "room - 24"}}
    layers = [
        alt.Chart(alt.Data(values=[{"from": strip - 0.5, "to": strip + 0.5}]))
        .mark_rect(color=theme.LINE, opacity=0.45, cornerRadius=6, tooltip=None)
        .encode(y=alt.Y("from:Q"), y2="to:Q", x=alt.value(0), x2=alt.value(alt.expr("width - room + 18"))),
        base.mark_line(interpolate="monotone", strokeWidth={"expr": "width < 480 ? 2 : 2.5"}, strokeCap="round").encode(
            detail=["key:N", "run:N"], order="day:T"
        ),
        base.mark_circle(size={"expr": "width < 480 ? 10 : 26"}, opacity=1),
        ends.mark_point(size=480, strokeWidth=2, fillOpacity=1).encode(
            fill=alt.condition("datum.lead", tone(alt.Fill), alt.value(theme.PAPER)), stroke=tone(alt.Stroke)
        ),
        ends.mark_text(fontSize=12, fontWeight=700).encode(
            text="rank:Q", color=alt.condition("datum.lead", alt.value(theme.ON_SERIES), alt.value(theme.INK))
        ),
        ends.mark_text(**label, dy=-7, fontWeight=600).encode(text="title:N", color=alt.value(theme.INK)),
        ends.mark_text(**label, dy=9, fontSize=12).encode(text="note:N", color=alt.value(theme.SOFT)),
        # Unseen and on top: a finger or a pointer need not hit the dot itself.
        base.mark_circle(size=420).encode(tooltip=tips, opacity=alt.value(0)).properties(name="touch").add_params(near),
    ]
    room = alt.param(name="room", expr="width < 480 ? max(120, width * 0.46) : min(280, width * 0.32)")
    return finished(alt.layer(*layers, data=alt.NamedData(name=ROWS)).add_params(room))


@lru_cache(64)
def bars(headings: tuple[str, str]) -> dict[str, Any]:
    """Thin bars with the name above each on the left and its figure on the right: long names need no margin.

    Rows: place, name, value, note, tone. `headings` are those of name and value.
    """
    import altair as alt

    base = alt.Chart().encode(y=alt.Y("place:O", axis=None, scale=alt.Scale(padding=0)), tooltip=tips(headings))
    layers = [
        base.mark_bar(height=8, cornerRadius=4, yOffset=9, color=theme.LINE).encode(
            x=alt.value(0), x2=alt.value(alt.expr("width"))
        ),
        base.mark_bar(height=8, cornerRadius=4, yOffset=9).encode(
            x=alt.X("value:Q", axis=None, scale=alt.Scale(zero=True, nice=False)), color=tone()
        ),
        base.mark_text(align="left", dy=-5, limit={"expr": "width - 84"}).encode(x=alt.value(0), text="name:N"),
        base.mark_text(align="right", dy=-5, color=theme.SOFT).encode(x=alt.value(alt.expr("width")), text="note:N"),
    ]
    return finished(alt.layer(*layers, data=alt.NamedData(name=ROWS)))


@lru_cache(64)
def columns(
    headings: tuple[str, str], domain: tuple[float, float], ticks: tuple[float, ...], title: str | None
) -> dict[str, Any]:
    """Columns on an axis of numbers.

    Rows: name, from, to, value, tone. `headings` are those of name and value; `title` is the axis's.
    """
    import altair as alt

    axis = alt.Axis(values=list(ticks), format="d", title=title, grid=False, labelOverlap="greedy")
    chart = (
        alt.Chart(alt.NamedData(name=ROWS))
        .mark_rect(cornerRadius=2)
        .encode(
            x=alt.X("from:Q", axis=axis, scale=alt.Scale(domain=list(domain), nice=False, zero=False)),
            x2="to:Q",
            y=alt.Y("value:Q", axis=alt.Axis(title=None, tickCount=4, format=",d", tickMinStep=1)),
            y2=alt.datum(0),
            color=tone(),
            tooltip=tips(headings),
        )
    )
    return finished(chart)


@lru_cache(64)
def spans(headings: tuple[str, str]) -> dict[str, Any]:
    """As bars, but from `low` to `high` with a mark at `middle`, all on one scale that need not begin at zero.

    Rows: place, name, low, middle, high, value (the middle in words), note.
    """
    import altair as alt

    tips = [alt.Tooltip("name:N", title=headings[0]), alt.Tooltip("value:N", title=headings[1])]
    scale = alt.Scale(zero=False, nice=True, padding=4)
    base = alt.Chart().encode(y=alt.Y("place:O", axis=None, scale=alt.Scale(padding=0)), tooltip=tips)
    layers = [
        base.mark_bar(height=8, cornerRadius=4, yOffset=9, color=theme.LINE).encode(
            x=alt.value(0), x2=alt.value(alt.expr("width"))
        ),
        base.mark_bar(height=8, cornerRadius=4, yOffset=9, color=theme.QUIET).encode(
            x=alt.X("low:Q", axis=None, scale=scale), x2="high:Q"
        ),
        base.mark_point(size=130, yOffset=9, fill=theme.ACCENT, stroke=theme.PAPER, strokeWidth=2, opacity=1).encode(
            x=alt.X("middle:Q", axis=None, scale=scale)
        ),
        base.mark_text(align="left", dy=-5, limit={"expr": "width - 130"}).encode(x=alt.value(0), text="name:N"),
        base.mark_text(align="right", dy=-5, color=theme.SOFT).encode(x=alt.value(alt.expr("width")), text="note:N"),
    ]
    return finished(alt.layer(*layers, data=alt.NamedData(name=ROWS)))


@lru_cache(64)
def heat(headings: tuple[str, str], weekdays: tuple[str, ...]) -> dict[str, Any]:
    """A field of squares, an hour wide and a day high.

    Rows: name, hour, weekday (1 is the first), value, tone; `weekdays` are their short names, `headings` those of name
    and value.
    """
    import altair as alt

    names = "[" + ", ".join(repr(day) for day in weekdays) + "][datum.value - 1]"
    band = alt.Scale(paddingInner=0.12, paddingOuter=0)
    axis = alt.Axis(title=None, values=list(range(0, 24, 6)), labelAngle=0, labelAlign="center")
    chart = (
        alt.Chart(alt.NamedData(name=ROWS))
        .mark_rect(cornerRadius=2)
        .encode(
            x=alt.X("hour:O", axis=axis, scale=band),
            y=alt.Y("weekday:O", axis=alt.Axis(title=None, labelExpr=names), scale=band),
            color=tone(),
            tooltip=tips(headings),
        )
    )
    return finished(chart)


def days_axis() -> Any:
    """Days as on the axis of `lines`, at the chart's `ticks`."""
    import altair as alt

    return alt.Axis(
        format="%-d %b", grid=False, title=None, labelOverlap="parity", labelSeparation=10, values=alt.expr("ticks")
    )


def tone(channel: Any = None) -> Any:
    """The tone of a row as its colour, or as another channel's (its fill, its stroke)."""
    import altair as alt

    scale = alt.Scale(domain=list(theme.TONES), range=list(theme.TONES.values()))
    return (channel or alt.Color)("tone:N", scale=scale, legend=None)


def _standing_out(faint: float) -> Any:
    """Opacity 1 of the line that is pointed at, or without one of those found, or of all; the others are faint."""
    found = "found === null || indexof(found, datum.key) >= 0"
    pointed_at = {"or": [{"param": "near", "empty": False}, {"and": [{"param": "near"}, found]}]}
    return {"condition": {"test": pointed_at, "value": 1}, "value": faint}


def tips(headings: tuple[str, str], format: str = ",d") -> list[Any]:
    import altair as alt

    return [alt.Tooltip("name:N", title=headings[0]), alt.Tooltip("value:Q", title=headings[1], format=format)]


def finished(chart: Any) -> dict[str, Any]:
    """The specification: as wide as its place, themed, without the address of its schema."""
    spec = chart.properties(width="container").to_dict(validate=False)
    spec.pop("$schema", None)
    spec["config"] = theme.config()
    spec["autosize"] = {"type": "fit-x", "contains": "padding"}
    spec["padding"] = 2
    return spec
