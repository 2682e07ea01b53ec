"""What stands above everything else where a check failed as an error: nobody shall read such a day as any other."""

from __future__ import annotations

from collections.abc import Sequence

from pyspotify_assets.report.data import Check
from pyspotify_assets.report.markup import Html, tag
from pyspotify_assets.report.panels import english
from pyspotify_assets.report.texts import Texts

_NAMED = 3
"""Checks that are quoted; the others are counted, and all are in the section that the alarm leads to."""


def alarm(checks: Sequence[Check], section: str, texts: Texts) -> Html | None:
    """The alarm of a day, or None if no check failed as an error. `section`: id of the part that shows all checks."""
    failed = [check for check in checks if not check.passed and check.severity == "error"]
    if not failed:
        return None
    more = len(failed) - _NAMED
    return tag(
        "aside",
        tag("p", tag("strong", texts("alarm_title")), " ", texts("alarm")),
        tag(
            "ul", [tag("li", tag("code", check.asset), " ", english(check.summary, texts)) for check in failed[:_NAMED]]
        ),
        tag(
            "p",
            tag("a", texts.count("alarm_more", more) if more > 0 else texts("alarm_all"), href=f"#{section}"),
        ),
        class_="alarm",
    )
