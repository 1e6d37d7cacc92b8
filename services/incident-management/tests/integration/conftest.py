"""A real application on a real database, with neighbours that only listen."""

import json
import secrets
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from incident_management.app import create_app
from incident_management.settings import IncidentManagementSettings
from incident_management.workflow import housekeeping
from shared.auth import hash_token
from shared.contracts.identity import Principal, Role
from shared.contracts.oncall_api import WhyView
from shared.contracts.wire import Ref
from shared.errors import Unavailable
from shared.identifiers import new_id
from vigie_testing.clock import ManualClock
from vigie_testing.databases import Database

ALICE = Ref(id=uuid.UUID(int=1), name="Alice")
BOB = Ref(id=uuid.UUID(int=2), name="Bob")


class Neighbours:
    """alert-ingestion and oncall-service: they take every event, unless they are down."""

    def __init__(self) -> None:
        self.taken: dict[str, list[dict[str, Any]]] = {"8001": [], "8003": []}
        self.down = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            raise httpx.ConnectError("refused", request=request)
        events = json.loads(request.content)["events"]
        self.taken[str(request.url.port)].extend(events)
        results = [{"event_id": event["event_id"], "outcome": "applied"} for event in events]
        return httpx.Response(200, json={"results": results})

    def told_oncall(self) -> list[dict[str, Any]]:
        return self.taken["8003"]

    def told_alerts(self) -> list[dict[str, Any]]:
        return self.taken["8001"]


@dataclass
class Tokens:
    """The directory of tokens that oncall-service would be."""

    known: dict[str, Principal] = field(default_factory=dict)
    down: bool = False

    def issue(self, principal: Principal) -> str:
        token = secrets.token_hex(16)
        self.known[token] = principal
        return token

    async def find(self, token: str) -> Principal | None:
        if self.down:
            raise Unavailable("oncall-service does not answer.")
        return self.known.get(token)


@dataclass
class People:
    """The directory of people that oncall-service would be."""

    known: list[Ref] = field(default_factory=lambda: [ALICE, BOB])
    down: bool = False

    async def find(self, person_id: uuid.UUID) -> Ref | None:
        if self.down:
            raise Unavailable("oncall-service does not answer.")
        return next((person for person in self.known if person.id == person_id), None)


@dataclass
class Ledger:
    """What oncall-service would tell of an incident's pages."""

    known: dict[uuid.UUID, WhyView] = field(default_factory=dict)
    down: bool = False
    asked: list[tuple[uuid.UUID, str | None, str]] = field(default_factory=list)

    async def of(self, incident_id: uuid.UUID, person: str | None, language: str) -> WhyView | None:
        if self.down:
            raise Unavailable("oncall-service does not answer.")
        self.asked.append((incident_id, person, language))
        return self.known.get(incident_id)


