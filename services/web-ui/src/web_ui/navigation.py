"""Where one can go: the areas of the main navigation, and the pages of each."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.contracts.identity import Role
from web_ui.reading import sentence


@dataclass(frozen=True)
class Tab:
    """A page of an area; ``needs`` is the least role it is shown to."""

    name: str
    path: str
    needs: Role = Role.VIEWER


@dataclass(frozen=True)
class Area:
    """An entry of the main navigation; ``key`` is the second key of ``g`` and it."""

    name: str
    icon: str
    key: str
    tabs: Sequence[Tab]

    @property
    def path(self) -> str:
        """Where the entry leads."""
        return self.tabs[0].path


AREAS = (
    Area(
        sentence("Incidents"),
        "incidents",
        "i",
        (
            Tab(sentence("Open"), "/"),
            Tab(sentence("History"), "/history"),
            Tab(sentence("Runbooks"), "/runbooks"),
        ),
    ),
    Area(
        sentence("Alerts"),
        "alert",
        "a",
        (
            Tab(sentence("Stream"), "/alerts"),
            Tab(sentence("Not understood"), "/inbox", Role.RESPONDER),
            Tab(sentence("Silences"), "/silences"),
            Tab(sentence("Heartbeats"), "/heartbeats"),
        ),
    ),
    Area(
        sentence("On call"),
        "oncall",
        "o",
        (
            Tab(sentence("Now"), "/oncall"),
            Tab(sentence("Calendar"), "/calendar"),
            Tab(sentence("Who would be paged"), "/simulate"),
            Tab(sentence("Messages"), "/notifications"),
        ),
    ),
    Area(
        sentence("Reports"),
        "history",
        "r",
        (
            Tab(sentence("Incidents"), "/reports"),
            Tab(sentence("Load"), "/reports/load"),
        ),
    ),
    Area(
        sentence("Set-up"),
        "edit",
        "s",
        (
            Tab(sentence("First steps"), "/setup"),
            Tab(sentence("People"), "/people"),
            Tab(sentence("Teams"), "/teams"),
            Tab(sentence("Schedules"), "/schedules"),
            Tab(sentence("Policies"), "/policies"),
            Tab(sentence("Services"), "/services"),
            Tab(sentence("Integrations"), "/integrations", Role.ADMIN),
            Tab(sentence("Audit log"), "/audit", Role.ADMIN),
            Tab(sentence("API tokens"), "/tokens", Role.ADMIN),
        ),
    ),
)

# Pages below the open incidents whose address does not say so.
_BELOW = {"/incidents": "/"}


def here(path: str) -> tuple[Area, Tab] | None:
    """The area and page that an address belongs to: the longest that it begins with."""
    first = "/" + path.split("/")[1] if path != "/" else "/"
    path = _BELOW.get(first, path)
    fitting = [
        (area, tab)
        for area in AREAS
        for tab in area.tabs
        if path == tab.path or (tab.path != "/" and path.startswith(f"{tab.path}/"))
    ]
    return max(fitting, key=lambda found: len(found[1].path), default=None)
