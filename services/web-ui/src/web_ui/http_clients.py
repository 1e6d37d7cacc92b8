"""The neighbours over HTTP: requests out, shapes or named failures back (see clients.py)."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import httpx
from pydantic import BaseModel, ValidationError

from shared.contracts.incident_api import IncidentAlert, LinkView, Stats, TimelineEntry
from shared.contracts.incidents import Incident, Status
from shared.contracts.oncall_api import (
    CalendarView,
    CoverageView,
    CurrentView,
    NotificationView,
    SessionView,
)
from shared.contracts.wire import Page
from shared.errors import (
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    NotFound,
    Problem,
    TooMany,
    Unavailable,
)
from shared.http import ServiceClient
from web_ui.clients import MOST_ALERTS, Down, Search, SignedOut
from web_ui.sse import Message, parse

Shape = TypeVar("Shape", bound=BaseModel)

# Who wants more reads it in the API; a page of thousands of entries helps nobody.
LONGEST_LIST = 1000
PAGE_SIZE = 200


_PLAIN: dict[int, type[SignedOut | Forbidden | NotFound]] = {
    401: SignedOut,
    403: Forbidden,
    404: NotFound,
}


class Neighbour:
    """Sends a request and turns whatever comes back into a shape or a named failure."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def _ask(
        self,
        shape: type[Shape],
        method: str,
        path: str,
        token: str | None,
        *,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Shape:
        response = await self._send(method, path, token, json=json, params=params, headers=headers)
        try:
            return shape.model_validate_json(response.content)
        except ValidationError as error:
            raise Down(
                self._client.name, f"{self._client.name} gave an answer that cannot be read."
            ) from error

    async def _whole(
        self,
        shape: type[Shape],
        path: str,
        token: str,
        params: Mapping[str, Any] | None = None,
    ) -> list[Shape]:
        """A list to its end, or until it is longer than any page shows."""
        items: list[Shape] = []
        asked: dict[str, Any] = {**(params or {}), "limit": PAGE_SIZE}
        while len(items) < LONGEST_LIST:
            page: Page[Shape] = await self._ask(
                Page[shape],  # type: ignore[valid-type]
                "GET",
                path,
                token,
                params=asked,
            )
            items += page.items
            if page.next_cursor is None:
                break
            asked["cursor"] = page.next_cursor
        return items

    async def _send(
        self,
        method: str,
        path: str,
        token: str | None,
        *,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        name = self._client.name
        try:
            response = await self._client.request(
                method, path, json=json, params=params, token=token, headers=headers
            )
        except Unavailable as error:
            raise Down(name, error.detail) from error
        if response.is_success:
            return response
        raise _failure(name, response)


def _failure(name: str, response: httpx.Response) -> Problem:
    """The failure a neighbour's answer stands for."""
    document = _document(response)
    detail = str(document.get("detail") or f"{name} answered {response.status_code}.")
    status = response.status_code
    if status == 409:
        return Conflict(detail, allowed=_texts(document.get("allowed")))
    if status in {400, 422}:
        return Invalid(_field_errors(document), detail)
    if status == 429:
        wait = response.headers.get("retry-after", "")
        return TooMany(detail, retry_after=int(wait) if wait.isdigit() else 30)
    if status in _PLAIN:
        return _PLAIN[status](detail)
    return Down(name, f"{name} answered {status}.")


def _document(response: httpx.Response) -> dict[str, Any]:
    try:
        document = response.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _texts(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def _field_errors(document: Mapping[str, Any]) -> list[FieldError]:
    errors = document.get("errors")
    return [
        FieldError(str(error.get("field", "")), str(error.get("message", "")))
        for error in (errors if isinstance(errors, list) else [])
        if isinstance(error, dict)
    ]


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
        return await self._ask(Stats, "GET", "/api/v1/stats", token)


class HttpOnCall(Neighbour):
    """oncall-service over HTTP; see :class:`OnCall`."""

    async def sign_in(self, user: str, password: str, address: str, device: str) -> SessionView:
        """See :class:`OnCall`."""
        # With this service's own token, which is what makes oncall-service believe the address.
        return await self._ask(
            SessionView,
            "POST",
            "/api/v1/sessions",
            None,
            json={"user": user, "password": password, "device": device},
            headers={"X-Forwarded-For": address},
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
