"""The pictures of README and docs: ``python services/web-ui/tests/browser/screenshots.py``.

Taken of the believable day of ``showcase.py``, into docs/pictures, with a mark of what they show
(``made.json``): a test fails when pages have changed since, and this program makes it pass again.
"""

import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from chromium import browser  # noqa: E402
from playwright.sync_api import Browser, Page  # noqa: E402
from showcase import fill  # noqa: E402
from web_ui_fakes import PASSWORD, World  # noqa: E402

from shared.clock import SystemClock  # noqa: E402
from vigie_testing.listening import listening  # noqa: E402
from web_ui.rendering import TEMPLATES  # noqa: E402

FOLDER = HERE.parents[3] / "docs" / "pictures"
MADE = "made.json"
PACKAGE = TEMPLATES.parent


@dataclass(frozen=True)
class Picture:
    """One picture; ``path`` is where its page is, ``{story}`` the richest incident."""

    name: str
    path: str
    width: int = 1440
    height: int = 900
    colours: str = "light"
    language: str = "en-GB"


PICTURES = (
    Picture("dashboard", "/"),
    Picture("incident", "/incidents/{story}"),
    Picture("calendar", "/calendar", colours="dark"),
    Picture("reports", "/reports", language="fr-FR"),
    Picture("integrations", "/integrations"),
    Picture("setup", "/policies", colours="dark"),
    Picture("phone", "/", width=390, height=844, colours="dark"),
)


def mark() -> str:
    """A hash of all that the pictures show: pages, their words and colours, and the day in them."""
    files = [
        *TEMPLATES.rglob("*.html"),
        *(PACKAGE / "static").glob("*.css"),
        *(PACKAGE / "locale").rglob("*.po"),
        *HERE.parent.glob("showcase*.py"),
        Path(__file__),
    ]
    digest = hashlib.sha256()
    for file in sorted(files, key=lambda each: each.name + each.parent.name):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def shoot(chromium: Browser, base: str, picture: Picture, story: str) -> None:
    """Take one picture, signed in as an administrator."""
    context = chromium.new_context(
        base_url=base,
        viewport={"width": picture.width, "height": picture.height},
        color_scheme=picture.colours,  # type: ignore[arg-type]
        locale=picture.language,
    )
    page = context.new_page()
    sign_in(page)
    page.goto(picture.path.format(story=story), wait_until="load")
    page.wait_for_timeout(500)
    page.screenshot(path=FOLDER / f"{picture.name}.png")
    context.close()


def sign_in(page: Page) -> None:
    """As an administrator, who sees everything."""
    page.goto("/sign-in")
    page.fill("#user", "admin")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_selector(".bar")


def main() -> None:
    """Take all of them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    world = World(SystemClock())
    story = str(fill(world).id)
    with listening(world.app()) as served, browser() as chromium:
        for picture in PICTURES:
            shoot(chromium, served.url, picture, story)
            print(f"{FOLDER / picture.name}.png")
    (FOLDER / MADE).write_text(json.dumps({"mark": mark()}, indent=2) + "\n")


if __name__ == "__main__":
    main()
