"""What amtool, karma and Prometheus ask Alertmanager's API v2 for besides sending alerts.

Reads and answers are Alertmanager's own (api/v2/openapi.yaml of its sources), refusals a JSON text
as there. Silences are the same as under /api/v1/silences.
"""

# ruff: noqa: N815 - the names of fields are Alertmanager's.

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

import msgspec
from litestar import MediaType, Request, Response, delete, get, post
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.types import ExceptionHandlersMap
from pydantic import BaseModel, ConfigDict, Field

from alert_ingestion import silencing
from alert_ingestion.formats.alertmanager import PREFIXES
from alert_ingestion.matchers import InvalidMatcher, Matcher, Matchers, all_match, parse
from alert_ingestion.model import Alert, Reason
from alert_ingestion.routes.askers import Asker, who_asks
from alert_ingestion.routes.parameters import TheClock, TheDatabase, ThePolicy
from alert_ingestion.routes.silences import MatcherView, read_matchers
from alert_ingestion.silencing import Silence, State, labels_of
from alert_ingestion.store import alerts
from alert_ingestion.store import silences as store
from alert_ingestion.workflow import silences
from shared import audit, problems
from shared.contracts.identity import Role
from shared.contracts.wire import Instant, Text
from shared.database import Connection, Database
from shared.errors import Malformed, NotFound, Problem
from shared.version import VERSION

_MOST: Final = 10_000
"""Alerts, or silences, of one answer; there are no pages."""

_RECEIVER: Final = {"name": "vigie"}


