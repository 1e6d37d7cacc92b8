"""The transactional outbox: what is owed to a neighbour or a person, as rows.

A row is written in the transaction of the change that caused it and delivered afterwards, at
least once. Rows of one topic and key are delivered in order: only a key whose oldest row is due
may be claimed, and a claim takes the run of rows behind it. For that order to be the order of the
changes, whoever writes must hold a lock on what the key names (the incident, the group) while
writing.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from psycopg.types.json import Jsonb

from shared import context, tasks
from shared.clock import Clock
from shared.database import Connection, Database
from shared.errors import Unavailable
from shared.identifiers import new_id
from shared.wakeups import Wakeups, notify

CHANNEL = "outbox"
POLL_SECONDS = 1.0
CLAIM = timedelta(seconds=30)
BATCH_KEYS = 50
ROWS_PER_KEY = 8
BACKOFF_START = 0.2
BACKOFF_CAP = 10.0
GIVE_UP_AFTER = timedelta(days=3)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Message:
    """Something owed: a topic (who delivers it), an ordering key, and a JSON payload."""

    topic: str
    key: str
    payload: Mapping[str, Any]
    id: UUID = field(default_factory=new_id)


@dataclass(frozen=True)
class Row:
    """A claimed message; ``attempts`` counts the failed ones before this."""

    seq: int
    id: UUID
    topic: str
    key: str
    payload: dict[str, Any]
    attempts: int
    created_at: datetime


@dataclass(frozen=True)
class Delivered:
    """The receiver has it."""


@dataclass(frozen=True)
class Retry:
    """It failed, and may succeed later."""

    reason: str


@dataclass(frozen=True)
class Dead:
    """It failed, and would fail again: kept aside until somebody replays it."""

    reason: str


Outcome: TypeAlias = Delivered | Retry | Dead
Deliver: TypeAlias = Callable[[Sequence[Row]], Awaitable[Sequence[Outcome]]]
"""Delivers rows of one topic, in the given order; answers one outcome a row.

Rows behind a failed one of the same key must not be delivered: answer Retry for them.
"""


async def enqueue(connection: Connection, messages: Sequence[Message], *, now: datetime) -> None:
    """Write messages in the caller's transaction; one notification wakes the workers on commit.

    The payload carries the current request id and trace context under ``context``.
    """
    if not messages:
        return
    carried = context.current()
    async with connection.cursor() as cursor:
        await cursor.executemany(
            "INSERT INTO outbox (id, topic, key, payload, created_at, available_at) "
            "VALUES (%s, %s, %s, %s, %s, %s)",
            [
                (
                    message.id,
                    message.topic,
                    message.key,
                    Jsonb({"context": carried, **message.payload}),
                    now,
                    now,
                )
                for message in messages
            ],
        )
    await notify(connection, CHANNEL)


class OutboxWorker:
    """Delivers each topic in a task of its own, so that a slow one holds up no other."""

    def __init__(
        self,
        database: Database,
        wakeups: Wakeups,
        clock: Clock,
        deliver: Mapping[str, Deliver],
        *,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._database = database
        self._clock = clock
        self._deliver = deliver
        self._poll_seconds = poll_seconds
        self._wake = {topic: wakeups.event(CHANNEL) for topic in deliver}
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Deliver in the background."""
        self._tasks = [
            asyncio.create_task(self._run(topic), name=f"outbox {topic}") for topic in self._deliver
        ]

    async def stop(self) -> None:
        """Stop; what was claimed and not settled is claimed again after its lease."""
        await tasks.end(self._tasks)

    async def deliver_due(self, topic: str) -> int:
        """Claim and deliver one batch; answers how many rows were delivered."""
        rows = await self._claim(topic)
        if not rows:
            return 0
        outcomes = await self._attempt(topic, rows)
        await self._settle(rows, outcomes)
        return sum(isinstance(outcome, Delivered) for outcome in outcomes)

    async def _run(self, topic: str) -> None:
        wake = self._wake[topic]
        while True:
            wake.clear()
            try:
                while await self.deliver_due(topic):
                    pass
            except Unavailable:
                pass  # logged where it was noticed; the poll tries again
            except Exception:  # noqa: BLE001 - the worker outlives any bug in a deliverer
                _log.exception("outbox_cycle_failed", topic=topic)
            try:
                # Not wait_for: before Python 3.12 it loses a cancellation that meets the wake-up.
                async with asyncio.timeout(self._poll_seconds):
                    await wake.wait()
            except TimeoutError:
                continue

    async def _claim(self, topic: str) -> list[Row]:
        now = self._clock.now()
        async with self._database.transaction() as connection:
            heads = await connection.execute(
                """
                UPDATE outbox SET claimed_until = %(until)s
                WHERE seq IN (
                    SELECT seq FROM outbox AS o
                    WHERE topic = %(topic)s AND NOT dead AND available_at <= %(now)s
                      AND (claimed_until IS NULL OR claimed_until <= %(now)s)
                      AND NOT EXISTS (
                          SELECT FROM outbox AS older
                          WHERE older.topic = o.topic AND older.key = o.key
                            AND NOT older.dead AND older.seq < o.seq)
                    ORDER BY seq LIMIT %(keys)s
                    FOR UPDATE SKIP LOCKED)
                RETURNING key
                """,
                {"topic": topic, "now": now, "until": now + CLAIM, "keys": BATCH_KEYS},
            )
            keys = [row["key"] for row in await heads.fetchall()]
            if not keys:
                return []
            # The claimed head keeps everybody else away from the rows behind it.
            run = await connection.execute(
                """
                SELECT seq, id, topic, key, payload, attempts, created_at FROM (
                    SELECT *, row_number() OVER (PARTITION BY key ORDER BY seq) AS place
                    FROM outbox WHERE topic = %s AND key = ANY(%s) AND NOT dead) AS run
                WHERE place <= %s ORDER BY seq
                """,
                (topic, keys, ROWS_PER_KEY),
            )
            return [Row(**row) for row in await run.fetchall()]

    async def _attempt(self, topic: str, rows: Sequence[Row]) -> Sequence[Outcome]:
        carried = rows[0].payload.get("context", {})
        with context.bound(carried if isinstance(carried, dict) else {}):
            try:
                async with asyncio.timeout(CLAIM.total_seconds() * 0.8):
                    return await self._deliver[topic](rows)
            except (Unavailable, TimeoutError) as error:
                return [Retry(str(error) or "timed out")] * len(rows)
            except Exception as error:  # noqa: BLE001 - a bug in a deliverer must not lose the row
                _log.exception("outbox_delivery_failed", topic=topic)
                return [Retry(f"{type(error).__name__}: {error}")] * len(rows)

    async def _settle(self, rows: Sequence[Row], outcomes: Sequence[Outcome]) -> None:
        now = self._clock.now()
        delivered: list[int] = []
        failed: list[tuple[Row, Retry | Dead]] = []
        waiting: set[str] = set()
        for row, outcome in zip(rows, outcomes, strict=True):
            if isinstance(outcome, Delivered):
                delivered.append(row.seq)
            elif row.key not in waiting:
                failed.append((row, outcome))
                # What stands behind a row to be retried was not attempted, and waits for it.
                if isinstance(outcome, Retry):
                    waiting.add(row.key)
        async with self._database.transaction() as connection:
            await connection.execute("DELETE FROM outbox WHERE seq = ANY(%s)", (delivered,))
            for row, outcome in failed:
                await _record_failure(connection, row, outcome, now)
            # A failed head is held back by available_at from here on, no longer by the claim.
            await connection.execute(
                "UPDATE outbox SET claimed_until = NULL WHERE seq = ANY(%s)",
                ([row.seq for row in rows],),
            )


