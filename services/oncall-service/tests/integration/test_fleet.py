"""A month of many teams on two engines, beside a model that knows nothing of the product.

As it stands a small fleet; ``./ci/drills.sh fleet [--seed N]`` has two hundred people and five
thousand incidents.
"""

import asyncio
import logging
import os
import random
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import structlog

from oncall_service.app import create_app
from oncall_service.notifications.channels.base import Outgoing, Sent
from oncall_service.settings import OncallSettings
from shared.auth import hash_token
from shared.identifiers import new_id
from vigie_testing import fleet as fleets
from vigie_testing.clock import ManualClock
from vigie_testing.fleet import Fleet, Page, Person, Policy, Team, Trouble

API_TOKEN, SERVICE_TOKEN = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
WHOLE = os.environ.get("VIGIE_FLEET") == "whole"
SEED = int(os.environ.get("VIGIE_FLEET_SEED", "11"))
CYCLE = timedelta(seconds=1)
TARGETS = {"log": "", "webhook": "https://chat.example/{}", "email": "{}@ops.example"}


@dataclass
class Phone:
    """A channel of an engine that remembers what was sent when."""

    clock: ManualClock
    sent: list[tuple[datetime, Outgoing]] = field(default_factory=list)

    async def send(self, outgoing: Outgoing) -> Sent:
        self.sent.append((self.clock.now(), outgoing))
        return Sent("ok")


