"""Makes the README's pictures anew from a run of the built-in sample: `python -m scripts.pictures` here at the top.

    docs/images/report.png       the top of the report, 1280 wide, as a reader with a light screen sees it
    docs/images/report-dark.png  the same on a dark one: a README can offer both with <picture>
    docs/images/lineage.png      the lineage in the Dagster UI, all groups open but the listening history's

Needs the development dependencies and `chromium` on the PATH; everything else it makes lies in a temporary folder.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from pyspotify_assets_tests.ui_server import PROJECT, DagsterUI, dagster_dev, run_sample

IMAGES = PROJECT / "docs" / "images"
DAYS = 14
MAX_BYTES = 450_000

_DRAWN = "[...document.querySelectorAll('[data-chart]')].every((place) => place.dataset.state === 'drawn')"
_GROUPS = "{ assetNodes { groupName assetKey { path } } }"
_CLOSED = "listening"
"""The group that stays empty until an export is imported. What lies outside the window is not drawn at all."""
_MARGIN = 12


def main() -> None:
    """Run the sample, look at what it made, write the pictures."""
    executable = shutil.which("chromium")
    if executable is None:
        sys.exit("Error: there is no `chromium` on the PATH to take the pictures with. Install it and try again.")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pictures-") as name, sync_playwright() as playwright:
        folder = Path(name)
        run_sample(folder, DAYS)
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--hide-scrollbars"])
        report = folder / "lake" / "sample" / "report" / "latest.html"
        for picture, scheme in (("report.png", "light"), ("report-dark.png", "dark")):
            picture_of_report(browser, report, IMAGES / picture, scheme)
        with dagster_dev(folder) as ui:
            picture_of_lineage(browser, ui, IMAGES / "lineage.png")
        browser.close()


def picture_of_report(browser: Any, report: Path, picture: Path, scheme: str) -> None:
    """From the top of the page to the end of its first chart."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.goto(report.as_uri())
    page.wait_for_function(_DRAWN)
    chart = page.locator(".panel:has([data-chart])").first.bounding_box()
    _shoot(page, picture, {"x": 0, "y": 0, "width": 1280, "height": chart["y"] + chart["height"] + _MARGIN})
    context.close()


def picture_of_lineage(browser: Any, ui: DagsterUI, picture: Path) -> None:
    """The graph of the daily snapshot with every group open, cut to what is drawn."""
    nodes = [node for node in ui.graphql(_GROUPS)["assetNodes"] if node["groupName"] != _CLOSED]
    opened = ",".join(f"global@global:{group}" for group in sorted({node["groupName"] for node in nodes}))
    context = browser.new_context(base_url=ui.address, viewport={"width": 1900, "height": 2900})
    page = context.new_page()
    page.goto(f"/asset-groups?expanded={opened}")
    drawn = page.locator("foreignObject")
    for name in {node["assetKey"]["path"][-1] for node in nodes}:
        drawn.get_by_text(name, exact=True).first.wait_for()
    page.wait_for_timeout(3000)  # The graph glides to its place, and the states of the nodes arrive.
    boxes = [box for box in (each.bounding_box() for each in drawn.all()) if box]
    left, top = (min(box[side] for box in boxes) - _MARGIN for side in ("x", "y"))
    right = max(box["x"] + box["width"] for box in boxes) + _MARGIN
    bottom = max(box["y"] + box["height"] for box in boxes) + _MARGIN
    _shoot(page, picture, {"x": left, "y": top, "width": right - left, "height": bottom - top})
    context.close()


def _shoot(page: Any, picture: Path, clip: Mapping[str, float]) -> None:
    page.screenshot(path=picture, clip=dict(clip), full_page=True)
    size = picture.stat().st_size
    print(f"{picture.relative_to(PROJECT)}: {size:,} bytes")  # noqa: T201 - a script may speak
    if size > MAX_BYTES:
        sys.exit(f"Error: {picture.name} is larger than {MAX_BYTES:,} bytes: cut it smaller.")


if __name__ == "__main__":
    main()