async def _record_failure(
    connection: Connection, row: Row, outcome: Retry | Dead, now: datetime
) -> None:
    dead = isinstance(outcome, Dead) or now - row.created_at > GIVE_UP_AFTER
    log = _log.error if dead else _log.warning
    log(
        "outbox_dead_letter" if dead else "outbox_retry",
        topic=row.topic,
        key=row.key,
        message_id=str(row.id),
        attempts=row.attempts + 1,
        reason=outcome.reason,
    )
    await connection.execute(
        "UPDATE outbox SET attempts = attempts + 1, last_error = %s, dead = %s, available_at = %s "
        "WHERE seq = %s",
        (outcome.reason, dead, now + backoff(row.attempts), row.seq),
    )


def backoff(attempts: int) -> timedelta:
    """The pause after the failure that follows ``attempts`` others: doubling, capped, jittered."""
    ceiling = min(BACKOFF_CAP, BACKOFF_START * 2 ** min(attempts, 16))
    # Jitter only spreads retries out; it is no secret.
    return timedelta(seconds=ceiling * random.uniform(0.5, 1.0))  # noqa: S311


async def replay(connection: Connection, ids: Sequence[UUID], *, now: datetime) -> int:
    """Make dead messages due again; answers how many there were."""
    cursor = await connection.execute(
        "UPDATE outbox SET dead = false, attempts = 0, created_at = %s, available_at = %s, "
        "claimed_until = NULL WHERE dead AND id = ANY(%s)",
        (now, now, list(ids)),
    )
    await notify(connection, CHANNEL)
    return int(cursor.rowcount)


async def families(connection: Connection, topics: Sequence[str], *, now: datetime) -> list[Metric]:
    """Depth and age of the oldest row of each topic, dead letters apart, zeros included."""
    cursor = await connection.execute(
        "SELECT topic, dead, count(*) AS depth, min(created_at) AS oldest "
        "FROM outbox GROUP BY topic, dead"
    )
    found = {(row["topic"], row["dead"]): row for row in await cursor.fetchall()}
    depth = GaugeMetricFamily("outbox_depth", "Messages not yet delivered.", labels=["topic"])
    dead = GaugeMetricFamily(
        "outbox_dead", "Messages given up on, to be replayed.", labels=["topic"]
    )
    age = GaugeMetricFamily(
        "outbox_oldest_age_seconds", "Age of the oldest undelivered message.", labels=["topic"]
    )
    for topic in topics:
        waiting = found.get((topic, False))
        lost = found.get((topic, True))
        depth.add_metric([topic], waiting["depth"] if waiting else 0)
        dead.add_metric([topic], lost["depth"] if lost else 0)
        age.add_metric([topic], (now - waiting["oldest"]).total_seconds() if waiting else 0)
    return [depth, dead, age]
