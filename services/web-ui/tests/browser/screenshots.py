"""Pictures of every page: ``python services/web-ui/tests/browser/screenshots.py FOLDER [URL]``.

On a desk and on a phone, light and dark, with the believable data of ``showcase.py``, or of the
installation at URL (its credentials in VIGIE_USER and VIGIE_PASSWORD).
"""

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from chromium import browser  # noqa: E402
from playwright.sync_api import Page  # noqa: E402
from showcase import fill  # noqa: E402
from web_ui_fakes import PASSWORD, World  # noqa: E402

from shared.clock import SystemClock  # noqa: E402
from vigie_testing.listening import listening  # noqa: E402

SIZES = {"desk": (1280, 800), "phone": (390, 844)}


def shoot(page: Page, folder: Path, name: str, path: str, base: str) -> None:
    """One picture, of the whole page."""
    page.goto(base + path)
    page.wait_for_timeout(400)
    page.screenshot(path=folder / f"{name}.png", full_page=True)


def tour(folder: Path, base: str, user: str, password: str) -> None:
    """Every page, in every size and colour."""
    with browser() as chromium:
        for size, (width, height) in SIZES.items():
            for scheme in ("light", "dark"):
                context = chromium.new_context(
                    viewport={"width": width, "height": height},
                    color_scheme=scheme,
                    has_touch=size == "phone",
                    is_mobile=size == "phone",
                    locale="en-GB",
                    timezone_id="Europe/Paris",
                )
                page = context.new_page()
                page.on("console", lambda message: print(message.type, message.text))
                mark = f"{size}-{scheme}"
                shoot(page, folder, f"sign-in-{mark}", "/sign-in", base)
                page.fill("#user", user)
                page.fill("#password", password)
                page.click("text=Sign in >> nth=-1")
                shoot(page, folder, f"dashboard-{mark}", "/", base)
                first = page.get_attribute(".incidents tbody tr:nth-child(2) .title a", "href")
                shoot(page, folder, f"incident-{mark}", first or "/incidents/1", base)
                for name in (
                    "oncall",
                    "notifications",
                    "history",
                    "runbooks",
                    "me",
                    "offline",
                    "nothing-here",
                ):
                    shoot(page, folder, f"{name}-{mark}", f"/{name}", base)
                shoot(page, folder, f"runbook-{mark}", "/runbooks/CanaryFailing", base)
                context.close()


def main(arguments: list[str]) -> None:
    """Takes the pictures."""
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    if len(arguments) > 1:
        tour(folder, arguments[1], os.environ["VIGIE_USER"], os.environ["VIGIE_PASSWORD"])
        return
    world = World(SystemClock())
    fill(world)
    with listening(world.app()) as served:
        base = served.url
        tour(folder, base, "ada", PASSWORD)


if __name__ == "__main__":
    main(sys.argv[1:])
