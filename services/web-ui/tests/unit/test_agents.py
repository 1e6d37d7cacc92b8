"""Browsers and systems by what they call themselves."""

import pytest

from web_ui.agents import named

LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0)"
ANDROID = "Mozilla/5.0 (Linux; Android 15)"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18 like Mac OS X)"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15)"
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        (LINUX, ("Firefox", "Linux")),
        (f"{WINDOWS} {WEBKIT} Chrome/140.0 Safari/537.36 Edg/140.0", ("Edge", "Windows")),
        (f"{ANDROID} {WEBKIT} Chrome/140.0 Safari/537.36", ("Chrome", "Android")),
        (f"{IPHONE} Version/18 Safari/604", ("Safari", "iPhone")),
        (f"{MAC} Version/18 Safari/605", ("Safari", "macOS")),
        ("curl/8.5.0", ("curl", "")),
        ("", ("", "")),
    ],
)
def test_a_browser_is_named_as_its_owner_would(agent: str, expected: tuple[str, str]) -> None:
    assert named(agent) == expected
