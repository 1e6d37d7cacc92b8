"""A Chromium of this machine, headless, without anything that wants the Internet.

Playwright's own download is not used: distributions package Chromium, and GitHub's runners have it.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, ConsoleMessage, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find() -> str | None:
    """The browser: VIGIE_CHROMIUM, or the first one on PATH."""
    given = os.environ.get("VIGIE_CHROMIUM")
    return given or next(filter(None, map(shutil.which, NAMES)), None)


# A refusal is an answer like any other, but Chromium and htmx complain of its status.
EXPECTED = ("Failed to load resource", "Response Status Error Code")


def told(line: ConsoleMessage) -> list[str]:
    """The text of a line of the console that is a complaint."""
    return [line.text] if line.type == "error" and not line.text.startswith(EXPECTED) else []


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser.

    Raises:
        FileNotFoundError: there is none on this machine.
    """
    path = find()
    if path is None:
        raise FileNotFoundError("no Chromium: install Debian's package 'chromium'")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield chromium
        finally:
            chromium.close()
