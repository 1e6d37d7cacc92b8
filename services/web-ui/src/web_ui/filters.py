"""Which incidents an address asks for, and the addresses beside it. Pure.

Everything is in the address, so that a view can be kept, sent to somebody and gone back to.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode

from shared.contracts.incidents import Status
from shared.contracts.wire import Severity
from web_ui.clients import Search

One = TypeVar("One", Severity, Status)

LONGEST = 200
ME, NOBODY = "me", "none"
# No team has an empty name, so nothing is found for whoever is in none.
NO_TEAM = ("",)
UNRESOLVED = (Status.OPEN, Status.ACKNOWLEDGED, Status.IN_PROGRESS)


@dataclass(frozen=True)
class Choice:
    """A filter as a link: what it says, where it leads, whether it is on."""

    name: str
    link: str
    on: bool


@dataclass(frozen=True)
class Filters:
    """Empty values do not restrict. ``assignee`` is a person's id, ``me`` or ``none``.

    ``my_teams``: of the teams the viewer is a member of. ``text`` is found in titles, or is a
    number (47, INC-47).
    """

    statuses: Sequence[Status] = ()
    severities: Sequence[Severity] = ()
    service: str = ""
    team: str = ""
    assignee: str = ""
    my_teams: bool = False
    text: str = ""

    @property
    def narrowed(self) -> bool:
        """Whether anything is asked for."""
        return self != Filters()

    @property
    def mine(self) -> bool:
        """Whether the viewer's own are asked for."""
        return self.assignee == ME

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What a form for the text carries along: all the rest."""
        return parse_qsl(replace(self, text="").query())

    def query(self, cursor: str | None = None) -> str:
        """As the query of an address; empty for everything."""
        pairs: list[tuple[str, str]] = [("status", status.value) for status in self.statuses]
        pairs += [("severity", severity.value) for severity in self.severities]
        single = {
            "service": self.service,
            "team": self.team,
            "assignee": self.assignee,
            "teams": "mine" if self.my_teams else "",
            "text": self.text,
            "cursor": cursor or "",
        }
        pairs += [(name, value) for name, value in single.items() if value]
        return urlencode(pairs)

    def toggled(self, name: str, value: str = "") -> "Filters":
        """With a filter switched on, or off where it is on."""
        match name:
            case "severity":
                return replace(self, severities=_toggle(self.severities, Severity(value), Severity))
            case "status":
                return replace(self, statuses=_toggle(self.statuses, Status(value), Status))
            case "my_teams":
                return replace(self, my_teams=not self.my_teams)
            case "service":
                return replace(self, service=_other(self.service, value))
            case "team":
                return replace(self, team=_other(self.team, value))
            case _:
                return replace(self, assignee=_other(self.assignee, value))

    def search(
        self,
        viewer_id: str,
        teams: Sequence[str],
        *,
        limit: int,
        cursor: str | None = None,
        worst_first: bool = False,
    ) -> Search:
        """As a question to incident-management; ``teams`` are the viewer's own."""
        return Search(
            statuses=self.statuses,
            severities=[severity.value for severity in self.severities],
            service=self.service,
            teams=[self.team] if self.team else list(teams) if self.my_teams else [],
            assignee=viewer_id if self.mine else self.assignee,
            text=self.text,
            cursor=cursor,
            limit=limit,
            worst_first=worst_first,
        )


def of_query(query: Iterable[tuple[str, str]]) -> Filters:
    """The filters of an address; a value that does not exist counts as not given."""
    values: dict[str, list[str]] = {}
    for name, value in query:
        values.setdefault(name, []).append(value.strip()[:LONGEST])
    return Filters(
        statuses=tuple(each for each in Status if each.value in values.get("status", ())),
        severities=tuple(each for each in Severity if each.value in values.get("severity", ())),
        service=_last(values, "service"),
        team=_last(values, "team"),
        assignee=_last(values, "assignee"),
        my_teams=_last(values, "teams") == "mine",
        text=_last(values, "text"),
    )


def _last(values: Mapping[str, Sequence[str]], name: str) -> str:
    return values[name][-1] if values.get(name) else ""


def _other(now: str, value: str) -> str:
    return "" if now == value else value


def _toggle(chosen: Sequence[One], one: One, order: Iterable[One]) -> tuple[One, ...]:
    wanted = set(chosen) ^ {one}
    return tuple(each for each in order if each in wanted)
