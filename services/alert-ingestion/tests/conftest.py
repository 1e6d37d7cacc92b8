"""The service on a real database, with a clock that moves and a neighbour that is a fake."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from litestar import Litestar

from alert_ingestion.app import SCHEMA, create_app
from alert_ingestion.integrations import new_key
from alert_ingestion.settings import AlertIngestionSettings
from alert_ingestion.workflow.ingest import Ingestion
from alert_ingestion.workflow.timeouts import resolve_timed_out
from shared.auth import hash_token
from shared.contracts.alerts import AlertEvent
from shared.contracts.identity import Actor, Principal, Role
from shared.contracts.incidents import INCIDENT_EVENTS_PATH, Incident, IncidentEvent, Status
from shared.contracts.wire import EventResult, EventResults, Outcome, Severity
from shared.database import Database as Pool
from shared.http import ServiceClient
from shared.identifiers import new_id
from shared.outbox import BACKOFF_CAP
from shared.settings import DatabaseSettings
from vigie_testing.clock import ManualClock
from vigie_testing.databases import Database

KEY = new_key()
TOKENS = {role: secrets.token_hex(16) for role in Role}
SERVICE_TOKENS = {
    name: secrets.token_hex(16) for name in ("incident-management", "oncall-service", "web-ui")
}


@dataclass
class FakeIncidents:
    """incident-management as alert-ingestion sees it: takes events, answers who holds the alert."""

    events: list[AlertEvent] = field(default_factory=list)
    answer: Callable[[AlertEvent], EventResult] | None = None
    down: bool = True

    async def handle(self, request: httpx.Request) -> httpx.Response:
        """POST /internal/v1/alert-events."""
        if self.down:
            raise httpx.ConnectError("nobody listens", request=request)
        events = [
            AlertEvent.model_validate(event) for event in json.loads(request.content)["events"]
        ]
        self.events += events
        results = EventResults(results=[self._result(event) for event in events])
        return httpx.Response(200, content=results.model_dump_json())

    def _result(self, event: AlertEvent) -> EventResult:
        if self.answer is not None:
            return self.answer(event)
        return EventResult(
            event_id=event.event_id, outcome=Outcome.APPLIED, incident_id=event.incident_id
        )


class Directory:
    """Knows one token a role."""

    async def find(self, token: str) -> Principal | None:
        """See shared.auth.TokenDirectory."""
        for role, known in TOKENS.items():
            if token == known:
                return Principal(kind="token", id=role.value, name=f"the {role}", role=role)
        return None


@dataclass
class Service:
    """A running alert-ingestion, and how a test speaks to it."""

    app: Litestar
    client: httpx.AsyncClient
    database: Database
    clock: ManualClock
    incidents: FakeIncidents
    pool: Pool
    """Connections beside the application's, for use cases that no request starts."""
    key: str = KEY
    tokens: Mapping[Role, str] = field(default_factory=lambda: TOKENS)
    service_tokens: Mapping[str, str] = field(default_factory=lambda: SERVICE_TOKENS)

    @property
    def ingestion(self) -> Ingestion:
        """The application's own, which stores in the background."""
        return self.app.dependencies["ingestion"].dependency()

    async def create_integration(self, name: str, **policy: Any) -> Any:
        """A new integration, with its key."""
        answer = await self.post(
            "/api/v1/integrations", {"name": name, **policy}, key=TOKENS[Role.ADMIN]
        )
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def let_time_out(self) -> int:
        """Run the engine of timeouts once; how many alerts it resolved."""
        count, _ = await resolve_timed_out(self.pool, self.clock.now())
        return count

    async def tell(self, *events: IncidentEvent | dict[str, Any]) -> list[EventResult]:
        """Events of incident-management arrive."""
        batch = [
            event.model_dump(mode="json") if isinstance(event, IncidentEvent) else event
            for event in events
        ]
        answer = await self.post(
            INCIDENT_EVENTS_PATH, {"events": batch}, key=SERVICE_TOKENS["incident-management"]
        )
        assert answer.status_code == 200, answer.text
        return EventResults.model_validate_json(answer.content).results

    def incident_event(
        self,
        incident_id: str,
        *,
        at: datetime | None = None,
        status: Status = Status.RESOLVED,
        by: str | None = "Ada",
        merged_into: str | None = None,
        revision: int = 5,
    ) -> IncidentEvent:
        """An incident that was resolved by a person now, unless the arguments say otherwise."""
        at = at or self.clock.now()
        return IncidentEvent(
            event_id=new_id(),
            type="incident.merged" if merged_into else f"incident.{status}",
            occurred_at=at,
            actor=Actor(kind="person", id=str(new_id()), name=by) if by else None,
            incident=Incident(
                id=UUID(incident_id),
                number=1,
                title="it burns",
                service="checkout",
                severity=Severity.CRITICAL,
                status=status,
                created_at=at,
                resolved_at=at if status is Status.RESOLVED else None,
                resolved_by=by if status is Status.RESOLVED else None,
                merged_into=UUID(merged_into) if merged_into else None,
                revision=revision,
            ),
        )

    async def hand_over(self) -> list[AlertEvent]:
        """incident-management comes up; what it was told until nothing is owed any more."""
        self.incidents.down = False
        # What failed while it was down waits this long at most.
        self.clock.advance(seconds=BACKOFF_CAP)
        async with asyncio.timeout(20):
            while self.count("outbox"):  # noqa: ASYNC110 - what is awaited is in the database
                await asyncio.sleep(0.05)
        self.incidents.down = True
        return self.incidents.events

    async def send(self, *, key: str | None = KEY, **alert: Any) -> httpx.Response:
        """POST /api/v1/alerts with a complete alert, changed by ``alert``."""
        body = {"service": "checkout", "severity": "critical", "message": "it burns", **alert}
        return await self.post("/api/v1/alerts", body, key=key)

    async def post(
        self, path: str, body: Any, *, key: str | None = KEY, **headers: str
    ) -> httpx.Response:
        """POST JSON."""
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        return await self.client.post(path, json=body, headers=headers)

    async def ask(
        self, method: str, path: str, body: Any = None, *, key: str = TOKENS[Role.ADMIN]
    ) -> httpx.Response:
        """Send anything, as an admin unless there is another key."""
        headers = {"Authorization": f"Bearer {key}"}
        return await self.client.request(method, path, json=body, headers=headers)

    async def get(self, path: str, *, token: str = TOKENS[Role.VIEWER]) -> Any:
        """GET JSON as a viewer."""
        response = await self.client.get(path, headers={"Authorization": f"Bearer {token}"})
        assert response.status_code == 200, response.text
        return response.json()

    async def alert(self, alert_id: str) -> Any:
        """One alert as the API shows it."""
        return await self.get(f"/api/v1/alerts/{alert_id}")

    def owed(self) -> list[AlertEvent]:
        """The events in the outbox, oldest first."""
        rows = self.database.query("SELECT payload FROM outbox ORDER BY seq")
        return [AlertEvent.model_validate(payload) for (payload,) in rows]

    def count(self, table: str) -> int:
        """How many rows a table has."""
        return int(self.database.query(f"SELECT count(*) FROM {table}")[0][0])  # noqa: S608

    async def metric(self, series: str) -> float:
        """The value of one series on /metrics, written as there."""
        page = (await self.client.get("/metrics")).text
        values = [line for line in page.splitlines() if line.startswith(f"{series} ")]
        assert values, f"{series} is not on /metrics"
        return float(values[0].rpartition(" ")[2])


