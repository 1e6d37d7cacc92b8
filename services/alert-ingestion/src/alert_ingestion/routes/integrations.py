from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Response, get, patch, post
from litestar.params import JSONBody
from pydantic import BaseModel, Field, StringConstraints

from alert_ingestion.integrations import hint_of, new_key
from alert_ingestion.routes.parameters import (
    DEFAULT_LIMIT,
    Cursor,
    Id,
    Limit,
    TheClock,
    TheDatabase,
    position,
)
from alert_ingestion.store import integrations as store
from alert_ingestion.store.integrations import StoredIntegration
from shared.auth import hash_token, requires
from shared.contracts.identity import Role
from shared.contracts.wire import Command, Line, Page
from shared.database import Connection
from shared.errors import Conflict, FieldError, Invalid, NotFound
from shared.identifiers import new_id

Kind = Literal["any", "native", "alertmanager", "grafana"]
LabelName = Annotated[Line, StringConstraints(max_length=100)]
Labels = Annotated[list[LabelName], Field(min_length=1, max_length=10)]
Window = Annotated[int, Field(ge=0, le=86_400)]
Age = Annotated[int, Field(ge=60, le=31_536_000)]
Timeout = Annotated[int, Field(ge=10, le=604_800)]


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


class IntegrationChange(Command):
    """What is named is changed; null means: as the service's settings say."""

    name: Line | None = None
    kind: Kind | None = None
    auto_resolve: bool | None = None
    resolve_timeout_seconds: Timeout | None = None
    correlation_labels: Labels | None = None
    correlation_window_seconds: Window | None = None
    correlation_max_age_seconds: Age | None = None


class IntegrationView(BaseModel):
    """An integration; of its key only the last characters are known."""

    id: UUID
    name: str
    kind: str
    key_hint: str
    auto_resolve: bool
    resolve_timeout_seconds: int | None
    correlation_labels: list[str] | None
    correlation_window_seconds: int | None
    correlation_max_age_seconds: int | None
    created_at: datetime
    revoked_at: datetime | None


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
        revoked_at=None,
        **data.model_dump(),
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
    async with database.transaction() as connection:
        found = await store.page(connection, after=position(cursor), limit=limit + 1)
    return Page[IntegrationView](
        items=[_view(stored) for stored in found[:limit]],
        next_cursor=str(found[limit - 1].id) if len(found) > limit else None,
    )


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
    changes = data.model_dump(exclude_unset=True)
    for field in ("name", "kind", "auto_resolve"):
        if field in changes and changes[field] is None:
            raise Invalid([FieldError(field, "cannot be null")])
    async with database.transaction() as connection:
        await _existing(connection, integration_id)
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
        if (await _existing(connection, integration_id)).revoked_at is not None:
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
        if (await _existing(connection, integration_id)).revoked_at is None:
            await store.change(connection, integration_id, {"revoked_at": clock.now()})
        return _view(await _existing(connection, integration_id))


async def _existing(connection: Connection, integration_id: UUID) -> StoredIntegration:
    stored = await store.by_id(connection, integration_id)
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
