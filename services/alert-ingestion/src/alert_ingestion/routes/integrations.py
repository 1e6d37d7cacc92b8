from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Final, Literal
from uuid import UUID

from litestar import Response, get, patch, post
from litestar.params import JSONBody
from pydantic import BaseModel, Field, StringConstraints

from alert_ingestion.formats.mapping.document import MappingDocument
from alert_ingestion.formats.native import Reply, replies
from alert_ingestion.integrations import as_integration, hint_of, new_key
from alert_ingestion.model import Batch, ReceivedAlert
from alert_ingestion.routes.parameters import Id, TheClock, TheDatabase, ThePolicy
from alert_ingestion.store import activity
from alert_ingestion.store import integrations as store
from alert_ingestion.store.activity import Sum
from alert_ingestion.store.integrations import StoredIntegration
from alert_ingestion.workflow.receive import receive
from alert_ingestion.workflow.work import transaction
from shared import audit, context
from shared.auth import Caller, hash_token, requires
from shared.contracts.identity import Principal, Role
from shared.contracts.wire import Command, Line, Page, Severity
from shared.database import Connection
from shared.errors import Conflict, NotFound
from shared.identifiers import new_id
from shared.nulls import refuse_nulls
from shared.paging import DEFAULT_LIMIT, Cursor, Keyset, Limit

Kind = Literal[
    "any",
    "native",
    "alertmanager",
    "grafana",
    "pagerduty",
    "opsgenie",
    "cloudevents",
    "generic",
]
LabelName = Annotated[Line, StringConstraints(max_length=100)]
Labels = Annotated[list[LabelName], Field(min_length=1, max_length=10)]
Window = Annotated[int, Field(ge=0, le=86_400)]
Age = Annotated[int, Field(ge=60, le=31_536_000)]
Timeout = Annotated[int, Field(ge=10, le=604_800)]
Storm = Annotated[int, Field(ge=0, le=1_000_000)]
Openings = Annotated[int, Field(ge=0, le=100)]
Rate = Annotated[int, Field(ge=0, le=10_000_000)]
Word = Annotated[Line, StringConstraints(max_length=100)]
Severities = Annotated[dict[Word, Severity], Field(max_length=100)]

_OLDEST: Final = Keyset("integrations", UUID)


class NewIntegration(Command):
    """A sender to be let in; what is null in its policy follows the service's settings.

    ``kind`` says what it is, for people; a key opens every inbound path.
    """

    name: Line
    kind: Kind = "any"
    auto_resolve: bool = True
    resolve_timeout_seconds: Timeout | None = None
    correlation_labels: Labels | None = None
    correlation_window_seconds: Window | None = None
    correlation_max_age_seconds: Age | None = None
    service_labels: Labels | None = Field(
        None, description="labels that can name the service, the first that is there wins"
    )
    severities: Severities | None = Field(
        None, description="the sender's own words for severities, beside those everybody knows"
    )
    storm_incidents: Storm | None = Field(
        None, description="new incidents within a minute beyond which it is a storm; 0: never"
    )
    flap_openings: Openings | None = Field(
        None, description="openings with which an alert is flapping; 0: never"
    )
    requests_per_minute: Rate | None = Field(
        None, description="requests beyond which more are refused, a worker process; 0: never"
    )
    mapping: MappingDocument | None = Field(
        None, description="how its generic JSON is read; null: by names that senders have in common"
    )
    confirm_subscriptions: bool = Field(
        False, description="visit the address by which Amazon's SNS asks whether it may send"
    )


class IntegrationChange(Command):
    """What is named is changed; null means: as the service's settings say."""

    name: Line | None = None
    kind: Kind | None = None
    auto_resolve: bool | None = None
    resolve_timeout_seconds: Timeout | None = None
    correlation_labels: Labels | None = None
    correlation_window_seconds: Window | None = None
    correlation_max_age_seconds: Age | None = None
    service_labels: Labels | None = None
    severities: Severities | None = None
    storm_incidents: Storm | None = None
    flap_openings: Openings | None = None
    requests_per_minute: Rate | None = None
    mapping: MappingDocument | None = None
    confirm_subscriptions: bool | None = None


