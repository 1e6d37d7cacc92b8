"""Draws the icons of the installed app: ``python services/web-ui/tests/browser/icons.py``.

They are favicon.svg in the sizes that systems ask for. A system cuts ``maskable`` and ``touch``
into a shape of its own, so these have no corners, and the first keeps within the circle of W3C's
manifest (40 % of the width around the centre).
"""

import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from chromium import browser  # noqa: E402
from playwright.sync_api import Page  # noqa: E402

STATIC = HERE.parent.parent / "src" / "web_ui" / "static"

# Name, pixels, whether to the edge, size of the drawing.
WANTED = (
    ("192", 192, False, 1.0),
    ("512", 512, False, 1.0),
    ("maskable", 512, True, 0.76),
    ("touch", 180, True, 0.92),
)


def drawing(svg: str, *, edge: bool, scale: float) -> str:
    """favicon.svg with its ground to the edge, or not, and the lighthouse smaller around 16, 16."""
    if edge:
        svg = svg.replace(' rx="7"', "", 1)
    shift = 16 - 16 * scale
    return re.sub(
        r"(<g transform=\")", rf"\1translate({shift:g} {shift:g}) scale({scale:g}) ", svg, count=1
    )


def draw(page: Page, svg: str, path: Path, pixels: int) -> None:
    """One file."""
    page.set_viewport_size({"width": pixels, "height": pixels})
    page.set_content(f"<style>*{{margin:0}}svg{{display:block;width:{pixels}px}}</style>{svg}")
    page.screenshot(path=path, omit_background=True)


def main() -> None:
    """Draws every icon."""
    svg = (STATIC / "favicon.svg").read_text()
    with browser() as chromium:
        page = chromium.new_page()
        for name, pixels, edge, scale in WANTED:
            drawn = drawing(svg, edge=edge, scale=scale)
            draw(page, drawn, STATIC / "icons" / f"{name}.png", pixels)


if __name__ == "__main__":
    main()
