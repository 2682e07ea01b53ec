"""How the report's charts over the window are drawn, as `drawings` draws the others: made once, without data."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pyspotify_assets.report import theme
from pyspotify_assets.report.drawings import ROWS, days_axis, finished, tips, tone


@lru_cache(64)
def columns_over_time(headings: tuple[str, str], format: str) -> dict[str, Any]:
    """Columns on an axis of days.

    Rows: name, from, to (milliseconds since 1970), value, tone; `format` is d3's of the values.
    Needs a parameter `ticks`, as `lines` does.
    """
    import altair as alt

    chart = (
        alt.Chart(alt.NamedData(name=ROWS))
        .mark_rect(cornerRadius=2)
        .encode(
            x=alt.X("from:T", axis=days_axis(), scale=alt.Scale(type="utc")),
            x2="to:T",
            y=alt.Y("value:Q", axis=alt.Axis(title=None, tickCount=3, format=f".1~{format[-1]}")),
            y2=alt.datum(0),
            color=tone(),
            tooltip=tips(headings, format),
        )
    )
    return finished(chart)


@lru_cache(64)
def line_over_time(headings: tuple[str, str], format: str) -> dict[str, Any]:
    """One line over days, its last point marked, on an axis that need not begin at zero.

    Rows: name, day (milliseconds since 1970), value, last; `format` is d3's of the values. Needs `ticks` too.
    """
    import altair as alt

    base = alt.Chart().encode(
        x=alt.X("day:T", axis=days_axis(), scale=alt.Scale(type="utc")),
        y=alt.Y(
            "value:Q",
            scale=alt.Scale(zero=False, padding=12),
            axis=alt.Axis(title=None, tickCount=3, format=format),
        ),
    )
    last = base.transform_filter("datum.last")
    layers = [
        base.mark_line(interpolate="monotone", strokeWidth=2.5, strokeCap="round", color=theme.ACCENT),
        last.mark_point(size=110, fill=theme.ACCENT, stroke=theme.PAPER, strokeWidth=2, fillOpacity=1, opacity=1),
        base.mark_circle(size=420).encode(tooltip=tips(headings, format), opacity=alt.value(0)),
    ]
    return finished(alt.layer(*layers, data=alt.NamedData(name=ROWS)))