@dataclass
class Engine:
    """A replica of the service, whose cycles the test runs."""

    app: Any
    client: httpx.AsyncClient
    phone: Phone

    async def cycle(self, name: str) -> None:
        assert await self.app.state.engines[name].cycle()

    async def call(self, method: str, path: str, token: str = API_TOKEN, **body: Any) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        answer = await self.client.request(method, path, headers=headers, json=body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()


@asynccontextmanager
async def replica(
    database: Any, clock: ManualClock, serve: Callable[[Any], Any]
) -> AsyncIterator[Engine]:
    phone = Phone(clock)
    app = create_app(
        OncallSettings(
            **database.settings(),
            callers={"incident-management": hash_token(SERVICE_TOKEN)},
            bootstrap_api_token=API_TOKEN,
            # How messages are bundled is the matter of other tests.
            notification_burst=100,
            notification_interval_seconds=1,
        ),
        clock=clock,
        channels=dict.fromkeys(fleets.CHANNELS, phone),
        background=False,
    )
    async with serve(app) as client:
        yield Engine(app, client, phone)


async def hire(engine: Engine, person: Person) -> None:
    view = await engine.call(
        "PUT",
        f"/api/v1/people/{person.name}",
        name=person.name,
        # News of what others did would be messages that the model knows nothing of.
        status_updates=False,
        contact_methods=[
            {"channel": one, "target": TARGETS[one].format(person.name.replace(" ", ""))}
            for one in person.channels
        ],
    )
    methods = {method["channel"]: method["id"] for method in view["contact_methods"]}
    rules = [
        {
            "contact_method_id": methods[rule.channel],
            "delay_minutes": rule.minutes,
            "severities": rule.severities,
        }
        for rule in person.rules
    ]
    path = f"/api/v1/people/{person.name}/preferences"
    await engine.call("PATCH", path, notification_rules=rules)


async def form(engine: Engine, team: Team) -> None:
    name = team.name
    await engine.call("PUT", f"/api/v1/teams/{name}", name=name, members=team.members)
    layer = {
        "kind": "daily" if team.days == 1 else "weekly",
        "participants": team.members,
        "start": team.start.isoformat(),
    }
    await engine.call(
        "PUT",
        f"/api/v1/schedules/{name}",
        name=name,
        team=name,
        time_zone=team.zone,
        layers=[layer],
    )
    for one in team.taken_over:
        await engine.call(
            "POST",
            "/api/v1/overrides",
            schedule=name,
            person=one.person,
            role=one.role,
            start=one.start.isoformat(),
            end=one.end.isoformat(),
        )


async def agree(engine: Engine, policy: Policy) -> None:
    name, kinds = policy.name, (*fleets.ROLES, "team")
    steps = [
        {
            "delay_minutes": step.minutes,
            "targets": [
                {"kind": one} if one in kinds else {"kind": "person", "person": one}
                for one in step.targets
            ],
        }
        for step in policy.steps
    ]
    body = {"name": name, "team": policy.team.name, "repeat": policy.repeat, "steps": steps}
    await engine.call("PUT", f"/api/v1/policies/{name}", **body, fallback=policy.fallback)
    await engine.call(
        "PUT", f"/api/v1/services/{name}", name=name, team=policy.team.name, policy=name
    )


def event(trouble: Trouble, incident: UUID, at: datetime) -> dict[str, Any]:
    opened = at == trouble.begins
    status = "open" if opened else trouble.status
    return {
        "event_id": str(new_id()),
        "type": "incident.opened" if opened else f"incident.{status}",
        "occurred_at": at.isoformat(),
        "incident": {
            "id": str(incident),
            "number": trouble.number,
            "title": "Something is down",
            "service": trouble.policy.name,
            "severity": trouble.severity,
            "status": status,
            "created_at": trouble.begins.isoformat(),
            "revision": 1 if opened else 2,
        },
    }


def next_due(database: Any) -> datetime | None:
    [[at]] = database.query(
        "SELECT least((SELECT min(least(due_at, hand_off_at)) FROM escalations "
        "WHERE status = 'running'), (SELECT min(next_attempt_at) FROM notifications "
        "WHERE outcome = 'pending'))"
    )
    return at


@dataclass
class Month:
    """Two engines on one database, led through the month from one thing that is due to the next."""

    database: Any
    clock: ManualClock
    engines: list[Engine]
    dice: random.Random
    cycles: int = 0

    async def live(self, fleet: Fleet) -> None:
        ids = {one.number: new_id() for one in fleet.troubles}
        changes: dict[datetime, list[Trouble]] = {}
        for one in fleet.troubles:
            for at in (one.begins, one.taken_at):
                if at is not None:
                    changes.setdefault(at, []).append(one)
        for at in sorted(changes):
            await self.run_until(at)
            hearing = self.dice.choice(self.engines)
            events = [event(one, ids[one.number], at) for one in changes[at]]
            path = "/internal/v1/incident-events"
            answer = await hearing.call("POST", path, SERVICE_TOKEN, events=events)
            assert {one["outcome"] for one in answer["results"]} == {"applied"}
        await self.run_until(None)

    async def run_until(self, end: datetime | None) -> None:
        while (at := next_due(self.database)) is not None and (end is None or at < end):
            # What one cycle has left over is for the next, a beat later.
            now = self.clock.now()
            self.clock.set(max(at, now))
            await self.cycle()
            if (left := next_due(self.database)) is not None and left <= self.clock.now():
                self.clock.advance(CYCLE)
        if end is not None:
            self.clock.set(end)

    async def cycle(self) -> None:
        """One beat of each; both send first, or both look at their escalations first."""
        self.cycles += 1
        for name in self.dice.sample(("escalation", "sending"), 2):
            engines = self.dice.sample(self.engines, len(self.engines))
            await asyncio.gather(*(engine.cycle(name) for engine in engines))


@dataclass(frozen=True)
class Lived:
    """What a month was like: what was sent when, by which engine how much, in how many cycles."""

    sent: list[tuple[Page, datetime]]
    keys: int
    shares: list[int]
    cycles: int


async def lived(fleet: Fleet, database: Any, serve: Callable[[Any], Any]) -> Lived:
    clock = ManualClock(fleets.BEGINS - timedelta(days=1))
    async with AsyncExitStack() as stack:
        engines = [
            await stack.enter_async_context(replica(database, clock, serve)) for _ in range(2)
        ]
        for person in fleet.people.values():
            await hire(engines[0], person)
        for team in fleet.teams:
            await form(engines[0], team)
        for policy in fleet.policies:
            await agree(engines[0], policy)
        month = Month(database, clock, engines, random.Random(SEED))  # noqa: S311 - repeatable
        await month.live(fleet)
        everything = [one for engine in engines for one in engine.phone.sent]
        sent = sorted((page(outgoing), at) for at, outgoing in everything)
        keys = len({outgoing.idempotency_key for _, outgoing in everything})
        return Lived(sent, keys, [len(one.phone.sent) for one in engines], month.cycles)


def page(outgoing: Outgoing) -> Page:
    """What a message was, by what it carries: ``RUN:ROUND:STEP:PERSON:METHOD[:SECONDS]``."""
    _, turn, step, _, _, *later = outgoing.idempotency_key.split(":")
    channel = "log"
    if outgoing.target:
        channel = "webhook" if outgoing.target.startswith("https:") else "email"
    return Page(
        incident=outgoing.message.facts["incident_number"],
        round=int(turn),
        step=int(step),
        person=outgoing.person,
        channel=channel,
        minutes=int(later[0]) // 60 if later else 0,
    )


@pytest.fixture(autouse=True)
def _figures_are_seen() -> Iterator[None]:
    """Of a hundred thousand messages nobody wants a line each."""
    before = structlog.get_config()
    quiet = structlog.make_filtering_bound_logger(logging.ERROR)
    structlog.configure(wrapper_class=quiet)
    yield
    structlog.configure(**before)


@pytest.mark.timeout(7200 if WHOLE else 120)
async def test_every_page_of_a_month_goes_out_in_its_cycle_and_no_other(
    make_database: Any, serve: Any
) -> None:
    fleet = fleets.make(SEED, fleets.WHOLE if WHOLE else fleets.SMALL)
    expected = fleet.expected()
    first = await lived(fleet, make_database("oncall-service"), serve)
    sent = Counter(one for one, _ in first.sent)
    late = Counter((at - expected[one]) // CYCLE for one, at in first.sent if one in expected)
    print(
        f"\nseed {SEED}: {len(fleet.people)} people, {len(fleet.teams)} schedules, "
        f"{len(fleet.policies)} policies, {len(fleet.troubles)} incidents, {first.cycles} cycles\n"
        f"{len(expected)} messages expected, {len(first.sent)} sent, by each {first.shares}, "
        f"cycles late {dict(sorted(late.items()))}"
    )
    assert sorted(set(expected) - set(sent)) == [], "these are missing"
    assert sorted(set(sent) - set(expected)) == [], "nobody expected these"
    assert max(sent.values()) == 1, "nothing was sent twice"
    assert first.keys == len(first.sent)
    assert set(late) <= {0, 1}
    assert all(first.shares), "both engines have sent some"
    second = await lived(fleet, make_database("oncall-service"), serve)
    assert second.sent == first.sent, "the same month is the same again"
