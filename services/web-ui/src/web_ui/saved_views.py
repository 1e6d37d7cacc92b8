"""Views that somebody keeps under a name: filters of the dashboard, in a cookie of this browser.

Not at a server: a view is a convenience of the screen it was made on, and costs no account.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from web_ui.filters import of_query

MOST = 8
LONGEST_NAME = 40
LONGEST = 3000
"""Characters as they are written: a browser drops a cookie that has more than 4096 in base64."""


@dataclass(frozen=True)
class SavedView:
    """A name, and the query of the address it leads to."""

    name: str
    query: str


def read(cookie: str) -> list[SavedView]:
    """The views of a cookie; what is no view of ours is left out."""
    try:
        pairs = json.loads(cookie or "[]")
    except ValueError:
        return []
    if not isinstance(pairs, list):
        return []
    views = [
        SavedView(pair[0][:LONGEST_NAME], of_query(parse_qsl(pair[1])).query())
        for pair in pairs
        if isinstance(pair, list) and len(pair) == 2 and all(isinstance(one, str) for one in pair)
    ]
    return views[:MOST]


def written(views: Sequence[SavedView]) -> str:
    """As a cookie keeps them."""
    return json.dumps([[view.name, view.query] for view in views], separators=(",", ":"))


def with_view(views: Sequence[SavedView], name: str, query: str) -> list[SavedView]:
    """With one more, the newest first; one of the same name is replaced.

    The oldest go where all of them would not fit.
    """
    name = " ".join(name.split())[:LONGEST_NAME]
    query = of_query(parse_qsl(query)).query()
    others = [view for view in views if view.name != name]
    if not name:
        return list(views)
    found = [SavedView(name, query), *others][:MOST]
    while len(written(found)) > LONGEST:
        found.pop()
    return found


def without_view(views: Sequence[SavedView], name: str) -> list[SavedView]:
    """Without the one of this name."""
    return [view for view in views if view.name != name]
