"""web-ui on a free port, and a browser in front of it."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

# pytest's importlib mode puts no folder on the path; the helpers lie beside this file.
sys.path.insert(0, str(Path(__file__).parent))

from chromium import browser, find, told
from web_ui_fakes import PASSWORD, World

from shared.clock import SystemClock
from vigie_testing.listening import listening


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser of this machine.

    Without one, CI fails; elsewhere the summary repeats what was not proved.
    """
    if find() is None and not os.environ.get("CI"):
        pytest.skip("no Chromium here: live updates, keyboard and phones were not proved")
    with browser() as started:
        yield started


@pytest.fixture
def world() -> World:
    """The neighbours, in real time: the browser's clock cannot be moved."""
    return World(SystemClock())


@pytest.fixture
def address(world: World) -> Iterator[str]:
    """Where web-ui answers."""
    with listening(world.app()) as served:
        yield served.url


@pytest.fixture
def open_page(chromium: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Signs in with a fresh browser context; every complaint of the browser fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_(*, user: str | None = "ada", **options: object) -> Page:
        context = chromium.new_context(base_url=address, **options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complaints.extend(told(line)))
        page.goto("/sign-in")
        if user:
            page.fill("#user", user)
            page.fill("#password", PASSWORD)
            page.press("#password", "Enter")
            page.wait_for_selector("h1:has-text('Open incidents')")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []
