"""How a language of the report writes messages, numbers and days. One `Texts` per language, in `languages`.

A message is a `str.format` template. One with a bar has two forms, for one and for any other number: "1 day|{n} days".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True)
class Texts:
    """The messages of one language by name, with its months, weekdays (Monday first) and number signs."""

    language: str
    """As HTML names it: en, pt-BR."""

    months: tuple[str, ...]
    weekdays: tuple[str, ...]
    thousands: str
    decimal: str
    messages: Mapping[str, str]
    first_day: str = "1"
    """How the first day of a month is written."""

    singular: frozenset[int] = frozenset({1})
    """The numbers that take a message's first form. With more than one of them, that form says which: {n}."""

    feeds: Mapping[str, str] = field(default_factory=dict)
    """Names of the default feeds, where they are not read as they are written."""

    def __call__(self, name: str, **values: object) -> str:
        """The message of that name, filled in; KeyError where there is none."""
        return self.messages[name].format(**values)

    def count(self, name: str, n: int, **values: object) -> str:
        """The message in its form for `n`, which it may show as {n}."""
        one, _, other = self.messages[name].partition("|")
        return (one if n in self.singular else other).format(n=self.number(n), **values)

    def number(self, value: float, decimals: int = 0, signed: bool = False) -> str:
        """A number as this language writes it; signed: with + or a real minus, and "±0" for none."""
        text = f"{abs(value):,.{decimals}f}"
        nothing = not any(digit in "123456789" for digit in text)
        text = text.translate(str.maketrans(",.", self.thousands + self.decimal))
        if signed:
            return f"{'±' if nothing else '+' if value > 0 else '−'}{text}"
        return text if value >= 0 or nothing else f"−{text}"

    def percent(self, share: float) -> str:
        """A share of 0 to 1: whole percents from ten on, one decimal below."""
        return f"{self.number(share * 100, 0 if share >= 0.0995 or share == 0 else 1)}%"

    def day(self, iso: str, weekday: bool = False) -> str:
        """22 November 2026, with the weekday in front where asked for."""
        value = date.fromisoformat(iso)
        text = self("day", day=self._nth(value), month=self.months[value.month - 1], year=value.year)
        return f"{self.weekdays[value.weekday()]}, {text}" if weekday else text

    def short_day(self, iso: str) -> str:
        """22 November: for days whose year goes without saying."""
        value = date.fromisoformat(iso)
        return self("short_day", day=self._nth(value), month=self.months[value.month - 1])

    def instant(self, value: datetime) -> str:
        """22 November 2026, 06:15 UTC, of an instant that is already in UTC."""
        return self("instant", day=self.day(value.date().isoformat()), hour=value.hour, minute=value.minute)

    def size(self, n: int) -> str:
        """2.4 MB: bytes in units of a thousand."""
        for unit, one in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
            if n >= one:
                return f"{self.number(n / one, 1)} {unit}"
        return f"{self.number(n)} B"

    def duration(self, milliseconds: float) -> str:
        """3:05, minutes and seconds."""
        minutes, seconds = divmod(round(milliseconds / 1000), 60)
        return f"{minutes}:{seconds:02d}"

    def feed(self, name: str) -> str:
        """A feed's name for reading: top_played → top played."""
        return self.feeds.get(name, name.replace("_", " "))

    def title(self, row: Mapping[str, object]) -> str:
        """A track's title, or a word for its absence."""
        return str(row.get("track_name") or self("no_title"))

    def artist(self, row: Mapping[str, object]) -> str:
        """An artist's name, or a word for its absence."""
        return str(row.get("artist_name") or self("no_artist"))

    def track(self, row: Mapping[str, object]) -> str:
        """“Title” by Artist."""
        return self("track", title=self.title(row), artist=self.artist(row))

    def chart_locale(self) -> dict[str, dict[str, Any]]:
        """Numbers and days on the axes and in the tips of charts: the locales `number` and `time` of d3, for Vega."""
        sunday_first = [self.weekdays[-1], *self.weekdays[:-1]]
        return {
            "number": {
                "decimal": self.decimal,
                "thousands": self.thousands,
                "grouping": [3],
                "currency": ["", ""],
                "minus": "−",
            },
            "time": {
                "dateTime": "%x, %X",
                "date": "%-d %b %Y",
                "time": "%H:%M:%S",
                "periods": ["AM", "PM"],
                "days": sunday_first,
                "shortDays": [day[:3] for day in sunday_first],
                "months": list(self.months),
                "shortMonths": [month[:3] for month in self.months],
            },
        }

    def _nth(self, value: date) -> str:
        return self.first_day if value.day == 1 else str(value.day)
