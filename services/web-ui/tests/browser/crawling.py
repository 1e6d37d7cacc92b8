"""Every page that links lead to, one of each kind: what a person can reach with a browser."""

import html
import re
from urllib.parse import urlsplit

import httpx
from web_ui_fakes import PASSWORD

from web_ui.app import HANDLERS

# No pages: files, streams, and what is not meant to be looked at.
LEFT_OUT = re.compile(r"^/(static|events|sw\.js|manifest|calendars|health|metrics)|\.(csv|md)$")


def pages(base: str, user: str) -> list[str]:
    """Addresses in the order they were found; the first of each route, with its query."""
    with httpx.Client(base_url=base, follow_redirects=True) as client:
        _sign_in(client, user)
        found: dict[str, str] = {}
        waiting, seen = ["/"], {"/"}
        while waiting:
            address = waiting.pop(0)
            route = route_of(urlsplit(address).path)
            if route is None or route in found:
                continue
            answer = client.get(address)
            if not answer.headers.get("content-type", "").startswith("text/html"):
                continue
            assert answer.status_code == 200, f"{address}: {answer.status_code}"
            found[route] = address
            for link in _links(answer.text):
                if link not in seen:
                    seen.add(link)
                    waiting.append(link)
    return list(found.values())


def route_of(path: str) -> str | None:
    """The route that answers a path with a page, the most particular one."""
    if LEFT_OUT.search(path):
        return None
    fitting = [route for route in _routes() if _pattern(route).fullmatch(path)]
    return min(fitting, key=lambda route: route.count("{"), default=None)


def _routes() -> set[str]:
    return {path for handler in HANDLERS if "GET" in handler.http_methods for path in handler.paths}


def _pattern(route: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^}]+\}", route)
    return re.compile("[^/]+".join(map(re.escape, parts)))


def _links(page: str) -> list[str]:
    found = [html.unescape(link) for link in re.findall(r'<a [^>]*href="(/[^"]*)"', page)]
    return [link for link in found if not link.startswith("//") and "#" not in link]


def _sign_in(client: httpx.Client, user: str) -> None:
    page = client.get("/sign-in").text
    token = re.findall(r'name="csrf_token" value="(\w+)"', page)[0]
    client.post(
        "/sign-in",
        data={"csrf_token": token, "user": user, "password": PASSWORD, "next": "/"},
    )
