"""The transactional outbox: what is owed to a neighbour or a person, as rows.

A row is written in the transaction of the change that caused it and delivered afterwards, at
least once. Rows of one topic and key are delivered in order: a batch takes the oldest rows of a
key and no other worker the ones behind them. For that order to be the order of the changes,
whoever writes must hold a lock on what the key names (the incident, the group) while writing.

Between keys urgency decides (shared.urgency), then age. A claim names the process that made it and
ends with it (shared.life); a row that was claimed when its worker died three times is set aside.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

import msgspec
import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from shared import context, counters, tasks
from shared.clock import Clock
from shared.counters import CounterDef, Increments
from shared.database import Connection, Database
from shared.errors import Unavailable
from shared.identifiers import new_id
from shared.life import ALIVE
from shared.pace import Pace
from shared.urgency import ROUTINE
from shared.wakeups import Wakeups, notify

CHANNEL = "outbox"
POLL_SECONDS = 1.0
ROWS_PER_KEY = 50
BATCH_BYTES = 1024 * 1024
BACKOFF_START = 0.2
# Within the 5 s in which a page has to go out once whatever was away is back.
BACKOFF_CAP = 3.0
GIVE_UP_AFTER = timedelta(days=3)
DEATHS_ALLOWED = 2

_NOT_IN_A_ROW = frozenset({"size", "deaths"})

DELIVERED = CounterDef(
    "outbox_delivered_total",
    "Messages that their receiver has taken, by topic.",
    ("topic",),
)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Message:
    """Something owed: a topic (who delivers it), an ordering key, and a JSON payload.

    ``urgency`` is a rank of shared.urgency: the lower goes first, whatever came before it.
    ``context`` is the request or event it comes from: a transaction may work through many.
    """

    topic: str
    key: str
    payload: Mapping[str, Any]
    id: UUID = field(default_factory=new_id)
    urgency: int = ROUTINE
    context: Mapping[str, str] = field(default_factory=context.current)


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
    """It failed, and may succeed later.

    ``broke_off``: the receiver may have died of it. ``too_much``: it failed on the batch as a
    whole, so perhaps on one row of it, and smaller batches find out which.
    """

    reason: str
    broke_off: bool = False
    too_much: bool = False


@dataclass(frozen=True)
class Dead:
    """It failed, and would fail again: kept aside until somebody replays it."""

    reason: str


Outcome: TypeAlias = Delivered | Retry | Dead
Deliver: TypeAlias = Callable[[Sequence[Row]], Awaitable[Sequence[Outcome]]]
"""Delivers rows of one topic, in the given order; answers one outcome a row.