class Rotation(Command):
    """For how long the old key is good beside the new one."""

    overlap_seconds: Annotated[int, Field(ge=0, le=604_800)] = 0


class TestAlert(Command):
    """A test on the whole way: it pages as an alert of that severity does."""

    __test__: ClassVar = False

    severity: Severity = Severity.LOW
    service: Annotated[Line, StringConstraints(min_length=1, max_length=200)] | None = Field(
        None, description="whose people are paged; null: the integration's name"
    )
    ends_after_seconds: Annotated[int, Field(ge=10, le=86_400)] = Field(
        600, description="when it resolves by itself"
    )


class LastError(BaseModel):
    """Why a request of this sender was refused last (4xx): a named reason, and the answer."""

    reason: str
    detail: str


class IntegrationView(BaseModel):
    """An integration; of its key only the last characters are known.

    ``unknown_severity`` is the last word for a severity that nobody knows: its alerts are medium
    until ``severities`` has it. ``requests``, ``alerts`` and ``dead`` (requests of which something
    could not be read) count from its beginning. While it is paused what it sends is kept, and waits
    for a replay. ``previous_key_until``: how long the key before the last rotation is good.
    """

    id: UUID
    name: str
    kind: str
    key_hint: str
    auto_resolve: bool
    resolve_timeout_seconds: int | None
    correlation_labels: list[str] | None
    correlation_window_seconds: int | None
    correlation_max_age_seconds: int | None
    service_labels: list[str] | None
    severities: dict[str, Severity] | None
    storm_incidents: int | None
    flap_openings: int | None
    requests_per_minute: int | None
    mapping: dict[str, Any] | None
    confirm_subscriptions: bool
    created_at: datetime
    paused_at: datetime | None
    revoked_at: datetime | None
    previous_key_until: datetime | None
    last_seen: datetime | None
    requests: int
    alerts: int
    dead: int
    last_error: LastError | None
    last_error_at: datetime | None
    unknown_severity: str | None
    unknown_severity_at: datetime | None


class IntegrationWithKey(IntegrationView):
    """The only answer that holds the key."""

    key: str


_ADMIN: dict[str, Any] = {
    "tags": ["integrations"],
    "guards": [requires(Role.ADMIN)],
    "security": [{"bearer": []}],
}


@post("/api/v1/integrations", **_ADMIN)
async def create_integration(
    data: JSONBody[NewIntegration], principal: Caller, database: TheDatabase, clock: TheClock
) -> Response[IntegrationWithKey]:
    """Let a sender in. Its key is in the answer, and never shown again."""
    key, now = new_key(), clock.now()
    stored = StoredIntegration(
        id=new_id(),
        key_hint=hint_of(key),
        created_at=now,
        mapping=data.mapping.model_dump(exclude_unset=True) if data.mapping else None,
        **data.model_dump(exclude={"mapping"}),
    )
    async with database.transaction() as connection:
        if not await store.insert(connection, stored, hash_token(key)):
            raise _name_taken(data.name)
        await _record(connection, principal, "created", None, stored, now=now)
    return Response(IntegrationWithKey(key=key, **_columns(stored, Sum())), status_code=201)