@asynccontextmanager
async def living(app: Litestar) -> AsyncIterator[None]:
    """The application's lifespan, in a task of its own: a fixture begins and ends in two tasks."""
    started, ending = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with app.lifespan():
            started.set()
            await ending.wait()

    life = asyncio.create_task(live())
    begun = asyncio.create_task(started.wait())
    await asyncio.wait({life, begun}, return_when=asyncio.FIRST_COMPLETED)
    begun.cancel()
    try:
        if not life.done():
            yield
    finally:
        ending.set()
        await life


Start = Callable[..., Any]


@pytest.fixture
def start(make_database: Callable[[str], Database], clock: ManualClock) -> Start:
    """Start the service, several times on one database if a test wants replicas.

    ``database=`` starts it on another one, ``outside=`` answers what it asks the world, every other
    argument is a setting.
    """
    of_its_own = make_database("alert-ingestion")

    @asynccontextmanager
    async def started(
        database: Database = of_its_own,
        *,
        outside: httpx.AsyncBaseTransport | None = None,
        **settings: Any,
    ) -> AsyncIterator[Service]:
        incidents = FakeIncidents()
        values = {
            "bootstrap_ingestion_key": KEY,
            # A clock that moves by hours would have it walk in the midst of a test.
            "canary_interval_seconds": 0,
            "callers": {name: hash_token(token) for name, token in SERVICE_TOKENS.items()},
            **database.settings(),
            **settings,
        }
        app = create_app(
            AlertIngestionSettings(**values),
            clock=clock,
            incident_management=ServiceClient(
                "http://incident-management",
                name="incident-management",
                transport=httpx.MockTransport(incidents.handle),
            ),
            tokens=Directory(),
            outside=outside,
        )
        pool = Pool(
            DatabaseSettings(**database.settings()),
            schema=SCHEMA,
            name="test",
            migrations_dir=None,
        )
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with (
            living(app),
            httpx.AsyncClient(transport=transport, base_url="http://alert-ingestion") as client,
        ):
            await pool.start()
            try:
                yield Service(app, client, database, clock, incidents, pool)
            finally:
                await pool.stop()

    return started


@pytest.fixture
async def service(start: Start) -> AsyncIterator[Service]:
    """One running alert-ingestion; incident-management is down unless the test lifts it."""
    async with start() as running:
        yield running