class _Foreign(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class PostableSilence(_Foreign):
    """A silence as Alertmanager's clients send it; with an ``id`` one that is to be changed."""

    id: Text | None = None
    matchers: list[MatcherView] = Field(min_length=1, max_length=50)
    startsAt: Instant
    endsAt: Instant
    createdBy: Text = ""
    comment: Text = ""


class SilenceStatus(_Foreign):
    """Where a silence is in its life."""

    state: State


class GettableSilence(_Foreign):
    """A silence as Alertmanager's clients read it."""

    id: str
    status: SilenceStatus
    updatedAt: datetime
    comment: str
    createdBy: str
    startsAt: datetime
    endsAt: datetime
    matchers: list[MatcherView]


class SilenceId(_Foreign):
    """The id of a silence that was stored."""

    silenceID: str


class AlertState(_Foreign):
    """Whether an alert may page, and what holds it back."""

    state: Literal["unprocessed", "active", "suppressed"]
    silencedBy: list[str]
    inhibitedBy: list[str]
    mutedBy: list[str]


class Receiver(_Foreign):
    """Who is told of an alert; here its incident's team decides, so there is one."""

    name: str


class GettableAlert(_Foreign):
    """An alert that fires as Alertmanager's clients read it."""

    labels: dict[str, str]
    annotations: dict[str, str]
    startsAt: datetime
    endsAt: datetime
    updatedAt: datetime
    generatorURL: str
    fingerprint: str
    receivers: list[Receiver]
    status: AlertState


class AlertGroup(_Foreign):
    """Alerts of one incident, or one that belongs to none."""

    labels: dict[str, str]
    receiver: Receiver
    alerts: list[GettableAlert]


def _paths(path: str) -> list[str]:
    return [f"{prefix}/api/v2{path}" for prefix in PREFIXES]


def _refused(_request: Request[Any, Any, Any], problem: Problem) -> Response[bytes]:
    problems.forget(problem)
    # Alertmanager knows no 422: what is wrong with a silence is a 400.
    status = 400 if problem.status == 422 else problem.status
    text = problem.detail or problem.title
    return Response(
        msgspec.json.encode(text),
        status_code=status,
        media_type=MediaType.JSON.value,
        headers=problem.headers,
    )


def _refused_by_framework(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    return _refused(request, Malformed(str(error.extra or error.detail)))


_HANDLERS: Final[ExceptionHandlersMap] = {
    Problem: _refused,
    HTTPException: _refused_by_framework,
}
_ROUTE: Final[dict[str, Any]] = {
    "tags": ["alertmanager"],
    "security": [{"bearer": []}],
    "exception_handlers": _HANDLERS,
    "responses": {
        status: ResponseSpec(str, description=description, generate_examples=False)
        for status, description in {
            400: "Wrong, and why.",
            401: "Nobody who is known.",
            403: "Somebody without the role.",
            404: "There is no such silence.",
            409: "There are too many silences.",
            503: "The database does not answer.",
        }.items()
    },
}


@get(_paths("/status"), tags=["alertmanager"], sync_to_thread=False)
def status() -> dict[str, Any]:
    """What amtool asks before it sends: that somebody is there who speaks version 2."""
    return {
        "cluster": {"status": "disabled", "peers": []},
        "versionInfo": {
            "version": f"vigie-{VERSION}",
            "revision": "",
            "branch": "",
            "buildUser": "",
            "buildDate": "",
            "goVersion": "",
        },
        "config": {"original": ""},
        "uptime": "1970-01-01T00:00:00Z",
    }


@get(_paths("/receivers"), tags=["alertmanager"], sync_to_thread=False)
def receivers() -> list[Receiver]:
    """The one receiver that there is: teams are found by service, and are no label of an alert."""
    return [Receiver(**_RECEIVER)]


@get(_paths("/silences"), **_ROUTE)
async def get_silences(
    request: Request[Any, Any, Any],
    database: TheDatabase,
    clock: TheClock,
    defaults: ThePolicy,
    filter: FromQuery[list[str] | None] = None,  # noqa: A002 - Alertmanager's name
) -> list[GettableSilence]:
    """GetSilences: those that hold first; ``filter`` are matchers of what they silence."""
    now = clock.now()
    asker = await who_asks(request, database, now, defaults)
    wanted = _matchers(filter)
    async with database.transaction() as connection:
        found = await store.page(
            connection, ended_after=None, integration_id=asker.integration_id, limit=_MOST
        )
    shown = [_gettable(one, now) for one in found if _is_about(one, wanted)]
    return sorted(shown, key=lambda one: _STATES.index(one.status.state))


_STATES: Final = ("active", "pending", "expired")


@post(_paths("/silences"), status_code=200, **_ROUTE)
async def post_silences(
    request: Request[Any, Any, Any],
    data: JSONBody[PostableSilence],
    database: TheDatabase,
    clock: TheClock,
    defaults: ThePolicy,
) -> SilenceId:
    """PostSilences: store a silence, or change the one whose ``id`` is given.

    One that is over, or whose matchers change, is ended, and a new one takes its place.
    """
    now = clock.now()
    asker = await who_asks(request, database, now, defaults, Role.RESPONDER)
    matchers = read_matchers(list(data.matchers))
    span = silences.span(data.startsAt, data.endsAt, None, now)
    async with database.transaction() as connection:
        before = await _named(connection, data.id, asker)
        author = data.createdBy or asker.actor.name
        if before is not None and before.matchers == matchers and before.span.ends_at > now:
            action = "silence.changed"
            stored = await silences.change(
                connection,
                replace(before, span=span, author=author, comment=data.comment),
                now,
            )
        else:
            action = "silence.created"
            if before is not None:
                await silences.expire(connection, before, now)
            stored = await silences.make(
                connection,
                matchers=matchers,
                of=span,
                author=author,
                comment=data.comment,
                integration_id=asker.integration_id,
                now=now,
            )
        await _audited(connection, asker, action, before, stored)
    return SilenceId(silenceID=str(stored.id))


@get(_paths("/silence/{silence_id:str}"), **_ROUTE)
async def get_silence(
    request: Request[Any, Any, Any],
    silence_id: FromPath[str],
    database: TheDatabase,
    clock: TheClock,
    defaults: ThePolicy,
) -> GettableSilence:
    """GetSilence."""
    asker = await who_asks(request, database, clock.now(), defaults)
    async with database.transaction() as connection:
        found = await silences.existing(connection, _uuid(silence_id), of=asker.integration_id)
    return _gettable(found, clock.now())


@delete(_paths("/silence/{silence_id:str}"), status_code=200, **_ROUTE)
async def delete_silence(
    request: Request[Any, Any, Any],
    silence_id: FromPath[str],
    database: TheDatabase,
    clock: TheClock,
    defaults: ThePolicy,
) -> None:
    """DeleteSilence: end it now; it stays to be seen."""
    now = clock.now()
    asker = await who_asks(request, database, now, defaults, Role.RESPONDER)
    async with database.transaction() as connection:
        before = await silences.existing(
            connection, _uuid(silence_id), of=asker.integration_id, to_change=True
        )
        after = await silences.expire(connection, before, now)
        if after is not before:
            await _audited(connection, asker, "silence.expired", before, after)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which of the alerts that fire are asked for."""

    wanted: Matchers
    active: bool
    silenced: bool
    inhibited: bool

    def includes(self, alert: GettableAlert) -> bool:
        """Whether one is among them."""
        if alert.status.state == "active":
            return self.active
        # As there: what is both is left out by either.
        return (self.silenced or not alert.status.silencedBy) and (
            self.inhibited or not alert.status.inhibitedBy
        )


def _asked(
    *,
    active: FromQuery[bool] = True,
    silenced: FromQuery[bool] = True,
    inhibited: FromQuery[bool] = True,
    filter: FromQuery[list[str] | None] = None,  # noqa: A002 - Alertmanager's name
) -> Asked:
    return Asked(_matchers(filter), active, silenced, inhibited)


_ASKED: Final = {"asked": Provide(_asked, sync_to_thread=False)}


@get(_paths("/alerts"), dependencies=_ASKED, **_ROUTE)
async def get_alerts(
    request: Request[Any, Any, Any],
    database: TheDatabase,
    clock: TheClock,
    defaults: ThePolicy,
    asked: NamedDependency[Asked],
) -> list[GettableAlert]:
    """GetAlerts: those that fire, the newest 10,000, with what holds them back."""
    asker = await who_asks(request, database, clock.now(), defaults)
    return [shown for _, shown in await _firing(database, asker, asked, clock.now())]


@get(_paths("/alerts/groups"), dependencies=_ASKED, **_ROUTE)
async def get_alert_groups(
    request: Request[Any, Any, Any],
    database: TheDatabase,
    clock: TheClock,
    defaults: ThePolicy,
    asked: NamedDependency[Asked],
) -> list[AlertGroup]:
    """GetAlertGroups: those that fire, by the incident that they belong to."""
    asker = await who_asks(request, database, clock.now(), defaults)
    groups: dict[UUID, list[GettableAlert]] = {}
    for alert, shown in await _firing(database, asker, asked, clock.now()):
        groups.setdefault(alert.incident_id or alert.id, []).append(shown)
    return [
        AlertGroup(labels=_common(members), receiver=Receiver(**_RECEIVER), alerts=members)
        for members in groups.values()
    ]


async def _firing(
    database: Database, asker: Asker, asked: Asked, now: datetime
) -> list[tuple[Alert, GettableAlert]]:
    async with database.transaction() as connection:
        found = await alerts.firing(connection, before=None, limit=_MOST, of=asker.integration_id)
        holding = await store.page(connection, ended_after=now, limit=silences.MOST)
    shown = [
        (alert, _gettable_alert(alert, holding, now))
        for alert in found
        if all_match(asked.wanted, labels_of(alert))
    ]
    return [(alert, one) for alert, one in shown if asked.includes(one)]


def _common(members: list[GettableAlert]) -> dict[str, str]:
    first, *others = (one.labels for one in members)
    return {
        name: value
        for name, value in first.items()
        if all(other.get(name) == value for other in others)
    }


def _matchers(texts: list[str] | None) -> Matchers:
    try:
        return tuple(matcher for text in texts or () for matcher in parse(text))
    except InvalidMatcher as error:
        raise Malformed(f"bad matcher format: {error}") from error


def _is_about(silence: Silence, wanted: Matchers) -> bool:
    """Whether a silence has matchers of those values (Alertmanager, silence filters)."""
    told = {matcher.name: matcher.value for matcher in silence.matchers}
    return all(_tells(told, matcher) for matcher in wanted)


def _tells(told: Mapping[str, str], matcher: Matcher) -> bool:
    if matcher.name not in told and matcher.is_equal:
        return False
    return matcher.matches(told)


async def _named(connection: Connection, given: str | None, asker: Asker) -> Silence | None:
    if not given:
        return None
    return await silences.existing(
        connection, _uuid(given), of=asker.integration_id, to_change=True
    )


def _uuid(given: str) -> UUID:
    try:
        return UUID(given)
    except ValueError:
        raise NotFound(f"There is no silence {given!r}.") from None


def _gettable(silence: Silence, now: datetime) -> GettableSilence:
    return GettableSilence(
        id=str(silence.id),
        status=SilenceStatus(state=silence.state(now)),
        updatedAt=silence.updated_at,
        comment=silence.comment,
        createdBy=silence.author,
        startsAt=silence.span.starts_at,
        endsAt=silence.span.ends_at,
        matchers=[MatcherView(**one.stored()) for one in silence.matchers],
    )


def _gettable_alert(alert: Alert, holding: list[Silence], now: datetime) -> GettableAlert:
    labels = labels_of(alert)
    hold = silencing.silenced(labels, alert.integration_id, holding, now)
    inhibited_by = [str(one) for one in alert.held_by if alert.held is Reason.INHIBITED]
    silenced_by = [] if hold is None else [str(one) for one in hold.by]
    return GettableAlert(
        labels=labels,
        annotations=alert.annotations,
        startsAt=alert.starts_at,
        # One without an end fires until its sender says otherwise.
        endsAt=alert.ends_at or now + _NO_END,
        updatedAt=alert.last_seen,
        generatorURL=alert.links.get("source", ""),
        fingerprint=alert.fingerprint,
        receivers=[Receiver(**_RECEIVER)],
        status=AlertState(
            state="suppressed" if silenced_by or inhibited_by else "active",
            silencedBy=silenced_by,
            inhibitedBy=inhibited_by,
            mutedBy=[],
        ),
    )


_NO_END: Final = timedelta(minutes=5)


async def _audited(
    connection: Connection, asker: Asker, action: str, before: Silence | None, after: Silence
) -> None:
    now = after.updated_at
    await audit.record(
        connection,
        asker.actor,
        action,
        str(after.id),
        before=None if before is None else _kept(before, now),
        after=_kept(after, now),
        now=now,
    )


def _kept(silence: Silence, now: datetime) -> dict[str, Any]:
    return _gettable(silence, now).model_dump(
        mode="json", include={"matchers", "startsAt", "endsAt", "comment", "createdBy"}
    )


HANDLERS: Final = (
    *(status, receivers, get_silences, post_silences, get_silence, delete_silence),
    *(get_alerts, get_alert_groups),
)
