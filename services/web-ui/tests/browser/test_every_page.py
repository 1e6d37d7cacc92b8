"""Every page that links lead to: readable at every width, in light and dark, in both languages."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from chromium import told
from crawling import pages
from examining import broken_words, too_wide, violations
from playwright.sync_api import Browser, Page
from showcase import fill
from web_ui_fakes import PASSWORD, World

from shared.clock import SystemClock
from vigie_testing.listening import listening

WIDTHS = (320, 390, 768, 1024, 1440)
# Of each pair one is looked at in full: width, colours, language.
LOOKS = ((1440, "light", "en"), (390, "dark", "fr"))


# One browser at a time, like the others: two of them starve each other of this machine's cores.
pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    # Some forty pages, each at five widths, under coverage.
    pytest.mark.timeout(300),
]


@pytest.fixture(scope="module", params=["busy", "empty"])
def served(request: pytest.FixtureRequest) -> Iterator[str]:
    """web-ui on a busy Monday, and on its first evening."""
    world = World(SystemClock())
    if request.param == "busy":
        fill(world)
    with listening(world.app()) as running:
        yield running.url


def visit(chromium: Browser, base: str, colours: str, language: str) -> tuple[Page, list[str]]:
    """Signed in as an administrator, who sees everything; what the browser complains of."""
    context = chromium.new_context(
        base_url=base,
        color_scheme=colours,  # type: ignore[arg-type]
        # A colour that is examined on its way to another is none of ours.
        reduced_motion="reduce",
        locale="fr-FR" if language == "fr" else "en-GB",
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.extend(told(line)))
    page.on(
        "request",
        lambda asked: (
            complaints.append(f"left the origin: {asked.url}")
            if urlsplit(asked.url).scheme in {"http", "https"} and not asked.url.startswith(base)
            else None
        ),
    )
    page.goto("/sign-in")
    page.fill("#user", "admin")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_selector(".bar")
    return page, complaints


@pytest.mark.parametrize(("width", "colours", "language"), LOOKS)
def test_no_page_breaks_a_word_or_its_edge_or_a_rule_of_access(
    chromium: Browser, served: str, width: int, colours: str, language: str
) -> None:
    every = pages(served, "admin")
    assert len(every) > 15
    wrong: list[str] = []
    page, complaints = visit(chromium, served, colours, language)
    for address in every:
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(address, wait_until="load")
        wrong += [f"{address}: {each}" for each in violations(page)]
        assert page.get_attribute("html", "lang") == language
        for narrow in WIDTHS:
            page.set_viewport_size({"width": narrow, "height": 900})
            wrong += [f"{address} at {narrow}: broken {each}" for each in broken_words(page)]
            wrong += [f"{address} at {narrow}: too wide {each}" for each in too_wide(page)]
    page.context.close()
    assert not [*wrong, *complaints], "\n".join([*wrong, *complaints])
