"""What the report's charts over the window show: how much of a chart changed, and how popular it was, day by day."""

from __future__ import annotations

from collections.abc import Sequence

from pyspotify_assets.report import drawings_over_time
from pyspotify_assets.report.charts import DAY, Spec, filled, milliseconds, ticks
from pyspotify_assets.report.churn import Turn, drawn, mean_share
from pyspotify_assets.report.texts import Texts

_HEIGHT = 170


def churn(groups: Sequence[Sequence[Turn]], texts: Texts) -> Spec:
    """Share of the chart that changed, a column per snapshot or week, the last standing out. Needs one group."""
    values = [
        {
            "name": span(group, texts),
            "from": milliseconds(group[0].day) - DAY * 0.4,
            "to": milliseconds(group[-1].day) + DAY * 0.4,
            "value": round(mean_share(group) or 0, 5),
            "tone": "accent" if group is groups[-1] else "quiet",
        }
        for group in groups
    ]
    drawing = drawings_over_time.columns_over_time((texts("col_day"), texts("col_changed")), ".1%")
    return filled(drawing, values, _HEIGHT, ticks=ticks([group[-1].day for group in groups]))


def popularity(changes: Sequence[Turn], texts: Texts) -> Spec:
    """Mean popularity of every drawn snapshot as a line. Needs two snapshots with popularity."""
    days = drawn([turn.day for turn in changes])
    values = [
        {
            "name": texts.short_day(turn.day),
            "day": milliseconds(turn.day),
            "value": round(turn.popularity, 2),
            "last": turn is changes[-1],
        }
        for turn in changes
        if turn.day in days and turn.popularity is not None
    ]
    drawing = drawings_over_time.line_over_time((texts("col_day"), texts("col_popularity")), ".1f")
    return filled(drawing, values, _HEIGHT, ticks=ticks(days))


def span(group: Sequence[Turn], texts: Texts) -> str:
    """The day of a column, or its first and last."""
    first, last = texts.short_day(group[0].day), texts.short_day(group[-1].day)
    return first if first == last else f"{first} – {last}"
