"""What the report's tests share: a full day rendered once, and a browser of which every request is recorded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pyspotify_assets.report import ReportData, render

from . import synthetic


@pytest.fixture(scope="session")
def full_day() -> ReportData:
    """Both feeds, 1,000 and 550 tracks, fourteen days."""
    return synthetic.full_day()


@pytest.fixture(scope="session")
def full_page(full_day: ReportData) -> str:
    return render(full_day)


@pytest.fixture(scope="session")
def year_page() -> str:
    """Both feeds over a year of days, with fewer tracks: what is drawn of a window does not depend on them."""
    return render(synthetic.full_day(days=366, sizes=(150, 120)))


class Opened:
    """A report open in a browser, with what it asked for and what it complained about."""

    def __init__(self, chromium: Any, file: Path, html: str, width: int = 1280, scheme: str = "light") -> None:
        file.write_text(html, encoding="utf-8")
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.context = chromium.new_context(viewport={"width": width, "height": 812}, color_scheme=scheme)
        self.page = self.context.new_page()
        self.page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.complaints.append("a dialog opened"), dialog.dismiss()))
        self.context.on("request", lambda request: self.requests.append(request.url))
        self.url = file.as_uri()
        self.page.goto(self.url)
        self.page.wait_for_function(
            "[...document.querySelectorAll('[data-chart]')].every((place) => place.dataset.state)", timeout=20_000
        )

    def drawn(self) -> list[str]:
        """What became of each chart."""
        return self.page.eval_on_selector_all(
            "[data-chart]", "all => all.map(e => e.querySelector('svg path') ? e.dataset.state : 'blank')"
        )

    def overflow(self) -> int:
        """Pixels by which the page is wider than the window."""
        return self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


@pytest.fixture
def opened(chromium: Any, tmp_path: Path) -> Iterator[Any]:
    """Opens a report's HTML in the browser: opened(html, width=…, scheme=…)."""
    contexts = []

    def open_it(html: str, **how: Any) -> Opened:
        page = Opened(chromium, tmp_path / "report.html", html, **how)
        contexts.append(page.context)
        return page

    yield open_it
    for context in contexts:
        context.close()
