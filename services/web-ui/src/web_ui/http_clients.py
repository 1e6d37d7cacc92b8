"""The neighbours over HTTP (see clients.py)."""

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from uuid import UUID

import httpx

from shared.contracts.configuration import TeamView
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
from shared.http import ServiceClient
from web_ui.clients import MOST_ALERTS, Browser, Down, Search
from web_ui.neighbour import Neighbour
from web_ui.sse import Message, parse

# A longer name of a browser says no more to whoever reads their sessions.
LONGEST_AGENT = 300


class HttpIncidents(Neighbour):
    """incident-management over HTTP; see :class:`Incidents`."""

    async def search(self, token: str, search: Search) -> Page[Incident]:
        """See :class:`Incidents`."""
        return await self._ask(
            Page[Incident], "GET", "/api/v1/incidents", token, params=search.params()
        )

    async def get(self, token: str, incident: UUID | int) -> Incident:
        """See :class:`Incidents`."""
        return await self._ask(Incident, "GET", f"/api/v1/incidents/{incident}", token)

    async def timeline(self, token: str, incident_id: UUID) -> Sequence[TimelineEntry]:
        """See :class:`Incidents`."""
        path = f"/api/v1/incidents/{incident_id}/timeline"
        return await self._whole(TimelineEntry, path, token)

    async def alerts(self, token: str, incident_id: UUID) -> Sequence[IncidentAlert]:
        """See :class:`Incidents`."""
        path = f"/api/v1/incidents/{incident_id}/alerts"
        page = await self._ask(
            Page[IncidentAlert], "GET", path, token, params={"limit": MOST_ALERTS}
        )
        return page.items

    async def change_status(self, token: str, incident_id: UUID, status: Status) -> Incident:
        """See :class:`Incidents`."""
        path = f"/api/v1/incidents/{incident_id}"
        return await self._ask(Incident, "PATCH", path, token, json={"status": status.value})

    async def add_note(self, token: str, incident_id: UUID, text: str) -> None:
        """See :class:`Incidents`."""
        path = f"/api/v1/incidents/{incident_id}/notes"
        await self._send("POST", path, token, json={"text": text})

    async def assign(self, token: str, incident_id: UUID, person: UUID | None) -> Incident:
        """See :class:`Incidents`."""
        asked = {"assignee_id": str(person) if person else None}
        return await self._ask(Incident, "PATCH", _incident(incident_id), token, json=asked)

    async def snooze(self, token: str, incident_id: UUID, minutes: int) -> Incident:
        """See :class:`Incidents`."""
        path = f"{_incident(incident_id)}/snooze"
        return await self._ask(Incident, "POST", path, token, json={"minutes": minutes})

    async def undo_resolve(self, token: str, incident_id: UUID) -> Incident:
        """See :class:`Incidents`."""
        return await self._ask(Incident, "POST", f"{_incident(incident_id)}/undo-resolve", token)

    async def recur(self, token: str, incident_id: UUID) -> Incident:
        """See :class:`Incidents`."""
        return await self._ask(Incident, "POST", f"{_incident(incident_id)}/recur", token)

    async def merge(self, token: str, incident_id: UUID, into: str) -> Incident:
        """See :class:`Incidents`."""
        path = f"{_incident(incident_id)}/merge"
        return await self._ask(Incident, "POST", path, token, json={"into": into})

    async def open_by_hand(
        self, token: str, title: str, service: str, severity: str, message: str
    ) -> Incident:
        """See :class:`Incidents`."""
        asked = {"title": title, "service": service, "severity": severity}
        if message:
            asked["message"] = message
        return await self._ask(Incident, "POST", "/api/v1/incidents", token, json=asked)

    async def why(self, token: str, incident_id: UUID) -> IncidentWhy:
        """See :class:`Incidents`."""
        return await self._ask(IncidentWhy, "GET", f"{_incident(incident_id)}/why", token)

    async def look_at_link(self, link: str) -> LinkView:
        """See :class:`Incidents`."""
        return await self._ask(
            LinkView, "POST", "/internal/v1/links/look", None, json={"token": link}
        )

    async def use_link(self, link: str) -> LinkView:
        """See :class:`Incidents`."""
        return await self._ask(
            LinkView, "POST", "/internal/v1/links/use", None, json={"token": link}
        )

    async def stats(self, token: str) -> Stats:
        """See :class:`Incidents`."""
        return await self._ask(Stats, "GET", "/api/v1/stats", token, params={"compare": True})


def _incident(incident_id: UUID) -> str:
    return f"/api/v1/incidents/{incident_id}"


class HttpOnCall(Neighbour):
    """oncall-service over HTTP; see :class:`OnCall`."""

    async def sign_in(self, user: str, password: str, browser: Browser) -> SessionView:
        """See :class:`OnCall`."""
        # With this service's own token, which is what makes oncall-service believe the address.
        return await self._ask(
            SessionView,
            "POST",
            "/api/v1/sessions",
            None,
            json={
                "user": user,
                "password": password,
                "device": browser.device,
                "agent": browser.agent[:LONGEST_AGENT] or None,
            },
            headers={"X-Forwarded-For": browser.address},
        )

    async def sign_out(self, token: str) -> None:
        """See :class:`OnCall`."""
        await self._send("DELETE", "/api/v1/sessions/current", token)

    async def duties(self, token: str) -> Sequence[CurrentView]:
        """See :class:`OnCall`."""
        return await self._whole(CurrentView, "/api/v1/oncall/current", token)

    async def calendars(self, token: str, until: datetime) -> Sequence[CalendarView]:
        """See :class:`OnCall`."""
        return await self._whole(
            CalendarView, "/api/v1/oncall/calendar", token, {"until": until.isoformat()}
        )

    async def coverage(self, token: str) -> CoverageView:
        """See :class:`OnCall`."""
        return await self._ask(CoverageView, "GET", "/api/v1/coverage/last", token)

    async def running(
        self, token: str, incident_id: UUID | None = None
    ) -> Sequence[EscalationView]:
        """See :class:`OnCall`."""
        asked = {"status": "running"} | ({"incident_id": str(incident_id)} if incident_id else {})
        return await self._whole(EscalationView, "/api/v1/escalations", token, asked)

    async def everybody(self, token: str) -> Sequence[Ref]:
        """See :class:`OnCall`."""
        return await self._whole(Ref, "/api/v1/people", token)

    async def known_services(self, token: str) -> Sequence[str]:
        """See :class:`OnCall`."""
        return [entry.name for entry in await self._whole(Ref, "/api/v1/services", token)]

    async def teams_of(self, token: str, person: str) -> Sequence[str]:
        """See :class:`OnCall`."""
        teams = await self._whole(TeamView, "/api/v1/teams", token)
        return [team.name for team in teams if person in {str(each.id) for each in team.members}]

    async def ask_for_help(self, token: str, incident_id: UUID, person: UUID) -> None:
        """See :class:`OnCall`."""
        path = f"{_incident(incident_id)}/page"
        await self._send("POST", path, token, json={"person": str(person)})

    async def escalate(self, token: str, incident_id: UUID, reason: str) -> None:
        """See :class:`OnCall`."""
        asked = {"incident_id": str(incident_id), "reason": reason}
        await self._send("POST", "/api/v1/escalate", token, json=asked)

    async def notifications(
        self, token: str, cursor: str | None, incident_id: UUID | None
    ) -> Page[NotificationView]:
        """See :class:`OnCall`."""
        given = {"cursor": cursor, "incident_id": str(incident_id) if incident_id else None}
        params = {"limit": 50} | {name: value for name, value in given.items() if value}
        return await self._ask(
            Page[NotificationView], "GET", "/api/v1/notifications", token, params=params
        )


class HttpFeed:
    """incident-management's events, with this service's own token; see ``live.Feed``."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def follow(self, last_id: str | None) -> AsyncGenerator[Message, None]:
        """See ``live.Feed``."""
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last_id} if last_id else {})
        try:
            async with self._client.stream("/api/v1/events", headers=headers) as response:
                if response.status_code != 200:
                    raise Down(
                        self._client.name,
                        f"{self._client.name} answered {response.status_code} to the subscription.",
                    )
                yield Message()
                async for message in parse(response.aiter_lines()):
                    yield message
        except httpx.TransportError as error:
            raise Down(
                self._client.name,
                f"The subscription to {self._client.name} broke ({type(error).__name__}).",
            ) from error
