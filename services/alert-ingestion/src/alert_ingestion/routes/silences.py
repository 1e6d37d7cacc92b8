from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Annotated, Any, Final
from uuid import UUID

from litestar import get, patch, post
from litestar.params import FromQuery, JSONBody
from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from alert_ingestion.matchers import MOST, InvalidMatcher, Matchers, from_stored, parse
from alert_ingestion.routes.alerts import AlertView, alert_view
from alert_ingestion.routes.parameters import Id, TheClock, TheDatabase
from alert_ingestion.silencing import Silence, State
from alert_ingestion.store import alerts, integrations
from alert_ingestion.store import silences as store
from alert_ingestion.windows import Recurrence, Window
from alert_ingestion.workflow import silences
from shared import audit
from shared.auth import Caller, requires
from shared.contracts.identity import Principal, Role
from shared.contracts.wire import Command, Instant, Line, Page, Text
from shared.database import Connection
from shared.errors import FieldError, Invalid, NotFound
from shared.nulls import refuse_nulls
from shared.paging import DEFAULT_LIMIT, Cursor, Keyset, Limit

_NEWEST: Final = Keyset("silences", UUID)
_SHOWN: Final = 100
_WINDOWS_SHOWN: Final = 5


class MatcherView(BaseModel):
    """One condition on one label, with the names of Alertmanager's API."""

    name: str
    value: str
    isRegex: bool = False  # noqa: N815 - Alertmanager's name
    isEqual: bool = True  # noqa: N815 - Alertmanager's name


def _no_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain a NUL character")
    return text


MatcherText = Annotated[Text, StringConstraints(max_length=4_000), AfterValidator(_no_nul)]
GivenMatchers = (
    MatcherText | Annotated[list[MatcherView | MatcherText], Field(min_length=1, max_length=MOST)]
)


class RecurrenceView(Command):
    """Windows by a rule of RFC 5545, in the wall clock of a zone.

    ``rrule`` without DTSTART (``FREQ=WEEKLY;BYDAY=SA``): the first window begins at the silence's
    ``starts_at`` as a clock of the zone shows it, each lasts ``duration_seconds`` by that clock.
    """

    rrule: Annotated[Line, StringConstraints(max_length=500)]
    zone: Annotated[Line, StringConstraints(max_length=64)]
    duration_seconds: Annotated[int, Field(ge=60, le=2_678_400)]


class NewSilence(Command):
    """Alerts that match page nobody until ``ends_at``, or within windows that recur until then.

    ``matchers`` as Alertmanager writes them (``service="checkout",severity=~"low|medium"``), or a
    list of such texts or of objects. They look at the sender's labels; ``service``, ``severity``
    and ``alertname`` (the message) are ours where the sender has none of that name.
    """

    matchers: GivenMatchers
    starts_at: Instant | None = Field(None, description="now, if it is null")
    ends_at: Instant
    comment: Annotated[Line, StringConstraints(min_length=1, max_length=1_000)]
    recurrence: RecurrenceView | None = None
    integration_id: UUID | None = Field(
        None, description="only the alerts of one integration; null: those of every one"
    )


class SilenceChange(Command):
    """What is named is changed; a ``recurrence`` of null makes it one-off."""

    matchers: GivenMatchers | None = None
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    comment: Annotated[Line, StringConstraints(min_length=1, max_length=1_000)] | None = None
    recurrence: RecurrenceView | None = None


class Previewed(Command):
    """What a silence would be about."""

    matchers: GivenMatchers
    integration_id: UUID | None = None
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    recurrence: RecurrenceView | None = None


class WindowView(BaseModel):
    """One stretch of time, the end not included."""

    starts_at: datetime
    ends_at: datetime


class SilenceView(BaseModel):
    """A silence, or a maintenance window.

    ``state``: ``active`` while it holds alerts back, ``pending`` before it begins and between its
    windows, ``expired`` when it is over. ``window`` is the present one, ``next`` the one after.
    ``holds`` is how many alerts that fire it holds back now.
    """

    id: UUID
    state: State
    matchers: list[MatcherView]
    text: str
    starts_at: datetime
    ends_at: datetime
    recurrence: RecurrenceView | None
    window: WindowView | None
    next_starts_at: datetime | None
    integration_id: UUID | None
    author: str
    comment: str
    created_at: datetime
    updated_at: datetime
    holds: int