@dataclass
class Service:
    """incident-management as its callers see it, and the levers of a test."""

    client: AsyncTestClient[Litestar]
    app: Litestar
    database: Database
    clock: ManualClock
    neighbours: Neighbours
    tokens: Tokens
    people: People
    ledger: Ledger
    service_tokens: dict[str, str]

    def as_(self, token: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {token}"}

    def person(self, who: Ref = ALICE, role: Role = Role.RESPONDER) -> dict[str, str]:
        principal = Principal(kind="person", id=str(who.id), name=who.name, role=role)
        return self.as_(self.tokens.issue(principal))

    def automation(self, role: Role = Role.RESPONDER) -> dict[str, str]:
        principal = Principal(kind="token", id=str(new_id()), name="robot", role=role)
        return self.as_(self.tokens.issue(principal))

    def service(self, name: str) -> dict[str, str]:
        return self.as_(self.service_tokens[name])

    async def alert_events(self, *events: dict[str, Any]) -> list[dict[str, Any]]:
        response = await self.client.post(
            "/internal/v1/alert-events",
            json={"events": list(events)},
            headers=self.service("alert-ingestion"),
        )
        assert response.status_code == 200, response.text
        return list(response.json()["results"])

    async def page_events(self, *events: dict[str, Any]) -> list[dict[str, Any]]:
        response = await self.client.post(
            "/internal/v1/page-events",
            json={"events": list(events)},
            headers=self.service("oncall-service"),
        )
        assert response.status_code == 200, response.text
        return list(response.json()["results"])

    async def opened(self, **alert: Any) -> dict[str, Any]:
        """An incident that an alert opened just now."""
        event = self.event("alert.opened", **alert)
        (result,) = await self.alert_events(event)
        return await self.get(result["incident_id"])

    def event(self, kind: str, **given: Any) -> dict[str, Any]:
        """An alert event; ``alert`` and ``incident`` are ids, the rest are fields of either."""
        now = given.pop("at", None) or self.clock.now()
        event: dict[str, Any] = {
            "event_id": str(new_id()),
            "version": 1,
            "type": kind,
            "occurred_at": now.isoformat(),
            "incident_id": str(given.pop("incident", None) or new_id()),
            "correlation_key": "shop|high",
            "reason": given.pop("reason", ""),
        }
        for name in ("recurrence_of", "auto_resolve", "canary"):
            if name in given:
                value = given.pop(name)
                event[name] = str(value) if isinstance(value, uuid.UUID) else value
        event["alert"] = {
            "id": str(given.pop("alert", None) or new_id()),
            "integration": "prometheus",
            "fingerprint": "f1",
            "service": "shop",
            "severity": "high",
            "message": "Checkout is slow",
            "starts_at": now.isoformat(),
            **given,
        }
        return event

    def page(self, kind: str, incident_id: str, **given: Any) -> dict[str, Any]:
        return {
            "event_id": str(new_id()),
            "type": kind,
            "occurred_at": self.clock.now().isoformat(),
            "incident_id": incident_id,
            **given,
        }

    async def get(self, reference: Any) -> dict[str, Any]:
        response = await self.client.get(
            f"/api/v1/incidents/{reference}", headers=self.person(role=Role.VIEWER)
        )
        assert response.status_code == 200, response.text
        return dict(response.json())

    async def patch(
        self, reference: Any, who: Ref = ALICE, *, expect: int = 200, **fields: Any
    ) -> dict[str, Any]:
        response = await self.client.patch(
            f"/api/v1/incidents/{reference}", json=fields, headers=self.person(who)
        )
        assert response.status_code == expect, response.text
        return dict(response.json())

    async def timeline(self, reference: Any) -> list[dict[str, Any]]:
        response = await self.client.get(
            f"/api/v1/incidents/{reference}/timeline?limit=200",
            headers=self.person(role=Role.VIEWER),
        )
        assert response.status_code == 200, response.text
        return list(response.json()["items"])

    async def kinds(self, reference: Any) -> list[str]:
        return [entry["kind"] for entry in await self.timeline(reference)]

    async def deliver(self) -> None:
        """Deliver what is owed to the neighbours."""
        for topic in ("oncall", "alerts"):
            while await self.app.state.outbox.deliver_due(topic):
                pass

    async def tidy(self, *, days: int = 730) -> None:
        """Drop what nobody can need any more, and incidents so many days after their end."""
        await housekeeping.tidy(
            self.app.state.database, self.clock, incidents_kept=timedelta(days=days)
        )

    async def metrics(self) -> dict[str, float]:
        """{series: value} of /metrics."""
        text = (await self.client.get("/metrics")).text
        lines = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
        return {series: float(value) for series, value in lines}


@pytest.fixture
def start_service(
    make_database: Callable[[str], Database], clock: ManualClock
) -> Callable[..., Service]:
    """Put a service together; enter its client to start it."""

    def start(database: Database | None = None, **settings: Any) -> Service:
        database = database or make_database("incident-management")
        names = ("alert-ingestion", "oncall-service", "web-ui")
        service_tokens = {name: secrets.token_hex(16) for name in names}
        neighbours, tokens, people, ledger = Neighbours(), Tokens(), People(), Ledger()
        app = create_app(
            IncidentManagementSettings(
                **database.settings(),
                callers={name: hash_token(token) for name, token in service_tokens.items()},
                **settings,
            ),
            clock=clock,
            tokens=tokens,
            people=people,
            ledger=ledger,
            transport=httpx.MockTransport(neighbours),
            background=False,
        )
        client = AsyncTestClient(app, raise_server_exceptions=False)
        return Service(
            client, app, database, clock, neighbours, tokens, people, ledger, service_tokens
        )

    return start


@pytest.fixture
async def service(start_service: Callable[..., Service]) -> AsyncIterator[Service]:
    """A running service on a database of its own."""
    made = start_service()
    async with made.client:
        yield made


@pytest.fixture
def seconds_after(clock: ManualClock) -> Callable[[float], datetime]:
    """Instants relative to the test's beginning."""
    start = clock.now()
    return lambda seconds: start + timedelta(seconds=seconds)
