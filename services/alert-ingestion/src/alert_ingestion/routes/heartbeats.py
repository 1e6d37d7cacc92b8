from collections.abc import Awaitable
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from litestar import delete, get, put
from litestar.params import FromPath, JSONBody
from pydantic import BaseModel, Field, StringConstraints

from alert_ingestion.heartbeats import State, fingerprint_of
from alert_ingestion.integrations import by_id
from alert_ingestion.model import Batch, Ending
from alert_ingestion.routes.parameters import TheClock, TheDatabase, ThePolicy
from alert_ingestion.store import heartbeats as store
from alert_ingestion.store import integrations
from alert_ingestion.store.heartbeats import PROMETHEUS, Heartbeat
from alert_ingestion.workflow.receive import receive
from alert_ingestion.workflow.work import transaction
from shared import audit
from shared.auth import Caller, requires
from shared.contracts.identity import Role
from shared.contracts.wire import Command, Line, Page, Ref, Severity, Text
from shared.errors import Conflict, FieldError, Invalid, NotFound
from shared.paging import DEFAULT_LIMIT, Cursor, Keyset, Limit

_BY_NAME: Final = Keyset("heartbeats", str)
_LONGEST_NAME: Final = 100


class HeartbeatExpected(Command):
    """How often a heartbeat is to be heard of one integration, and what it means that it is not.

    It is missed ``interval_seconds`` and ``grace_seconds`` after it was heard last. Its first one
    arms it: until then nobody misses it.
    """

    integration_id: UUID
    interval_seconds: Annotated[int, Field(ge=30, le=2_678_400)]
    grace_seconds: Annotated[int, Field(ge=0, le=604_800)] = 60
    service: Annotated[Line, StringConstraints(min_length=1, max_length=200)] | None = Field(
        None, description="whose people are paged; null: the heartbeat's name"
    )
    severity: Severity = Severity.HIGH
    description: Annotated[Text, StringConstraints(max_length=1_000)] = ""
    paused: bool = False


class HeartbeatView(BaseModel):
    """An expected heartbeat.

    ``state``: ``new`` before its first one, ``alive``, ``late`` within its grace, ``missed``,
    ``paused``. ``missed_from`` is when it will be, or was, missed.
    """

    name: str
    state: State
    integration: Ref
    interval_seconds: int
    grace_seconds: int
    service: str
    severity: Severity
    description: str
    paused: bool
    created_at: datetime
    last_at: datetime | None
    missed_from: datetime | None


_READ: dict[str, Any] = {"tags": ["heartbeats"], "security": [{"bearer": []}]}
_SEE: dict[str, Any] = {**_READ, "guards": [requires(Role.VIEWER)]}
_ADMIN: dict[str, Any] = {**_READ, "guards": [requires(Role.ADMIN)]}


@put("/api/v1/heartbeats/{name:str}", **_ADMIN)
async def expect_heartbeat(
    name: FromPath[str],
    data: JSONBody[HeartbeatExpected],
    *,
    principal: Caller,
    database: TheDatabase,
    clock: TheClock,
) -> HeartbeatView:
    """Expect a heartbeat, or change what is expected of it."""
    now = clock.now()
    _check(name)
    async with database.transaction() as connection:
        integration = await integrations.by_id(connection, data.integration_id)
        if integration is None:
            raise NotFound(f"There is no integration {data.integration_id}.")
        before = await store.expected(connection, name, to_change=True)
        if (
            before is not None
            and before.missed_at is not None
            and before.integration_id != data.integration_id
        ):
            raise Conflict("It is missed now: its alert is of the integration that it has.")
        after = Heartbeat(
            name=name,
            integration=integration.name,
            created_at=now if before is None else before.created_at,
            service=data.service or name,
            **data.model_dump(exclude={"service"}),
        )
        await store.put(connection, after)
        await audit.record(
            connection,
            principal,
            "heartbeat.changed" if before else "heartbeat.created",
            name,
            before=None if before is None else _settings(before),
            after=_settings(after),
            now=now,
        )
        return _view(await _existing(store.expected(connection, name), name), now)


@get("/api/v1/heartbeats", **_SEE)
async def list_heartbeats(
    database: TheDatabase, clock: TheClock, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[HeartbeatView]:
    """The heartbeats that are expected, by name."""
    now = clock.now()
    after = _BY_NAME.after(cursor)
    async with database.transaction() as connection:
        found = await store.page(connection, after=after[0] if after else None, limit=limit + 1)
    return _BY_NAME.page(
        found, limit, key=lambda one: (one.name,), show=lambda one: _view(one, now)
    )


@get("/api/v1/heartbeats/{name:str}", **_SEE)
async def get_heartbeat(
    name: FromPath[str], database: TheDatabase, clock: TheClock
) -> HeartbeatView:
    """One that is expected."""
    _check(name)
    async with database.transaction() as connection:
        return _view(await _existing(store.expected(connection, name), name), clock.now())


@delete("/api/v1/heartbeats/{name:str}", status_code=204, **_ADMIN)
async def forget_heartbeat(
    name: FromPath[str],
    principal: Caller,
    database: TheDatabase,
    clock: TheClock,
    defaults: ThePolicy,
) -> None:
    """Expect it no more; if it is missed now, its alert ends."""
    now = clock.now()
    _check(name)
    async with transaction(database, now) as work:
        before = await _existing(store.expected(work.connection, name), name)
        if before.missed_at is not None:
            integration = await by_id(work.connection, before.integration_id, defaults)
            await receive(work, [Batch(integration, None, (Ending(fingerprint_of(name)),))])
        if not await store.remove(work.connection, before):
            raise Conflict("It was missed, or changed, at this moment; nothing was changed.")
        await audit.record(
            work.connection,
            principal,
            "heartbeat.removed",
            name,
            before=_settings(before),
            after=None,
            now=now,
        )


async def _existing(found: Awaitable[Heartbeat | None], name: str) -> Heartbeat:
    heartbeat = await found
    if heartbeat is None:
        raise NotFound(f"No heartbeat '{name}' is expected.")
    return heartbeat


def _check(name: str) -> None:
    if not name.isprintable() or len(name) > _LONGEST_NAME or name == PROMETHEUS:
        raise Invalid(
            [FieldError("name", f"must be up to {_LONGEST_NAME} characters, and not our own")]
        )


def _settings(heartbeat: Heartbeat) -> dict[str, Any]:
    return {
        "integration_id": str(heartbeat.integration_id),
        "interval_seconds": heartbeat.interval_seconds,
        "grace_seconds": heartbeat.grace_seconds,
        "service": heartbeat.service,
        "severity": heartbeat.severity.value,
        "description": heartbeat.description,
        "paused": heartbeat.paused,
    }


def _view(heartbeat: Heartbeat, now: datetime) -> HeartbeatView:
    expected, last_at = heartbeat.expected, heartbeat.last_at
    return HeartbeatView(
        name=heartbeat.name,
        state=expected.state(last_at, now),
        integration=Ref(id=heartbeat.integration_id, name=heartbeat.integration),
        interval_seconds=heartbeat.interval_seconds,
        grace_seconds=heartbeat.grace_seconds,
        service=heartbeat.service,
        severity=heartbeat.severity,
        description=heartbeat.description,
        paused=heartbeat.paused,
        created_at=heartbeat.created_at,
        last_at=last_at,
        missed_from=None if last_at is None else expected.missed_from(last_at),
    )


HANDLERS: Final = (expect_heartbeat, list_heartbeats, get_heartbeat, forget_heartbeat)