class Preview(BaseModel):
    """Open alerts that a silence would be about: how many, and the newest; and its first windows.

    Those that have paged already (``incident_id`` is not null) stay in their incidents; what they
    say from then on pages nobody.
    """

    count: int
    alerts: list[AlertView]
    windows: list[WindowView]


_READ: dict[str, Any] = {"tags": ["silences"], "security": [{"bearer": []}]}
_SEE: dict[str, Any] = {**_READ, "guards": [requires(Role.VIEWER)]}
_ACT: dict[str, Any] = {**_READ, "guards": [requires(Role.RESPONDER)]}


@post("/api/v1/silences", status_code=201, **_ACT)
async def create_silence(
    data: JSONBody[NewSilence], principal: Caller, database: TheDatabase, clock: TheClock
) -> SilenceView:
    """Silence alerts, once or again and again; always with an end, an author and a comment."""
    now = clock.now()
    matchers = read_matchers(data.matchers)
    span = silences.span(data.starts_at or now, data.ends_at, _recurrence(data.recurrence), now)
    async with database.transaction() as connection:
        await _check_integration(connection, data.integration_id)
        silence = await silences.make(
            connection,
            matchers=matchers,
            of=span,
            author=principal.name,
            comment=data.comment,
            integration_id=data.integration_id,
            now=now,
        )
        view = _view(silence, now)
        await _audited(connection, principal, "silence.created", None, view)
    return view


