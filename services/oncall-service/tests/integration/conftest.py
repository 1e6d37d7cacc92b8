"""The service on a database of its own, with fake phones and a clock that moves."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from litestar import Litestar
from sqlalchemy import event

from oncall_service.app import create_app
from oncall_service.notifications.channels.base import Outgoing, Result, Sent
from oncall_service.notifications.work import PAGE_EVENTS_TOPIC
from oncall_service.settings import OncallSettings
from shared.auth import hash_token
from shared.identifiers import new_id
from vigie_testing import databases
from vigie_testing.clock import ManualClock
from vigie_testing.cluster import Cluster
from vigie_testing.databases import Database

ADMIN_PASSWORD = "correct horse battery"
API_TOKEN, SERVICE_TOKEN = secrets.token_urlsafe(24), secrets.token_urlsafe(24)


class Phones:
    """Every channel at once: remembers what was sent, and answers what the test wants."""

    def __init__(self) -> None:
        self.rang: list[Outgoing] = []
        self.answers: list[Result | Exception] = []

    async def send(self, outgoing: Outgoing) -> Result:
        self.rang.append(outgoing)
        answer = self.answers.pop(0) if self.answers else Sent("ok")
        if isinstance(answer, Exception):
            raise answer
        return answer

    def take(self) -> list[str]:
        """Who was called since the last look."""
        names = [outgoing.person for outgoing in self.rang]
        self.rang.clear()
        return names


@dataclass
class Oncall:
    """A running service, and a hand on everything around it."""

    app: Litestar
    client: httpx.AsyncClient
    clock: ManualClock
    phones: Phones
    database: Database
    api_token: str
    service_token: str
    events: list[dict[str, Any]] = field(default_factory=list)
    neighbour_answers: list[int] = field(default_factory=list)

    async def call(
        self, method: str, path: str, *, token: str | None = None, **options: Any
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token or self.api_token}"} | options.pop(
            "headers", {}
        )
        return await self.client.request(method, path, headers=headers, **options)

    async def ok(self, method: str, path: str, **options: Any) -> Any:
        """The answer's JSON; fails with its text unless it is a 2xx."""
        response = await self.call(method, path, **options)
        assert response.is_success, f"{method} {path}: {response.status_code} {response.text}"
        return response.json() if response.content else None

    async def hear(self, *events: dict[str, Any]) -> list[str]:
        """Events of incident-management; the reasons they were answered with."""
        answer = await self.ok(
            "POST",
            "/internal/v1/incident-events",
            token=self.service_token,
            json={"events": list(events)},
        )
        return [result["reason"] for result in answer["results"]]

    async def tick(self, **forward: float) -> list[str]:
        """Move the clock, let the engines run once, and tell who was called."""
        if forward:
            self.clock.advance(**forward)
        engines = self.app.state.engines
        assert await engines["escalation"].cycle()
        assert await engines["sending"].cycle()
        return self.phones.take()

    def told_of(self) -> list[str]:
        """The incidents that messages were about since the last look, one name each."""
        told = [
            incident["incident_id"]
            for outgoing in self.phones.rang
            for incident in outgoing.message.facts.get("incidents", [outgoing.message.facts])
        ]
        self.phones.rang.clear()
        return told

    async def told(self) -> list[str]:
        """The types of the events incident-management was told since the last look."""
        while await self.app.state.outbox.deliver_due(PAGE_EVENTS_TOPIC):
            pass
        types = [event["type"] for event in self.events]
        self.last_events, self.events[:] = list(self.events), []
        return types

    last_events: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Asked:
    """What the service asked its database through SQLAlchemy."""

    statements: list[str] = field(default_factory=list)
    rows: int = 0

    def about(self, table: str) -> list[str]:
        """The statements that read this table."""
        return [one for one in self.statements if f"FROM {table} " in one.replace("\n", " ")]


@pytest.fixture
def asked() -> Callable[[Oncall], AbstractContextManager[Asked]]:
    """Remember the statements, and count the rows they found, for as long as the context lasts."""

    @contextmanager
    def listen(oncall: Oncall) -> Iterator[Asked]:
        seen = Asked()
        engine = oncall.app.state.core.database._engine.sync_engine

        def after(_connection: Any, cursor: Any, statement: str, *_: Any) -> None:
            seen.statements.append(statement)
            seen.rows += max(0, cursor.rowcount)

        event.listen(engine, "after_cursor_execute", after)
        try:
            yield seen
        finally:
            event.remove(engine, "after_cursor_execute", after)

    return listen


Start = Callable[..., Any]


