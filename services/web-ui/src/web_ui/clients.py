"""The neighbours, as web-ui needs them; http_clients.py implements these Protocols.

Every call acts with the token of the person who asked, so the neighbours decide what is allowed and
write down who did it. Failures are ``shared.errors``: ``SignedOut`` (the session ended),
``Forbidden``, ``NotFound``, ``Conflict`` (with ``extra["allowed"]`` where it is about a
state), ``Invalid``, ``TooMany``, and ``Down`` when the neighbour does not answer or answers
nonsense.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from shared.contracts.incident_api import IncidentAlert, IncidentWhy, LinkView, Stats, TimelineEntry
from shared.contracts.incidents import Incident, Status
from shared.contracts.oncall_api import (
    CalendarView,
    CoverageView,
    CurrentView,
    EscalationView,
    NotificationView,
    SessionView,
)
from shared.contracts.wire import Page, Ref
from shared.errors import Unauthorized, Unavailable

MOST_ALERTS = 100


class SignedOut(Unauthorized):
    """The person's session is over, or never was."""


class Down(Unavailable):
    """A neighbour cannot be reached now; ``service`` is its name."""

    def __init__(self, service: str, detail: str) -> None:
        super().__init__(detail)
        self.service = service


@dataclass(frozen=True)
class Browser:
    """Where somebody signs in: attempts are counted by the address and by the device's secret.

    ``agent`` is what it calls itself, for the list of one's sessions.
    """

    address: str
    device: str
    agent: str = ""


@dataclass(frozen=True)
class Search:
    """Which incidents; empty values do not restrict. ``worst_first`` instead of newest first."""

    statuses: Sequence[Status] = ()
    severities: Sequence[str] = ()
    service: str = ""
    teams: Sequence[str] = ()
    assignee: str = ""
    text: str = ""
    cursor: str | None = None
    limit: int = 50
    worst_first: bool = False

    def params(self) -> dict[str, Any]:
        """As the query of ``GET /api/v1/incidents``."""
        given = {
            "status": [status.value for status in self.statuses],
            "severity": list(self.severities),
            "service": self.service,
            "team": list(self.teams),
            "assignee": self.assignee,
            "q": self.text,
            "cursor": self.cursor,
            "sort": "severity" if self.worst_first else "",
        }
        return {"limit": self.limit} | {name: value for name, value in given.items() if value}


class Incidents(Protocol):
    """incident-management."""

    async def search(self, token: str, search: Search) -> Page[Incident]:
        """One page of incidents."""
        ...

    async def get(self, token: str, incident: UUID | int) -> Incident:
        """One incident, by its id or number."""
        ...

    async def timeline(self, token: str, incident_id: UUID) -> Sequence[TimelineEntry]:
        """What happened to it, oldest first."""
        ...

    async def alerts(self, token: str, incident_id: UUID) -> Sequence[IncidentAlert]:
        """Its alerts in the order they came, at most ``MOST_ALERTS``."""
        ...

    async def change_status(self, token: str, incident_id: UUID, status: Status) -> Incident:
        """Ask for a state; ``Conflict`` says which would be allowed."""
        ...

    async def add_note(self, token: str, incident_id: UUID, text: str) -> None:
        """Put a sentence on the timeline."""
        ...

    async def assign(self, token: str, incident_id: UUID, person: UUID | None) -> Incident:
        """Make it somebody's, or nobody's."""
        ...

    async def snooze(self, token: str, incident_id: UUID, minutes: int) -> Incident:
        """Leave it alone for so long; it pages anew then."""
        ...

    async def undo_resolve(self, token: str, incident_id: UUID) -> Incident:
        """Take one's own resolution back; ``Conflict`` when it is too late."""
        ...

    async def recur(self, token: str, incident_id: UUID) -> Incident:
        """It is back: a new incident that follows the resolved one."""
        ...

    async def merge(self, token: str, incident_id: UUID, into: str) -> Incident:
        """It is the same trouble as ``into`` (an id or number)."""
        ...

    async def open_by_hand(
        self, token: str, title: str, service: str, severity: str, message: str
    ) -> Incident:
        """An incident that somebody noticed before any alert did."""
        ...

    async def why(self, token: str, incident_id: UUID) -> IncidentWhy:
        """From the alerts to the receipts of messages."""
        ...

    async def look_at_link(self, link: str) -> LinkView:
        """What a link in a message is about; asked with this service's own token."""
        ...

    async def use_link(self, link: str) -> LinkView:
        """Acknowledge by it."""
        ...

    async def stats(self, token: str) -> Stats:
        """What is open now, and how fast those of this week and the one before were handled."""
        ...


class OnCall(Protocol):
    """oncall-service."""

    async def sign_in(self, user: str, password: str, browser: Browser) -> SessionView:
        """Begin a session; ``SignedOut`` when name and password do not fit."""
        ...

    async def sign_out(self, token: str) -> None:
        """End it."""
        ...

    async def duties(self, token: str) -> Sequence[CurrentView]:
        """Who is on call in every team."""
        ...

    async def calendars(self, token: str, until: datetime) -> Sequence[CalendarView]:
        """The shifts of every team from now on."""
        ...

    async def coverage(self, token: str) -> CoverageView:
        """What the last look at the days ahead has found."""
        ...

    async def running(
        self, token: str, incident_id: UUID | None = None
    ) -> Sequence[EscalationView]:
        """What is paged now (for one incident, or for all), and who is next."""
        ...

    async def everybody(self, token: str) -> Sequence[Ref]:
        """All people, by their names."""
        ...

    async def known_services(self, token: str) -> Sequence[str]:
        """The names of the services in the directory."""
        ...

    async def teams_of(self, token: str, person: str) -> Sequence[str]:
        """The names of the teams that somebody is a member of."""
        ...

    async def ask_for_help(self, token: str, incident_id: UUID, person: UUID) -> None:
        """Page somebody for it, beside whoever has it; ``Conflict`` when that cannot reach them."""
        ...

    async def escalate(self, token: str, incident_id: UUID, reason: str) -> None:
        """Page the next step now."""
        ...

    async def notifications(
        self, token: str, cursor: str | None, incident_id: UUID | None
    ) -> Page[NotificationView]:
        """Messages to people, newest first."""
        ...