@get("/api/v1/silences", **_SEE)
async def list_silences(
    database: TheDatabase,
    clock: TheClock,
    *,
    over: FromQuery[bool] = False,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[SilenceView]:
    """Silences, newest first; with ``over`` also those that are over."""
    now = clock.now()
    after = _NEWEST.after(cursor)
    async with database.transaction() as connection:
        found = await store.page(
            connection,
            ended_after=None if over else now,
            before=after[0] if after else None,
            limit=limit + 1,
        )
        held = await alerts.held_by(connection, [one.id for one in found])
    return _NEWEST.page(
        found,
        limit,
        key=lambda one: (one.id,),
        show=lambda one: _view(one, now, held.get(one.id, 0)),
    )


@get("/api/v1/silences/{silence_id:uuid}", **_SEE)
async def get_silence(silence_id: Id, database: TheDatabase, clock: TheClock) -> SilenceView:
    """One silence."""
    async with database.transaction() as connection:
        silence = await silences.existing(connection, silence_id, of=None)
        held = await alerts.held_by(connection, [silence.id])
    return _view(silence, clock.now(), held.get(silence.id, 0))


@patch("/api/v1/silences/{silence_id:uuid}", **_ACT)
async def change_silence(
    silence_id: Id,
    data: JSONBody[SilenceChange],
    principal: Caller,
    database: TheDatabase,
    clock: TheClock,
) -> SilenceView:
    """Change a silence; what it held back is looked at again at once."""
    refuse_nulls(data, "matchers", "starts_at", "ends_at", "comment")
    now = clock.now()
    async with database.transaction() as connection:
        before = await silences.existing(connection, silence_id, of=None, to_change=True)
        given = data.model_fields_set
        span = silences.span(
            data.starts_at or before.span.starts_at,
            data.ends_at or before.span.ends_at,
            _recurrence(data.recurrence) if "recurrence" in given else before.span.recurrence,
            now,
        )
        changed = replace(
            before,
            matchers=before.matchers if data.matchers is None else read_matchers(data.matchers),
            span=span,
            comment=data.comment or before.comment,
        )
        view = _view(await silences.change(connection, changed, now), now)
        await _audited(connection, principal, "silence.changed", _view(before, now), view)
    return view


@post("/api/v1/silences/{silence_id:uuid}/expire", status_code=200, **_ACT)
async def expire_silence(
    silence_id: Id, principal: Caller, database: TheDatabase, clock: TheClock
) -> SilenceView:
    """End a silence now; what it held back and fires still pages."""
    now = clock.now()
    async with database.transaction() as connection:
        before = await silences.existing(connection, silence_id, of=None, to_change=True)
        view = _view(await silences.expire(connection, before, now), now)
        if before.span.ends_at > now:
            await _audited(connection, principal, "silence.expired", _view(before, now), view)
    return view


@post("/api/v1/silences/preview", status_code=200, **_SEE)
async def preview_silence(
    data: JSONBody[Previewed], database: TheDatabase, clock: TheClock
) -> Preview:
    """Which open alerts a silence would be about, and when; nothing is stored."""
    now = clock.now()
    matchers = read_matchers(data.matchers)
    silences.check(matchers)
    starts_at = data.starts_at or now
    recurrence = _recurrence(data.recurrence)
    windows: list[Window] = []
    if data.ends_at is not None:
        span = silences.span(starts_at, data.ends_at, recurrence, now)
        windows = list(islice(span.windows(now), _WINDOWS_SHOWN))
    async with database.transaction() as connection:
        shown, count = await silences.covered(connection, matchers, data.integration_id, _SHOWN)
    return Preview(
        count=count,
        alerts=[alert_view(alert) for alert in shown],
        windows=[WindowView(starts_at=one.starts_at, ends_at=one.ends_at) for one in windows],
    )


def read_matchers(given: str | list[MatcherView | str], field: str = "matchers") -> Matchers:
    """Matchers as a person or a client writes them.

    Raises:
        Invalid: one of them is none, or there are none or too many.
    """
    try:
        if isinstance(given, str):
            found = parse(given)
        else:
            found = tuple(
                matcher
                for one in given
                for matcher in (parse(one) if isinstance(one, str) else _one(one))
            )
    except InvalidMatcher as error:
        raise Invalid([FieldError(field, str(error))]) from error
    if not 1 <= len(found) <= MOST:
        raise Invalid([FieldError(field, f"between one and {MOST} matchers are needed")])
    return found


def _one(given: MatcherView) -> Matchers:
    return from_stored([given.model_dump()])


def _recurrence(given: RecurrenceView | None) -> Recurrence | None:
    if given is None:
        return None
    return Recurrence(given.rrule, given.zone, timedelta(seconds=given.duration_seconds))


async def _check_integration(connection: Connection, integration_id: UUID | None) -> None:
    if integration_id is None:
        return
    if await integrations.by_id(connection, integration_id) is None:
        raise NotFound(f"There is no integration {integration_id}.")


async def _audited(
    connection: Connection,
    principal: Principal,
    action: str,
    before: SilenceView | None,
    after: SilenceView,
) -> None:
    await audit.record(
        connection,
        principal,
        action,
        str(after.id),
        before=None if before is None else _kept(before),
        after=_kept(after),
        now=after.updated_at,
    )


def _kept(view: SilenceView) -> dict[str, Any]:
    return view.model_dump(
        mode="json",
        include={"text", "starts_at", "ends_at", "recurrence", "comment", "integration_id"},
    )


def _view(silence: Silence, now: datetime, holds: int = 0) -> SilenceView:
    span, recurrence = silence.span, silence.span.recurrence
    window = span.window(now)
    return SilenceView(
        id=silence.id,
        state=silence.state(now),
        matchers=[MatcherView(**one.stored()) for one in silence.matchers],
        text="{" + ", ".join(str(one) for one in silence.matchers) + "}",
        starts_at=span.starts_at,
        ends_at=span.ends_at,
        recurrence=(
            None
            if recurrence is None
            else RecurrenceView(
                rrule=recurrence.rule,
                zone=recurrence.zone,
                duration_seconds=int(recurrence.duration.total_seconds()),
            )
        ),
        window=(
            None
            if window is None
            else WindowView(starts_at=window.starts_at, ends_at=window.ends_at)
        ),
        next_starts_at=span.next_start(now),
        integration_id=silence.integration_id,
        author=silence.author,
        comment=silence.comment,
        created_at=silence.created_at,
        updated_at=silence.updated_at,
        holds=holds,
    )


HANDLERS: Final = (
    *(create_silence, list_silences, get_silence, change_silence, expire_silence),
    preview_silence,
)