@asynccontextmanager
async def serving(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    """The application on the test's own event loop, where the test also runs its engines."""
    started, stop = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with app.lifespan():
            started.set()
            await stop.wait()

    # In a task of its own, because the set-up and the end of a fixture are two tasks.
    life = asyncio.create_task(live())
    await asyncio.wait([life, asyncio.create_task(started.wait())], return_when="FIRST_COMPLETED")
    if life.done():
        await life
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://oncall.test") as client:
            yield client
    finally:
        stop.set()
        await life


@pytest.fixture
def serve() -> Callable[[Litestar], Any]:
    return serving


@asynccontextmanager
async def running(
    database: Database, clock: ManualClock, phones: Phones, **settings: Any
) -> AsyncIterator[Oncall]:
    """The service on ``database``, with a neighbour that remembers what it is told."""
    oncall: Oncall

    def neighbour(request: httpx.Request) -> httpx.Response:
        status = oncall.neighbour_answers.pop(0) if oncall.neighbour_answers else 200
        if status != 200:
            return httpx.Response(status)
        events = json.loads(request.content)["events"]
        oncall.events.extend(events)
        results = [{"event_id": one["event_id"], "outcome": "applied"} for one in events]
        return httpx.Response(200, json={"results": results})

    options: dict[str, Any] = {
        **database.settings(),
        "callers": {"incident-management": hash_token(SERVICE_TOKEN)},
        "bootstrap_admin_password": ADMIN_PASSWORD,
        "bootstrap_api_token": API_TOKEN,
        "web_ui_url": "https://vigie.example",
        **settings,
    }
    app = create_app(
        OncallSettings(**options),
        clock=clock,
        channels={"log": phones, "webhook": phones, "email": phones},
        transport=httpx.MockTransport(neighbour),
        background=False,
    )
    async with serving(app) as client:
        oncall = Oncall(app, client, clock, phones, database, API_TOKEN, SERVICE_TOKEN)
        yield oncall


@pytest.fixture
def phones() -> Phones:
    return Phones()


@pytest.fixture
def start(make_database: Callable[[str], Database], clock: ManualClock, phones: Phones) -> Start:
    """Start the service; several on one ``database`` are its replicas, or its restarts."""

    def run(database: Database | None = None, **settings: Any) -> Any:
        return running(database or make_database("oncall-service"), clock, phones, **settings)

    return run


@pytest.fixture
async def oncall(start: Start) -> AsyncIterator[Oncall]:
    """One freshly installed service."""
    async with start() as installed:
        yield installed


@pytest.fixture
def admin_password() -> str:
    return ADMIN_PASSWORD


IncidentEvents = Callable[..., dict[str, Any]]


@pytest.fixture
def incident_event(clock: ManualClock) -> IncidentEvents:
    """Make an event of incident-management about one incident, or another ``id``."""
    default = str(new_id())

    def make(
        status: str = "open",
        revision: int = 1,
        *,
        event_type: str | None = None,
        id: str | None = None,  # noqa: A002 - reads best at the call
        **fields: Any,
    ) -> dict[str, Any]:
        now = clock.now().isoformat()
        incident = {
            "id": id or default,
            "number": 42,
            "title": "Checkout is down",
            "service": "checkout",
            "severity": "critical",
            "status": status,
            "created_at": now,
            "revision": revision,
            **fields,
        }
        return {
            "event_id": str(new_id()),
            "type": event_type or ("incident.opened" if status == "open" else f"incident.{status}"),
            "occurred_at": now,
            "incident": incident,
        }

    return make


@pytest.fixture(scope="session")
def crew_database(postgres_cluster: Cluster) -> Iterator[Database]:
    """A database in which the crew is on duty, to be copied: that is faster than the API calls."""
    database = databases.create(postgres_cluster, "oncall-service")

    async def fill() -> None:
        async with running(database, ManualClock(), Phones()) as oncall:
            await hire(oncall)

    asyncio.run(fill())
    yield database
    databases.drop(database)


@pytest.fixture
async def crew(
    crew_database: Database, clock: ManualClock, phones: Phones
) -> AsyncIterator[Oncall]:
    """A team with three people on a weekly rotation that is in the hands of Ada, then Ben."""
    copy = databases.copy(crew_database)
    async with running(copy, clock, phones) as on_duty:
        yield on_duty
    databases.drop(copy)


async def hire(oncall: Oncall) -> None:
    """The team Payments with Ada, Ben and Cleo, its rotation, policy and service."""
    for name in ("Ada", "Ben", "Cleo"):
        await oncall.ok(
            "PUT",
            f"/api/v1/people/{name}",
            json={"name": name, "login": name.lower(), "contact_methods": [{"channel": "log"}]},
        )
    await oncall.ok(
        "PUT",
        "/api/v1/teams/Payments",
        json={"name": "Payments", "members": ["Ada", "Ben", "Cleo"]},
    )
    await oncall.ok(
        "PUT",
        "/api/v1/schedules/Payments",
        json={
            "name": "Payments",
            "team": "Payments",
            "time_zone": "Europe/Paris",
            "layers": [
                {
                    "name": "Weekly",
                    "kind": "weekly",
                    "participants": ["Ada", "Ben", "Cleo"],
                    "start": "2026-03-02T09:00:00",
                }
            ],
        },
    )
    await oncall.ok(
        "PUT",
        "/api/v1/policies/Payments",
        json={
            "name": "Payments",
            "team": "Payments",
            "repeat": 1,
            "steps": [
                {"target": "primary", "delay_minutes": 5},
                {"target": "secondary", "delay_minutes": 10},
            ],
            "fallback": "Cleo",
        },
    )
    await oncall.ok(
        "PUT", "/api/v1/services/checkout", json={"name": "checkout", "team": "Payments"}
    )