Rows behind a failed one of the same key must not be delivered: answer Retry for them. The worker
cancels a delivery that takes longer than its patience, and tries again with less.
"""


async def enqueue(connection: Connection, messages: Sequence[Message], *, now: datetime) -> None:
    """Write messages in the caller's transaction; one notification wakes the workers on commit.

    The payload carries the request id and trace context it comes from under ``context``.
    """
    if not messages:
        return
    await connection.execute(
        """
        INSERT INTO outbox (id, topic, key, payload, urgency, created_at, available_at)
        SELECT id, topic, key, payload, urgency, %(now)s, %(now)s
        FROM ROWS FROM (jsonb_to_recordset(%(owed)s::jsonb)
            AS (id uuid, topic text, key text, payload jsonb, urgency int))
            WITH ORDINALITY AS owed (id, topic, key, payload, urgency, place)
        ORDER BY place
        """,
        {"now": now, "owed": msgspec.json.encode([_owed(one) for one in messages]).decode()},
    )
    await notify(connection, CHANNEL)


def _owed(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "topic": message.topic,
        "key": message.key,
        "payload": {**message.payload, "context": dict(message.context)},
        "urgency": message.urgency,
    }


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
        pace: Callable[[], Pace] = Pace,
    ) -> None:
        self._database = database
        self._clock = clock
        self._deliver = deliver
        self._poll_seconds = poll_seconds
        self._wake = {topic: wakeups.event(CHANNEL) for topic in deliver}
        self._pace = {topic: pace() for topic in deliver}
        self._in_hand: dict[str, set[int]] = {topic: set() for topic in deliver}
        self._claiming = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Deliver in the background."""
        self._tasks = [
            asyncio.create_task(self._run(topic), name=f"outbox {topic}") for topic in self._deliver
        ]

    async def stop(self) -> None:
        """Stop; what was claimed and not settled is due again."""
        await tasks.end(self._tasks)

    async def deliver_due(self, topic: str) -> int:
        """Claim and deliver one batch; answers how many rows were delivered."""
        rows = await self._claim(topic)
        if not rows:
            return 0
        try:
            outcomes = await self._attempt(topic, rows)
            await self._settle(topic, rows, outcomes)
        except asyncio.CancelledError:
            # An orderly stop is nobody's death: the rows are given back without a mark.
            await asyncio.shield(self._give_back(rows))
            raise
        finally:
            # Rows whose outcome could not be written stay claimed; the next claim frees them.
            self._in_hand[topic] -= {row.seq for row in rows}
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
        me = await self._database.life.number()
        # One at a time in this process: what is in hand is known for certain meanwhile.
        async with self._claiming:
            async with self._database.transaction() as connection:
                await self._free(connection, topic, me)
                await self._bury(connection, topic)
                rows = await self._choose(connection, topic)
                await connection.execute(
                    "UPDATE outbox SET claimed_by = %s WHERE seq = ANY(%s)",
                    (me, [row.seq for row in rows]),
                )
            # Not before the commit: a claim that was interrupted is nobody's, and is freed.
            self._in_hand[topic] |= {row.seq for row in rows}
        return rows

    async def _choose(self, connection: Connection, topic: str) -> list[Row]:
        """The rows of the next batch; their keys' oldest rows are locked."""
        now, limit = self._clock.now(), self._pace[topic].rows
        parameters = {
            "topic": topic,
            "now": now,
            # Further ahead than any pause: written under a clock that has been set back.
            "absurd": now + timedelta(seconds=BACKOFF_CAP),
            "limit": limit,
            "rows_per_key": ROWS_PER_KEY,
        }
        heads = await connection.execute(_HEADS, parameters)
        found = await heads.fetchall()
        if not found:
            return []
        # What its worker died with goes alone, so that it takes no other with it.
        alone = found[0]["deaths"] > 0
        heads_to_take = found[:1] if alone else [row for row in found if not row["deaths"]]
        run = await connection.execute(
            _RUN,
            {
                **parameters,
                "keys": [row["key"] for row in heads_to_take],
                "limit": 1 if alone else limit,
            },
        )
        return _batch(await run.fetchall(), suspects=alone)

    async def _free(self, connection: Connection, topic: str, me: int) -> None:
        """Give back what this process has claimed and has not in hand: nobody died of it."""
        await connection.execute(
            "UPDATE outbox SET claimed_by = NULL "
            "WHERE topic = %s AND claimed_by = ANY(%s) AND seq <> ALL(%s)",
            (topic, [me, *self._database.life.former], list(self._in_hand[topic])),
        )

    async def _bury(self, connection: Connection, topic: str) -> None:
        """Free what the dead had claimed, and set aside what they seem to have died of."""
        cursor = await connection.execute(
            f"""
            UPDATE outbox SET
                deaths = deaths + 1,
                claimed_by = NULL,
                dead = deaths >= %(allowed)s,
                last_error = CASE WHEN deaths >= %(allowed)s THEN %(reason)s ELSE last_error END
            WHERE topic = %(topic)s AND claimed_by IS NOT NULL AND NOT dead
              AND claimed_by <> ALL({ALIVE})
            RETURNING id, key, dead, deaths
            """,  # noqa: S608 - a constant
            {
                "topic": topic,
                "allowed": DEATHS_ALLOWED,
                "reason": f"its worker died {DEATHS_ALLOWED + 1} times while it delivered this",
            },
        )
        for row in await cursor.fetchall():
            _log.log(
                40 if row["dead"] else 30,
                "outbox_set_aside" if row["dead"] else "outbox_claim_of_the_dead",
                topic=topic,
                key=row["key"],
                message_id=str(row["id"]),
                deaths=row["deaths"],
            )

    async def _give_back(self, rows: Sequence[Row]) -> None:
        async with self._database.transaction() as connection:
            await connection.execute(
                "UPDATE outbox SET claimed_by = NULL WHERE seq = ANY(%s)",
                ([row.seq for row in rows],),
            )

    async def _attempt(self, topic: str, rows: Sequence[Row]) -> Sequence[Outcome]:
        pace = self._pace[topic]
        began = time.monotonic()
        with context.bound(_context_of(rows)):
            try:
                async with asyncio.timeout(pace.patience_seconds):
                    outcomes = await self._deliver[topic](rows)
            except TimeoutError:
                reason = f"no answer to {len(rows)} within {pace.patience_seconds:g} s"
                pace.timed_out(len(rows))
                return [Retry(reason)] * len(rows)
            except Unavailable as error:
                return [Retry(error.detail)] * len(rows)
            except Exception as error:  # noqa: BLE001 - a bug in a deliverer must not lose the row
                _log.exception("outbox_delivery_failed", topic=topic)
                return [Retry(f"{type(error).__name__}: {error}")] * len(rows)
        if any(isinstance(outcome, Retry) and outcome.broke_off for outcome in outcomes):
            pace.broke_off()
        elif any(isinstance(outcome, Retry) and outcome.too_much for outcome in outcomes):
            pace.refused(len(rows))
        elif any(isinstance(outcome, Delivered) for outcome in outcomes):
            pace.took(len(rows), time.monotonic() - began)
        return outcomes

    async def _settle(self, topic: str, rows: Sequence[Row], outcomes: Sequence[Outcome]) -> None:
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
            await _record_failures(connection, failed, now, alone=len(rows) == 1)
            # A failed head is held back by available_at from here on, no longer by the claim.
            await connection.execute(
                "UPDATE outbox SET claimed_by = NULL WHERE seq = ANY(%s)",
                ([row.seq for row in rows],),
            )
            if delivered:
                counted = Increments()
                counted.inc(DELIVERED, len(delivered), topic=topic)
                await counters.add(connection, counted)


