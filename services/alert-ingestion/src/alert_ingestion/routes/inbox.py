"""Requests as they came: to be looked at, and replayed where nothing was made of them."""

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from litestar import get, post
from litestar.params import FromQuery, JSONBody, QueryParameter
from pydantic import BaseModel

from alert_ingestion.formats.native import Reply, replies
from alert_ingestion.model import InboxState
from alert_ingestion.routes.parameters import Id, TheClock, TheDatabase, ThePolicy, text
from alert_ingestion.store import inbox as store
from alert_ingestion.store.inbox import Listed, Wanted
from alert_ingestion.workflow import replay
from alert_ingestion.workflow.replay import Replayed
from shared import audit
from shared.auth import Caller, requires
from shared.contracts.identity import Role
from shared.contracts.wire import Command, Instant, Line, Page, Ref
from shared.errors import FieldError, Invalid, NotFound
from shared.paging import DEFAULT_LIMIT, Cursor, Keyset, Limit

_NEWEST: Final = Keyset("inbox", UUID)
_SHOWN_BYTES: Final = 256 * 1024


class InboxView(BaseModel):
    """An authentic request.

    ``state``: ``taken``, ``dead`` (``reason`` and ``detail`` say why, ``failed`` which of its
    items, null: all), ``paused`` (its integration was), ``replayed``. ``size`` is in bytes.
    """

    id: UUID
    integration: Ref
    format: str
    received_at: datetime
    request_id: str | None
    size: int
    state: InboxState
    reason: str | None
    detail: str | None
    failed: list[int] | None
    settled_at: datetime | None


class InboxRequest(InboxView):
    """One with its body: as text, or (``base64``) what is none; the first 256 KiB of it.

    Keys are not kept. ``path``, ``query`` and ``headers`` are what its format reads beside it.
    """

    body: str
    encoding: Literal["text", "base64"]
    is_cut: bool
    path: dict[str, str]
    query: dict[str, str]
    headers: dict[str, str]


class ReplayView(BaseModel):
    """What became of a request: its state now, and a result for each thing it said."""

    id: UUID
    state: InboxState
    results: list[Reply]
    reason: str | None
    detail: str | None


class ReplayFilter(Command):
    """Which of those that wait are replayed; what is null does not matter.

    ``after`` is the ``last`` of the summary before it, to go on from there.
    """

    state: Literal["dead", "paused"] | None = None
    integration: UUID | None = None
    format: Line | None = None
    reason: Line | None = None
    since: Instant | None = None
    until: Instant | None = None
    after: UUID | None = None


class Fault(BaseModel):
    """A request that is dead still, and why."""

    id: UUID
    reason: str | None
    detail: str | None


class ReplaySummary(BaseModel):
    """How many requests were replayed, said how many things, and are dead or paused still.

    ``last`` is not null when there may be more: go on with it as ``after``.
    """

    replayed: int
    alerts: int
    dead: int
    paused: int
    faults: list[Fault]
    last: UUID | None


_READ: dict[str, Any] = {"tags": ["inbox"], "security": [{"bearer": []}]}
_SEE: dict[str, Any] = {**_READ, "guards": [requires(Role.RESPONDER)]}


@get("/api/v1/inbox", **_SEE)
async def list_requests(
    database: TheDatabase,
    *,
    state_is: Annotated[InboxState | None, QueryParameter(name="state")] = None,
    integration: FromQuery[UUID | None] = None,
    format: FromQuery[str | None] = None,  # noqa: A002 - the field's name
    reason: FromQuery[str | None] = None,
    since: FromQuery[datetime | None] = None,
    until: FromQuery[datetime | None] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[InboxView]:
    """Requests as they came, newest first; `state=dead` are the dead letters."""
    wanted = Wanted(
        state_is,
        integration,
        text("format", format),
        text("reason", reason),
        _aware("since", since),
        _aware("until", until),
    )
    after = _NEWEST.after(cursor)
    async with database.transaction() as connection:
        found = await store.page(
            connection, wanted, before=after[0] if after else None, limit=limit + 1
        )
    return _NEWEST.page(found, limit, key=lambda one: (one.id,), show=_view)


@get("/api/v1/inbox/{inbox_id:uuid}", **_SEE)
async def get_request(inbox_id: Id, database: TheDatabase) -> InboxRequest:
    """One request with its body."""
    async with database.transaction() as connection:
        found = await store.listed(connection, inbox_id)
    if found is None:
        raise NotFound(f"There is no request {inbox_id} in the inbox.")
    one, sent = found
    body, encoding = _shown(sent.body[:_SHOWN_BYTES])
    return InboxRequest(
        body=body,
        encoding=encoding,
        is_cut=len(sent.body) > _SHOWN_BYTES,
        path=dict(sent.path),
        query=dict(sent.query),
        headers=dict(sent.headers),
        **_columns(one),
    )


@post("/api/v1/inbox/{inbox_id:uuid}/replay", status_code=200, **_SEE)
async def replay_request(
    inbox_id: Id, principal: Caller, database: TheDatabase, clock: TheClock, defaults: ThePolicy
) -> ReplayView:
    """Interpret a dead or paused request again, as its integration is now; once, then nothing."""
    return _replayed(await replay.replay(database, defaults, inbox_id, clock.now(), by=principal))


@post("/api/v1/inbox/replay", status_code=200, **_SEE)
async def replay_requests(
    data: JSONBody[ReplayFilter],
    principal: Caller,
    database: TheDatabase,
    clock: TheClock,
    defaults: ThePolicy,
) -> ReplaySummary:
    """Replay what waits and fits a filter, the oldest first, up to a thousand requests."""
    now = clock.now()
    wanted = Wanted(
        InboxState(data.state) if data.state else None,
        data.integration,
        data.format,
        data.reason,
        data.since,
        data.until,
    )
    done = await replay.replay_all(database, defaults, wanted, now, after=data.after)
    if done.replayed or done.alerts:
        async with database.transaction() as connection:
            await audit.record(
                connection,
                principal,
                "inbox.replayed",
                "many",
                before=None,
                after={
                    **data.model_dump(mode="json", exclude_none=True),
                    "replayed": done.replayed,
                    "said": done.alerts,
                },
                now=now,
            )
    return ReplaySummary(
        replayed=done.replayed,
        alerts=done.alerts,
        dead=done.dead,
        paused=done.waits,
        faults=[Fault(id=one.id, reason=one.reason, detail=one.detail) for one in done.faults],
        last=done.last,
    )


def _aware(field: str, value: datetime | None) -> datetime | None:
    if value is not None and value.tzinfo is None:
        raise Invalid([FieldError(field, "must name a zone: 2026-03-02T09:00:00Z")])
    return value


def _shown(body: bytes) -> tuple[str, Literal["text", "base64"]]:
    try:
        return body.decode(), "text"
    except UnicodeDecodeError as error:
        # What was cut in the midst of a character is text still.
        if error.start >= len(body) - 3:
            return body[: error.start].decode(), "text"
        return base64.b64encode(body).decode(), "base64"


def _columns(one: Listed) -> Mapping[str, Any]:
    columns = {name: getattr(one, name) for name in InboxView.model_fields}
    return {**columns, "integration": Ref(id=one.integration_id, name=one.integration)}


def _view(one: Listed) -> InboxView:
    return InboxView(**_columns(one))


def _replayed(became: Replayed) -> ReplayView:
    return ReplayView(
        id=became.id,
        state=became.state,
        results=replies(became.receipts),
        reason=became.reason,
        detail=became.detail,
    )


HANDLERS: Final = (list_requests, get_request, replay_request, replay_requests)
