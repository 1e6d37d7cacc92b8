"""oncall-service over HTTP, as whoever is signed in: what is configured there.

Everything that is kept in a list (people, teams, ...) is asked for and changed the same way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel

from shared.contracts.audit import AuditEntry
from shared.contracts.configuration import ServiceView, TeamView, TokenCreated, TokenView
from shared.contracts.oncall_api import CalendarView, CoverageView, CurrentView, OwnSession
from shared.contracts.wire import Page
from web_ui.configured import Policy, Schedule
from web_ui.neighbour import Neighbour
from web_ui.people import Person

Shape = TypeVar("Shape", bound=BaseModel)
Command = Mapping[str, Any]


@dataclass(frozen=True)
class Kind(Generic[Shape]):
    """A list of oncall-service: where it is, and what its entries are."""

    path: str
    shape: type[Shape]


PEOPLE = Kind("/api/v1/people", Person)
TEAMS = Kind("/api/v1/teams", TeamView)
SCHEDULES = Kind("/api/v1/schedules", Schedule)
POLICIES = Kind("/api/v1/policies", Policy)
SERVICES = Kind("/api/v1/services", ServiceView)


class Configuration(Neighbour):
    """Failures are those of clients.py; ``Conflict`` when something still needs what would go."""

    async def every(self, token: str, kind: Kind[Shape]) -> list[Shape]:
        """All of a kind, in the order of their names."""
        return await self._whole(kind.shape, kind.path, token)

    async def one(self, token: str, kind: Kind[Shape], which: UUID) -> Shape:
        """One of them."""
        return await self._ask(kind.shape, "GET", f"{kind.path}/{which}", token)

    async def create(self, token: str, kind: Kind[Shape], command: Command) -> Shape:
        """Add one."""
        return await self._ask(kind.shape, "POST", kind.path, token, json=command)

    async def change(self, token: str, kind: Kind[Shape], which: UUID, changes: Command) -> Shape:
        """Change the given fields."""
        return await self._ask(kind.shape, "PATCH", f"{kind.path}/{which}", token, json=changes)

    async def remove(self, token: str, kind: Kind[Any], which: UUID) -> None:
        """Remove it."""
        await self._send("DELETE", f"{kind.path}/{which}", token)

    async def on_call(self, token: str, team: UUID) -> CurrentView:
        """Who is on call for a team now."""
        return await self._ask(
            CurrentView, "GET", "/api/v1/oncall/current", token, params={"team": str(team)}
        )

    async def calendar(self, token: str, team: UUID, until: datetime) -> CalendarView:
        """The shifts of a team from now on."""
        asked = {"team": str(team), "until": until.isoformat()}
        return await self._ask(CalendarView, "GET", "/api/v1/oncall/calendar", token, params=asked)

    async def coverage(self, token: str, team: UUID) -> CoverageView:
        """What leads nowhere for a team in the days ahead, looked for now."""
        asked = {"team": str(team)}
        return await self._ask(CoverageView, "GET", "/api/v1/coverage", token, params=asked)

    async def preview(self, token: str, command: Command) -> CoverageView:
        """The same, if a ``schedule`` or a ``policy`` were saved like this."""
        return await self._ask(
            CoverageView, "POST", "/api/v1/coverage/preview", token, json=command
        )

    async def sessions(self, token: str) -> Sequence[OwnSession]:
        """Where one is signed in, newest first."""
        return await self._whole(OwnSession, "/api/v1/me/sessions", token)

    async def end_session(self, token: str, which: UUID) -> None:
        """Sign out there."""
        await self._send("DELETE", f"/api/v1/me/sessions/{which}", token)

    async def end_other_sessions(self, token: str) -> None:
        """Sign out everywhere but here."""
        await self._send("DELETE", "/api/v1/me/sessions", token)

    async def change_password(self, token: str, current: str, new: str) -> None:
        """Choose another; every session of the person ends."""
        await self._send(
            "POST", "/api/v1/me/password", token, json={"current": current, "new": new}
        )

    async def tokens(self, token: str) -> Sequence[TokenView]:
        """API tokens, newest first, revoked ones included."""
        return await self._whole(TokenView, "/api/v1/tokens", token)

    async def create_token(self, token: str, command: Command) -> TokenCreated:
        """Make one; only this answer holds it."""
        return await self._ask(TokenCreated, "POST", "/api/v1/tokens", token, json=command)

    async def revoke_token(self, token: str, which: UUID) -> None:
        """For ever."""
        await self._send("DELETE", f"/api/v1/tokens/{which}", token)

    async def audit(self, token: str, asked: Mapping[str, Any]) -> Page[AuditEntry]:
        """Who changed what here, newest first."""
        return await self._ask(Page[AuditEntry], "GET", "/api/v1/audit", token, params=asked)
