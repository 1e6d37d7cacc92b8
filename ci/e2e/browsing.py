"""Browsers in front of an installation, each with its own session, and what they complain of."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from chromium import browser
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

# A refusal, or a service that is down, is an answer; Chromium and htmx complain of it, and of a
# stream that has ended by the name of its object alone.
EXPECTED = (
    "Failed to load resource",
    "Response Status Error Code",
    "[object Event]",
    "htmx:sendError",
    "htmx:afterRequest",
)
PATIENCE_MILLISECONDS = 15_000

# Promises the moment (ms since 1970) from which something is on the page, however late one asks.
_WATCH = """([selector, patience]) => {
    window.shown = new Promise((resolve, reject) => {
        const look = () => {
            if (!document.querySelector(selector)) return;
            watch.disconnect();
            resolve(Date.now());
        };
        const watch = new MutationObserver(look);
        watch.observe(document.body, { childList: true, subtree: true });
        setTimeout(() => reject(new Error(`not shown in time: ${selector}`)), patience);
    });
}"""


@dataclass
class Browsing:
    """Windows of one Chromium that show one installation."""

    chromium: Browser
    address: str
    complaints: list[str] = field(default_factory=list)
    _open: list[BrowserContext] = field(default_factory=list)

    def window(self, **options: Any) -> Page:
        """An empty page of a browser that nobody has signed in with."""
        context = self.chromium.new_context(base_url=self.address, **{"locale": "en-GB", **options})
        self._open.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MILLISECONDS)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on("console", self._hear)
        page.on("request", lambda request: self._see(request.url))
        return page

    def close(self) -> None:
        """Close every window."""
        while self._open:
            self._open.pop().close()

    def _hear(self, line: ConsoleMessage) -> None:
        if line.type == "error" and not line.text.startswith(EXPECTED):
            self.complaints.append(line.text)

    def _see(self, url: str) -> None:
        if not url.startswith((f"{self.address}/", "data:", "blob:")):
            self.complaints.append(f"asked another origin: {url}")


@contextmanager
def browsing(address: str) -> Iterator[Browsing]:
    """A Chromium of this machine.

    Raises:
        FileNotFoundError: there is none.
    """
    with browser() as chromium:
        yield Browsing(chromium, address)


def seconds_until_shown(page: Page, selector: str, act: Callable[[], object]) -> float:
    """How long after ``act`` has returned something is on the page; below 0 when it is sooner."""
    page.evaluate(_WATCH, [selector, PATIENCE_MILLISECONDS])
    act()
    done = time.time()
    return float(page.evaluate("window.shown")) / 1000 - done
