from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from litestar import Response, get, patch, post
from litestar.params import JSONBody
from pydantic import BaseModel, Field, StringConstraints

from alert_ingestion.formats.mapping.document import MappingDocument
from alert_ingestion.integrations import hint_of, new_key
from alert_ingestion.routes.parameters import Id, TheClock, TheDatabase
from alert_ingestion.store import integrations as store
from alert_ingestion.store.integrations import StoredIntegration
from shared.auth import hash_token, requires
from shared.contracts.identity import Role
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


class LastError(BaseModel):
    """Why a request of this sender was refused last (4xx): a named reason, and the answer."""

    reason: str
    detail: str


class IntegrationView(BaseModel):
    """An integration; of its key only the last characters are known.

    ``unknown_severity`` is the last word for a severity that nobody knows: its alerts are medium
    until ``severities`` has it.
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
    revoked_at: datetime | None
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
    data: JSONBody[NewIntegration], database: TheDatabase, clock: TheClock
) -> Response[IntegrationWithKey]:
    """Let a sender in. Its key is in the answer, and never shown again."""
    key = new_key()
    stored = StoredIntegration(
        id=new_id(),
        key_hint=hint_of(key),
        created_at=clock.now(),
        mapping=data.mapping.model_dump(exclude_unset=True) if data.mapping else None,
        **data.model_dump(exclude={"mapping"}),
    )
    async with database.transaction() as connection:
        if not await store.insert(connection, stored, hash_token(key)):
            raise _name_taken(data.name)
    return Response(_with_key(stored, key), status_code=201)


@get("/api/v1/integrations", **_ADMIN)
async def list_integrations(
    database: TheDatabase, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[IntegrationView]:
    """Every integration, revoked ones too, in the order of their making."""
    after = _OLDEST.after(cursor)
    async with database.transaction() as connection:
        found = await store.page(connection, after=after[0] if after else None, limit=limit + 1)
    return _OLDEST.page(found, limit, key=lambda stored: (stored.id,), show=_view)


@get("/api/v1/integrations/{integration_id:uuid}", **_ADMIN)
async def get_integration(integration_id: Id, database: TheDatabase) -> IntegrationView:
    """One integration."""
    async with database.transaction() as connection:
        return _view(await _existing(connection, integration_id))


@patch("/api/v1/integrations/{integration_id:uuid}", **_ADMIN)
async def change_integration(
    integration_id: Id, data: JSONBody[IntegrationChange], database: TheDatabase
) -> IntegrationView:
    """Change its name or policy; alerts that come from now on are treated so."""
    refuse_nulls(data, "name", "kind", "auto_resolve", "confirm_subscriptions")
    changes = data.model_dump(exclude_unset=True)
    async with database.transaction() as connection:
        await _existing(connection, integration_id, to_change=True)
        name = changes.get("name")
        if name is not None and await store.name_is_taken(connection, name, integration_id):
            raise _name_taken(name)
        await store.change(connection, integration_id, changes)
        return _view(await _existing(connection, integration_id))


@post("/api/v1/integrations/{integration_id:uuid}/rotate", status_code=200, **_ADMIN)
async def rotate_key(integration_id: Id, database: TheDatabase) -> Response[IntegrationWithKey]:
    """Give it a new key; the old one is refused from this moment."""
    key = new_key()
    async with database.transaction() as connection:
        existing = await _existing(connection, integration_id, to_change=True)
        if existing.revoked_at is not None:
            raise Conflict("This integration was revoked; create a new one.")
        await store.change(
            connection, integration_id, {"key_hash": hash_token(key), "key_hint": hint_of(key)}
        )
        stored = await _existing(connection, integration_id)
    return Response(_with_key(stored, key), status_code=200)


@post("/api/v1/integrations/{integration_id:uuid}/revoke", status_code=200, **_ADMIN)
async def revoke_integration(
    integration_id: Id, database: TheDatabase, clock: TheClock
) -> IntegrationView:
    """Refuse its key from this moment, for good. Its alerts stay."""
    async with database.transaction() as connection:
        existing = await _existing(connection, integration_id, to_change=True)
        if existing.revoked_at is None:
            await store.change(connection, integration_id, {"revoked_at": clock.now()})
        return _view(await _existing(connection, integration_id))


async def _existing(
    connection: Connection, integration_id: UUID, *, to_change: bool = False
) -> StoredIntegration:
    stored = await store.by_id(connection, integration_id, to_change=to_change)
    if stored is None:
        raise NotFound(f"There is no integration {integration_id}.")
    return stored


def _name_taken(name: str) -> Conflict:
    return Conflict(f"There is an integration called '{name}' already, perhaps a revoked one.")


def _columns(stored: StoredIntegration) -> dict[str, Any]:
    return {name: getattr(stored, name) for name in IntegrationView.model_fields}


def _view(stored: StoredIntegration) -> IntegrationView:
    return IntegrationView(**_columns(stored))


def _with_key(stored: StoredIntegration, key: str) -> IntegrationWithKey:
    return IntegrationWithKey(key=key, **_columns(stored))
