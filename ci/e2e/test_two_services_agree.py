"""alert-ingestion and incident-management, whatever happens between them, end in the same state.

Random senders and people act on both for a while; requests between the two fail before they
arrive, or after (so that they are repeated). Then the network heals, and both must agree about
every alert and every incident. A failing seed repeats itself.
"""

import asyncio
import random
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import pytest
from litestar import Litestar

from alert_ingestion.app import create_app as create_alert_ingestion
from alert_ingestion.settings import AlertIngestionSettings
from incident_management.app import create_app as create_incident_management
from incident_management.settings import IncidentManagementSettings
from shared.auth import hash_token
from shared.contracts.identity import Principal, Role
from shared.http import ServiceClient
from vigie_testing.clock import ManualClock
from vigie_testing.databases import Database

ROUNDS = 90
KEY, PERSON, ALERTS, INCIDENTS = (secrets.token_hex(16) for _ in range(4))


class Directory:
    """Knows one person."""

    async def find(self, token: str) -> Principal | None:
        """See shared.auth.TokenDirectory."""
        known = Principal(kind="token", id="ada", name="Ada", role=Role.ADMIN)
        return known if token == PERSON else None


class Network(httpx.AsyncBaseTransport):
    """Between the services: loses a request, or its answer, now and then until it heals."""

    def __init__(self, dice: random.Random) -> None:
        self.applications: dict[str, Litestar] = {}
        self.broken = True
        self._dice = dice

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Deliver a request, or lose it, or its answer."""
        application = self.applications.get(request.url.host)
        if application is None:
            raise httpx.ConnectError("nobody there", request=request)
        luck = self._dice.random()
        if self.broken and luck < 0.15:
            raise httpx.ConnectError("lost on the way", request=request)
        response = await httpx.ASGITransport(app=application).handle_async_request(request)  # type: ignore[arg-type]
        await response.aread()
        if self.broken and luck > 0.85:
            raise httpx.ReadTimeout("lost on the way back", request=request)
        return response


class World:
    """The two services, and what senders and people do to them."""

    def __init__(
        self,
        alerts: httpx.AsyncClient,
        incidents: httpx.AsyncClient,
        clock: ManualClock,
        dice: random.Random,
    ) -> None:
        self._alerts = alerts
        self._incidents = incidents
        self._clock = clock
        self._dice = dice
        self._starts: dict[str, str] = {}

    async def act(self) -> None:
        """Something happens, or several things at once."""
        actions: list[Callable[[], Awaitable[None]]] = [
            *[self.fire] * 8,
            *[self.end] * 4,
            *[self.resolve_by_hand] * 2,
            self.merge,
            *[self.pass_time] * 6,
        ]
        at_once = self._dice.choice([1, 1, 2, 4])
        await asyncio.gather(*(self._dice.choice(actions)() for _ in range(at_once)))

    async def fire(self) -> None:
        """A sender triggers; half of them say since when, mostly since the same time."""
        service, key = self._somewhere()
        since = {}
        if self._dice.random() < 0.5:
            if key not in self._starts or self._dice.random() < 0.3:
                self._starts[key] = self._clock.now().isoformat()
            since = {"timestamp": self._starts[key]}
        await self._send(service, key, **since)

    async def end(self) -> None:
        """A sender resolves."""
        await self._send(*self._somewhere(), status="resolved")

    async def resolve_by_hand(self) -> None:
        """A person resolves, perhaps too late."""
        for incident in self._sample(await self._open(), 1):
            answer = await self._incidents.patch(
                f"/api/v1/incidents/{incident}", json={"status": "resolved"}
            )
            assert answer.status_code in {200, 409}, answer.text

    async def merge(self) -> None:
        """A person merges two, perhaps too late."""
        chosen = self._sample(await self._open(), 2)
        if len(chosen) == 2:
            answer = await self._incidents.post(
                f"/api/v1/incidents/{chosen[0]}/merge", json={"into": chosen[1]}
            )
            assert answer.is_success or answer.status_code == 409, answer.text

    async def pass_time(self) -> None:
        """The clock moves, within the correlation window or beyond it."""
        self._clock.advance(seconds=self._dice.choice([1, 5, 30, 200, 400]))
        await asyncio.sleep(self._dice.choice([0, 0.02, 0.1]))

    def _somewhere(self) -> tuple[str, str]:
        service = self._dice.choice("ab")
        return service, f"{service}{self._dice.randrange(3)}"

    def _sample(self, incidents: list[str], count: int) -> list[str]:
        return self._dice.sample(incidents, min(count, len(incidents)))

    async def _open(self) -> list[str]:
        page = (await self._incidents.get("/api/v1/incidents?limit=200")).json()
        return [item["id"] for item in page["items"] if item["status"] != "resolved"]

    async def _send(self, service: str, key: str, **more: str) -> None:
        alert = {"service": service, "severity": "critical", "message": key, "dedup_key": key}
        answer = await self._alerts.post("/api/v1/alerts", json={**alert, **more})
        assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("seed", [0, 1])
async def test_both_agree_about_every_alert_and_incident(
    make_database: Callable[[str], Database], clock: ManualClock, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311 - a fixed seed can be repeated
    alerts_db = make_database("alert-ingestion")
    incidents_db = make_database("incident-management")
    network = Network(dice)
    network.applications = _applications(alerts_db, incidents_db, clock, network)
    async with AsyncExitStack() as stack:
        for application in network.applications.values():
            await stack.enter_async_context(_living(application))
        clients = [
            await stack.enter_async_context(_client(application, token))
            for application, token in zip(network.applications.values(), (KEY, PERSON), strict=True)
        ]
        world = World(clients[0], clients[1], clock, dice)
        for _ in range(ROUNDS):
            await world.act()
        network.broken = False
        await _settle(alerts_db, incidents_db, clock)
    assert alerts_db.query("SELECT count(*) FROM alerts")[0][0] > 10
    assert _disagreements(alerts_db, incidents_db) == []


def _applications(
    alerts_db: Database, incidents_db: Database, clock: ManualClock, network: Network
) -> dict[str, Litestar]:
    return {
        "alerts.test": create_alert_ingestion(
            AlertIngestionSettings(
                **alerts_db.settings(),
                bootstrap_ingestion_key=KEY,
                callers={"incident-management": hash_token(INCIDENTS)},
            ),
            clock=clock,
            tokens=Directory(),
            incident_management=ServiceClient(
                "http://incidents.test",
                name="incident-management",
                token=ALERTS,
                transport=network,
            ),
        ),
        "incidents.test": create_incident_management(
            IncidentManagementSettings(
                **incidents_db.settings(),
                service_token=INCIDENTS,
                callers={"alert-ingestion": hash_token(ALERTS)},
                alert_ingestion_url="http://alerts.test",
                # Nobody there: what is owed to it waits, and holds up nothing else.
                oncall_service_url="http://oncall.test",
            ),
            clock=clock,
            tokens=Directory(),
            transport=network,
        ),
    }


def _client(application: Litestar, token: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=application),  # type: ignore[arg-type]
        base_url="http://test",
        headers={"Authorization": f"Bearer {token}"},
        timeout=60,
    )


@asynccontextmanager
async def _living(application: Litestar) -> AsyncIterator[None]:
    async with application.lifespan():
        yield


async def _settle(alerts_db: Database, incidents_db: Database, clock: ManualClock) -> None:
    """Wait until neither owes the other anything, the answers to the last events included."""
    quiet = 0
    async with asyncio.timeout(60):
        while quiet < 5:
            # Further than the longest pause between two attempts.
            clock.advance(seconds=12)
            await asyncio.sleep(0.1)
            owed = [
                *alerts_db.query("SELECT 1 FROM outbox LIMIT 1"),
                *incidents_db.query("SELECT 1 FROM outbox WHERE topic = 'alerts' LIMIT 1"),
            ]
            quiet = 0 if owed else quiet + 1


def _disagreements(alerts_db: Database, incidents_db: Database) -> list[tuple[Any, ...]]:
    there = {
        row[0]: row[1:]
        for row in incidents_db.query("SELECT id, incident_id, resolved_at FROM alerts")
    }
    incidents = {
        row[0]: row[1:]
        for row in incidents_db.query("SELECT id, status, merged_into FROM incidents")
    }
    found: list[tuple[Any, ...]] = []
    firing = set()
    for alert, status, suppressed, ours in alerts_db.query(
        "SELECT id, status, suppressed, incident_id FROM alerts"
    ):
        if alert not in there:
            found.append(("never arrived", alert))
            continue
        theirs, ended_at = there[alert]
        while incidents[theirs][1] is not None:
            theirs = incidents[theirs][1]
        if theirs != ours:
            found.append(("in different incidents", alert, ours, theirs))
        if status == "firing":
            firing.add(theirs)
            if ended_at is not None or incidents[theirs][0] == "resolved":
                found.append(("fires unseen", alert, theirs, ended_at))
        elif not suppressed and ended_at is None:
            found.append(("ended unnoticed", alert, theirs))
    for incident, (status, merged_into) in incidents.items():
        if status != "resolved" and merged_into is None and incident not in firing:
            found.append(("open although nothing fires", incident))
    return found
