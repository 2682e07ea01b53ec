"""The look of the charts: type, spacing and colours as a Vega-Lite configuration.

Colours are names of the CSS variables in page.css, which the SVG takes as they are: one drawing serves light, dark and
print, and follows the reader's setting without being drawn again.
"""

from math import ceil
from typing import Any

FONT = "Avenir Next, Segoe UI Variable Text, Segoe UI, Roboto, Helvetica Neue, Liberation Sans, Arial, sans-serif"
"""As --sans in page.css, but spelled out: text is measured on a canvas, which knows no CSS variables."""

INK = "var(--ink)"
SOFT = "var(--soft)"
LINE = "var(--line)"
PAPER = "var(--card)"
QUIET = "var(--quiet)"
ACCENT = "var(--accent)"
ON_SERIES = "var(--on-series)"

SERIES = tuple(f"var(--series-{number})" for number in range(1, 6))
"""The colours of lines that stand out, in order of rank; QUIET is for all others."""

RAMP = tuple(f"var(--ramp-{number})" for number in range(6))
"""From next to nothing to the most: what is none has the first colour."""

TONES = {
    "quiet": QUIET,
    "accent": ACCENT,
    **{f"series-{n}": colour for n, colour in enumerate(SERIES, 1)},
    **{f"ramp-{n}": colour for n, colour in enumerate(RAMP)},
}
"""Name of a tone in the data → colour."""


def ramp(share: float) -> str:
    """The tone of a share of the most, 0 to 1: five steps of equal size, and one for nothing at all."""
    return f"ramp-{ceil(min(share, 1) * (len(RAMP) - 1))}"


def config() -> dict[str, Any]:
    """The configuration that every chart carries."""
    axis = {
        "labelFont": FONT,
        "titleFont": FONT,
        "labelColor": SOFT,
        "titleColor": SOFT,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": 400,
        "domain": False,
        "ticks": False,
        "gridColor": LINE,
        "labelPadding": 8,
        "titlePadding": 8,
        "aria": False,
    }
    return {
        "background": "transparent",
        "font": FONT,
        "view": {"stroke": None},
        "mark": {"aria": False},
        "axis": axis,
        "text": {"font": FONT, "color": INK, "fontSize": 13},
    }
