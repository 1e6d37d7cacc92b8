"""What a browser asks for to install web-ui; none of it needs a session."""

import json
import re
import struct
from pathlib import Path

import pytest
from web_ui_fakes import Visitor, World

import web_ui
from web_ui.pages.installed import BACKGROUND_COLOUR, SHELL, THEME_COLOUR

PACKAGE = Path(web_ui.__file__).parent


def size_of(png: bytes) -> str:
    """As a manifest writes it, out of the file's own header."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return f"{width}x{height}"


async def test_the_manifest_names_icons_that_are_what_it_says(visitor: Visitor) -> None:
    answer = await visitor.get("/manifest.webmanifest")
    assert answer.headers["content-type"].startswith("application/manifest+json")
    assert answer.headers["cache-control"] == "no-cache"
    manifest = answer.json()
    assert (manifest["name"], manifest["start_url"], manifest["display"]) == (
        "Vigie",
        "/",
        "standalone",
    )
    purposes = {(icon["sizes"], icon["purpose"]) for icon in manifest["icons"]}
    assert purposes == {("192x192", "any"), ("512x512", "any"), ("512x512", "maskable")}
    for icon in manifest["icons"]:
        file = await visitor.get(icon["src"])
        assert file.headers["content-type"] == icon["type"]
        assert size_of(file.content) == icon["sizes"]


async def test_every_page_leads_to_the_manifest_and_the_icon(responder: Visitor) -> None:
    for text in ((await responder.get("/")).text, (await responder.get("/offline")).text):
        assert '<link rel="manifest" href="/manifest.webmanifest">' in text
        icon = re.search(r'rel="apple-touch-icon" href="([^"]+)"', text)
        assert icon
        assert size_of((await responder.get(icon[1])).content) == "180x180"


def test_the_colours_are_those_of_the_pages() -> None:
    tokens = (PACKAGE / "static" / "tokens.css").read_text()
    bar = re.search(r"--bar: light-dark\((#\w+),", tokens)
    assert bar
    layout = (PACKAGE / "templates" / "layout.html").read_text()
    assert f'name="theme-color" content="{THEME_COLOUR}"' in layout
    assert {bar[1], THEME_COLOUR, BACKGROUND_COLOUR} == {bar[1]}


async def test_the_worker_keeps_what_is_the_same_for_everybody_and_nothing_else(
    visitor: Visitor,
) -> None:
    answer = await visitor.get("/sw.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "no-cache"
    kept = re.match(r"const SHELL = (\{.*\});\n", answer.text)
    assert kept
    shell = json.loads(kept[1])
    assert shell["offline"] == "/offline"
    assert all(file.startswith("/static/") for file in shell["files"])
    for address in [*shell["files"], shell["offline"]]:
        assert (await visitor.get(address)).status_code == 200


async def test_what_every_page_loads_is_in_the_shell(visitor: Visitor) -> None:
    text = (await visitor.get("/offline")).text
    loaded = re.findall(r'<(?:script src|link rel="stylesheet" href)="/static/([^?"]+)', text)
    assert loaded
    assert set(loaded) <= set(SHELL)


async def test_the_page_without_a_network_is_nobodys(responder: Visitor) -> None:
    text = (await responder.get("/offline")).text
    assert "Vigie cannot be reached" in text
    assert "Ada" not in text
    assert "csrf_token" not in text


@pytest.mark.parametrize("path", ["/manifest.webmanifest", "/sw.js", "/offline"])
async def test_none_of_it_needs_a_neighbour(visitor: Visitor, world: World, path: str) -> None:
    world.oncall_down()
    world.incidents.down = True
    assert (await visitor.get(path)).status_code == 200


async def test_pages_may_have_a_worker_and_a_manifest_of_their_own_alone(visitor: Visitor) -> None:
    policy = (await visitor.get("/sign-in")).headers["content-security-policy"]
    assert "worker-src 'self'; manifest-src 'self';" in policy