@get("/api/v1/integrations", **_ADMIN)
async def list_integrations(
    database: TheDatabase, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[IntegrationView]:
    """Every integration, revoked ones too, in the order of their making."""
    after = _OLDEST.after(cursor)
    async with database.transaction() as connection:
        found = await store.page(connection, after=after[0] if after else None, limit=limit + 1)
        sums = await activity.of(connection, [one.id for one in found])
    return _OLDEST.page(
        found,
        limit,
        key=lambda stored: (stored.id,),
        show=lambda stored: IntegrationView(**_columns(stored, sums.get(stored.id, Sum()))),
    )


@get("/api/v1/integrations/{integration_id:uuid}", **_ADMIN)
async def get_integration(integration_id: Id, database: TheDatabase) -> IntegrationView:
    """One integration."""
    async with database.transaction() as connection:
        return await _view(connection, await _existing(connection, integration_id))


@patch("/api/v1/integrations/{integration_id:uuid}", **_ADMIN)
async def change_integration(
    integration_id: Id,
    data: JSONBody[IntegrationChange],
    principal: Caller,
    database: TheDatabase,
    clock: TheClock,
) -> IntegrationView:
    """Change its name or policy; alerts that come from now on are treated so."""
    refuse_nulls(data, "name", "kind", "auto_resolve", "confirm_subscriptions")
    changes = data.model_dump(exclude_unset=True)
    async with database.transaction() as connection:
        before = await _existing(connection, integration_id, to_change=True)
        name = changes.get("name")
        if name is not None and await store.name_is_taken(connection, name, integration_id):
            raise _name_taken(name)
        return await _change(connection, principal, "changed", before, changes, now=clock.now())


@post("/api/v1/integrations/{integration_id:uuid}/rotate", status_code=200, **_ADMIN)
async def rotate_key(
    integration_id: Id,
    principal: Caller,
    database: TheDatabase,
    clock: TheClock,
    data: JSONBody[Rotation | None] = None,
) -> Response[IntegrationWithKey]:
    """Give it a new key; the old one is refused from this moment, or after the overlap."""
    key, now = new_key(), clock.now()
    overlap = timedelta(seconds=0 if data is None else data.overlap_seconds)
    async with database.transaction() as connection:
        before = await _existing(connection, integration_id, to_change=True)
        if before.revoked_at is not None:
            raise Conflict("This integration was revoked; create a new one.")
        await store.rotate(
            connection,
            integration_id,
            key_hash=hash_token(key),
            key_hint=hint_of(key),
            previous_until=now + overlap if overlap else None,
        )
        after = await _existing(connection, integration_id)
        await _record(connection, principal, "key_rotated", before, after, now=now)
        view = await _view(connection, after)
    return Response(IntegrationWithKey(key=key, **view.model_dump()), status_code=200)


@post("/api/v1/integrations/{integration_id:uuid}/revoke", status_code=200, **_ADMIN)
async def revoke_integration(
    integration_id: Id, principal: Caller, database: TheDatabase, clock: TheClock
) -> IntegrationView:
    """Refuse its keys from this moment, for good. Its alerts stay."""
    now = clock.now()
    async with database.transaction() as connection:
        before = await _existing(connection, integration_id, to_change=True)
        changes = {} if before.revoked_at is not None else {"revoked_at": now}
        return await _change(connection, principal, "revoked", before, changes, now=now)


@post("/api/v1/integrations/{integration_id:uuid}/pause", status_code=200, **_ADMIN)
async def pause_integration(
    integration_id: Id, principal: Caller, database: TheDatabase, clock: TheClock
) -> IntegrationView:
    """Keep what it sends from this moment without looking at it; nobody is paged for it."""
    now = clock.now()
    async with database.transaction() as connection:
        before = await _existing(connection, integration_id, to_change=True)
        if before.revoked_at is not None:
            raise Conflict("This integration was revoked; nothing of it is taken.")
        changes = {} if before.paused_at is not None else {"paused_at": now}
        return await _change(connection, principal, "paused", before, changes, now=now)


@post("/api/v1/integrations/{integration_id:uuid}/resume", status_code=200, **_ADMIN)
async def resume_integration(
    integration_id: Id, principal: Caller, database: TheDatabase, clock: TheClock
) -> IntegrationView:
    """Take in what it sends again; what came meanwhile waits in the inbox for a replay."""
    async with database.transaction() as connection:
        before = await _existing(connection, integration_id, to_change=True)
        changes = {} if before.paused_at is None else {"paused_at": None}
        return await _change(connection, principal, "resumed", before, changes, now=clock.now())


@post("/api/v1/integrations/{integration_id:uuid}/test", status_code=201, **_ADMIN)
async def send_test_alert(
    integration_id: Id,
    data: JSONBody[TestAlert],
    *,
    principal: Caller,
    database: TheDatabase,
    clock: TheClock,
    defaults: ThePolicy,
) -> Reply:
    """Send an alert in its name the whole way: stored, correlated, handed over, paged."""
    now = clock.now()
    async with transaction(database, now) as work:
        stored = await _existing(work.connection, integration_id)
        if stored.revoked_at is not None or stored.paused_at is not None:
            raise Conflict("This integration is revoked or paused; nothing of it is taken.")
        alert = ReceivedAlert(
            fingerprint=f"test:{new_id()}",
            service=data.service or stored.name[:200],
            severity=data.severity,
            message=f"Test alert of {stored.name}, sent by {principal.name}",
            starts_at=now,
            ends_at=now + timedelta(seconds=data.ends_after_seconds),
            ends_at_is_timeout=True,
            labels={"vigie_test": "true"},
        )
        batch = Batch(as_integration(stored, defaults), None, (alert,), context=context.current())
        [[receipt]] = await receive(work, [batch])
        await audit.record(
            work.connection,
            principal,
            "integration.tested",
            str(integration_id),
            before=None,
            after={"severity": data.severity.value, "alert_id": str(receipt.alert_id)},
            now=now,
        )
    return replies([receipt])[0]


async def _existing(
    connection: Connection, integration_id: UUID, *, to_change: bool = False
) -> StoredIntegration:
    stored = await store.by_id(connection, integration_id, to_change=to_change)
    if stored is None:
        raise NotFound(f"There is no integration {integration_id}.")
    return stored


async def _change(
    connection: Connection,
    principal: Principal,
    action: str,
    before: StoredIntegration,
    changes: Mapping[str, Any],
    *,
    now: datetime,
) -> IntegrationView:
    await store.change(connection, before.id, changes)
    after = await _existing(connection, before.id)
    if changes:
        await _record(connection, principal, action, before, after, now=now)
    return await _view(connection, after)


async def _record(
    connection: Connection,
    principal: Principal,
    action: str,
    before: StoredIntegration | None,
    after: StoredIntegration,
    *,
    now: datetime,
) -> None:
    await audit.record(
        connection,
        principal,
        f"integration.{action}",
        str(after.id),
        before=None if before is None else _settings(before),
        after=_settings(after),
        now=now,
    )


def _settings(stored: StoredIntegration) -> dict[str, Any]:
    """What people set of an integration: nothing that it did."""
    columns = _columns(stored, Sum())
    view = IntegrationView(**columns).model_dump(mode="json")
    return {name: value for name, value in view.items() if name not in _NOT_SET}


_NOT_SET: Final = frozenset(
    {
        *("id", "created_at", "last_seen", "requests", "alerts", "dead"),
        *("last_error", "last_error_at", "unknown_severity", "unknown_severity_at"),
    }
)


def _name_taken(name: str) -> Conflict:
    return Conflict(f"There is an integration called '{name}' already, perhaps a revoked one.")


def _columns(stored: StoredIntegration, sent: Sum) -> dict[str, Any]:
    counted = {
        "requests": sent.requests,
        "alerts": sent.alerts,
        "dead": sent.dead,
        "last_seen": sent.last_at,
    }
    names = IntegrationView.model_fields.keys() - counted.keys()
    return {**{name: getattr(stored, name) for name in names}, **counted}


async def _view(connection: Connection, stored: StoredIntegration) -> IntegrationView:
    sums = await activity.of(connection, [stored.id])
    return IntegrationView(**_columns(stored, sums.get(stored.id, Sum())))


HANDLERS: Final = (
    *(create_integration, list_integrations, get_integration, change_integration),
    *(rotate_key, revoke_integration, pause_integration, resume_integration, send_test_alert),
)
