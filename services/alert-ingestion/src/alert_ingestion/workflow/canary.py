"""The platform's test of itself (docs/adr/0032): an alert of its own, all the way and back.

A walk is taken in as a request would be, with a key, in the native format. Its alert becomes an
incident, the incident a page to nobody; when that was sent the alert ends, and the walk is complete
when the incident is resolved. It has an integration that no list shows, and a group of its own, so
that it joins no other alert and none joins it. The alert's fingerprint is the id of the walk.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog

from alert_ingestion import deduplication, metrics
from alert_ingestion.formats import native
from alert_ingestion.formats.reading import Envelope, Reading
from alert_ingestion.integrations import hint_of, new_key
from alert_ingestion.model import CANARY, AlertStatus, Policy, Reason, ReceivedAlert, Sent, Step
from alert_ingestion.store import canary as store
from alert_ingestion.store import integrations, locks
from alert_ingestion.store.integrations import StoredIntegration
from alert_ingestion.workflow.ingest import Ingestion
from alert_ingestion.workflow.work import AlertWork, transaction
from shared.auth import hash_token
from shared.clock import Clock
from shared.contracts.incidents import CANARY_PAGED, IncidentEvent, Status
from shared.contracts.wire import EventResult, Outcome, Severity
from shared.database import Database
from shared.identifiers import new_id

SERVICE: Final = "vigie-canary"
MESSAGE: Final = "Vigie tests itself: nothing is wrong."

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Canary:
    """Walks every ``interval`` (zero: never), and gives a walk up after ``patience``."""

    database: Database
    clock: Clock
    ingestion: Ingestion
    interval: timedelta
    patience: timedelta

    async def go_on(self) -> None:
        """Give up what takes too long, and begin a walk if one is due (run by an engine).

        Any number of replicas may: there is one walk at a time, however many ask for one.
        """
        await self._give_up()
        begun = await self._begin() if self.interval else None
        if begun is None:
            return
        walk, key = begun
        taken = await self.ingestion(key, FORM, lambda: _body(walk))
        if not taken.receipts:
            return  # it could not be stored, which was logged there; so it fails in time
        async with self.database.transaction() as connection:
            await store.note_opened(connection, walk, taken.receipts[0].incident_id)

    async def _begin(self) -> tuple[UUID, str] | None:
        """A walk, and the key that it has to itself; None when none is due."""
        now = self.clock.now()
        async with self.database.transaction() as connection:
            if not await locks.canary_walks(connection):
                return None
            since = await store.last_start(connection)
            key = new_key()
            if since is None:
                await integrations.insert(connection, _integration(key, now), hash_token(key))
                return None
            # A clock that was set back must not keep it from walking.
            if abs(now - since) < self.interval or await store.is_walking(connection):
                return None
            walk = new_id()
            await store.begin(connection, walk, now)
            changed = {"key_hash": hash_token(key), "key_hint": hint_of(key)}
            await integrations.change(connection, CANARY, changed)
        return walk, key

    async def _give_up(self) -> None:
        now = self.clock.now()
        async with self.database.transaction() as connection:
            late = await store.overdue(connection, now, self.patience)
        for walk in late:
            async with transaction(self.database, now) as work:
                await _lock(work, walk)
                step = await store.fail(work.connection, walk, now)
                if step is None:
                    continue
                _end_alert(work, walk, Reason.TIMED_OUT)
                work.increments.inc(metrics.CANARY_WALKS, outcome=metrics.FAILED)
            _log.warning("canary_failed", walk=str(walk), step=step.value)


async def hear(
    database: Database, events: Sequence[IncidentEvent], now: datetime
) -> list[EventResult]:
    """incident-management tells of the incidents of walks; one result an event."""
    return [await _hear(database, event, now) for event in events]


async def _hear(database: Database, event: IncidentEvent, now: datetime) -> EventResult:
    went_on = False
    async with transaction(database, now) as work:
        walk = await store.walk_of(work.connection, event.incident.id)
        if walk is not None and event.type == CANARY_PAGED:
            went_on = await _paged(work, walk)
        elif walk is not None and event.incident.status is Status.RESOLVED:
            went_on = await _complete(work, walk)
    return EventResult(
        event_id=event.event_id,
        outcome=Outcome.APPLIED if went_on else Outcome.IGNORED,
        incident_id=event.incident.id,
        reason="canary",
    )


async def _paged(work: AlertWork, walk: UUID) -> bool:
    await _lock(work, walk)
    began = await store.note_paged(work.connection, walk, work.now)
    if began is None:
        return False
    _measure(work, Step.PAGED, began)
    _end_alert(work, walk, Reason.RESOLVED_BY_SENDER)
    return True


async def _complete(work: AlertWork, walk: UUID) -> bool:
    began = await store.note_resolved(work.connection, walk, work.now)
    if began is None:
        return False
    _measure(work, Step.RESOLVED, began)
    work.increments.inc(metrics.CANARY_WALKS, outcome=metrics.OK)
    return True


async def _lock(work: AlertWork, walk: UUID) -> None:
    await work.load({(CANARY, str(walk))}, ())


def _end_alert(work: AlertWork, walk: UUID, reason: Reason) -> None:
    alert = work.latest((CANARY, str(walk)))
    if alert is not None and alert.status is AlertStatus.FIRING:
        over = deduplication.resolved(alert, reason=reason, ended_at=work.now, now=work.now)
        work.end(over, reason)


def _measure(work: AlertWork, step: Step, began: datetime) -> None:
    seconds = max(0.0, (work.now - began).total_seconds())
    work.increments.observe(metrics.CANARY_SECONDS, seconds, step=step.value)


async def _body(walk: UUID) -> Sent:
    return Sent(
        msgspec.json.encode(
            {
                "service": SERVICE,
                "severity": Severity.CRITICAL,
                "message": MESSAGE,
                "dedup_key": str(walk),
            }
        )
    )


def _read(
    envelope: Envelope, items: Sequence[Any], first: int, now: datetime, policy: Policy
) -> Reading:
    reading = native.read(envelope, items, first, now, policy)
    return Reading(
        tuple(
            replace(alert, group=alert.fingerprint)
            for alert in reading.said
            if isinstance(alert, ReceivedAlert)
        )
    )


FORM: Final = replace(native.FORMAT, name="canary", paths=(), read=_read)
"""The native format, in a group of its own; nobody can send it."""


def _integration(key: str, now: datetime) -> StoredIntegration:
    return StoredIntegration(
        id=CANARY,
        # Nobody takes this name, and so nobody is refused one by it.
        name=f"canary {CANARY}",
        kind="canary",
        key_hint=hint_of(key),
        created_at=now,
    )