def _context_of(rows: Sequence[Row]) -> Mapping[str, str]:
    """What a delivery says it belongs to: a batch of several requests belongs to none of them."""
    first = rows[0].payload.get("context")
    if not isinstance(first, dict) or any(row.payload.get("context") != first for row in rows):
        return {}
    return first


# The keys whose oldest row is due and nobody's, the most urgent first: a key is as urgent as the
# most urgent of its rows, for that one waits behind the others.
_HEADS = """
    SELECT head.key, head.deaths FROM (
        SELECT key, min(seq) AS seq, min(urgency) AS urgency FROM outbox
        WHERE topic = %(topic)s AND NOT dead GROUP BY key) AS keys
    JOIN outbox AS head ON head.seq = keys.seq
    WHERE (head.available_at <= %(now)s OR head.available_at > %(absurd)s)
      AND head.claimed_by IS NULL AND NOT head.dead
    ORDER BY keys.urgency, keys.seq LIMIT %(limit)s
    FOR UPDATE OF head SKIP LOCKED
"""

# The first rows of these keys. One that waits behind others lends them its urgency, so the order
# by (least urgency from here on, seq) is the order within each key as well.
_RUN = """
    SELECT run.seq, run.id, run.topic, run.key, run.payload, run.attempts, run.created_at,
           run.size, run.deaths
    FROM unnest(%(keys)s::text[]) AS wanted (key)
    CROSS JOIN LATERAL (
        SELECT seq, id, topic, key, payload, attempts, created_at, size, deaths,
               min(urgency) OVER (ORDER BY seq DESC) AS lent
        FROM (SELECT * FROM outbox WHERE topic = %(topic)s AND key = wanted.key AND NOT dead
              ORDER BY seq LIMIT %(rows_per_key)s) AS first) AS run
    ORDER BY run.lent, run.seq LIMIT %(limit)s
"""


def _batch(found: Sequence[Mapping[str, Any]], *, suspects: bool) -> list[Row]:
    """As many rows as one request may carry, and one at least; each key without a gap."""
    rows: list[Row] = []
    size = 0
    held: set[str] = set()
    for values in found:
        if values["deaths"] and not suspects:
            held.add(values["key"])
        if values["key"] in held:
            continue
        size += values["size"]
        if rows and size > BATCH_BYTES:
            break
        rows.append(
            Row(**{name: value for name, value in values.items() if name not in _NOT_IN_A_ROW})
        )
    return rows


async def _record_failures(
    connection: Connection,
    failed: Sequence[tuple[Row, Retry | Dead]],
    now: datetime,
    *,
    alone: bool,
) -> None:
    records = []
    for row, outcome in failed:
        dead = isinstance(outcome, Dead) or now - row.created_at > GIVE_UP_AFTER
        # With others in its batch nobody knows which of them it was.
        killed = alone and isinstance(outcome, Retry) and outcome.broke_off
        log = _log.error if dead else _log.warning
        log(
            "outbox_dead_letter" if dead else "outbox_retry",
            topic=row.topic,
            key=row.key,
            message_id=str(row.id),
            attempts=row.attempts + 1,
            reason=outcome.reason,
        )
        due = now + backoff(row.attempts)
        records.append(
            (outcome.reason, dead, int(killed), DEATHS_ALLOWED, int(killed), due, row.seq)
        )
    if records:
        async with connection.cursor() as cursor:
            await cursor.executemany(
                "UPDATE outbox SET attempts = attempts + 1, last_error = %s, "
                "dead = %s OR deaths + %s > %s, "
                # An ordinary answer acquits it: what was lost before was not lost to this row.
                "deaths = CASE WHEN %s > 0 THEN deaths + 1 ELSE 0 END, "
                "available_at = %s WHERE seq = %s",
                records,
            )


def backoff(attempts: int) -> timedelta:
    """The pause after the failure that follows ``attempts`` others: doubling, capped, jittered."""
    ceiling = min(BACKOFF_CAP, BACKOFF_START * 2 ** min(attempts, 16))
    # Jitter only spreads retries out; it is no secret.
    return timedelta(seconds=ceiling * random.uniform(0.5, 1.0))  # noqa: S311


async def families(connection: Connection, topics: Sequence[str], *, now: datetime) -> list[Metric]:
    """Depth, age of the oldest row and what was delivered of each topic, zeros included."""
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
    delivered = replace(DELIVERED, zeros=[{"topic": topic} for topic in topics])
    return [depth, dead, age, *await counters.families(connection, [delivered])]
