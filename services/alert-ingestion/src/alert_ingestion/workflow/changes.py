"""Changes of services are context: of the incidents that are open, and of those that open next."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from alert_ingestion import handover
from alert_ingestion.model import Alert, Change, Integration
from alert_ingestion.store import alerts, changes
from alert_ingestion.store.changes import StoredChange
from shared import context
from shared.contracts.alerts import ServiceChange
from shared.database import Connection
from shared.outbox import Message

WITHIN: Final = timedelta(hours=24)
"""How long before an incident a change may be why there is one."""

MOST: Final = 5
"""Changes before it that an incident tells of."""

_MOST_INCIDENTS: Final = 100
"""Open incidents of a service that hear of its change."""


@dataclass(frozen=True, slots=True)
class News:
    """A change that came just now, with the context of the request that told of it."""

    integration: Integration
    change: Change
    context: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Opening:
    """The first alert of an incident that begins now, and the context of its request."""

    alert: Alert
    context: Mapping[str, str]


async def told_at_opening(
    connection: Connection, openings: Sequence[Opening], now: datetime
) -> list[Message]:
    """What incidents that begin now are told of the day before."""
    services = {one.alert.service for one in openings if not one.alert.is_canary}
    if not services:
        return []
    found = await changes.recent(connection, services, now - WITHIN, MOST)
    return [
        _message(
            one.alert,
            [_of(change.integration, change) for change in found[one.alert.service]],
            now,
            one.context,
        )
        for one in openings
        if one.alert.service in found and not one.alert.is_canary
    ]


async def told_while_open(
    connection: Connection, news: Sequence[News], openings: Collection[UUID], now: datetime
) -> list[Message]:
    """What open incidents are told of changes that came just now.

    Those that begin now (``openings``) hear of them among the changes of the day before.
    """
    if not news:
        return []
    services = {one.change.service for one in news}
    return [
        _message(alert, [_of(one.integration.name, one.change)], now, one.context)
        for alert in await alerts.spokesmen(connection, services, _MOST_INCIDENTS)
        if alert.incident_id not in openings
        for one in news
        if one.change.service == alert.service
    ]


def _message(
    alert: Alert, changes: Sequence[ServiceChange], now: datetime, of: Mapping[str, str]
) -> Message:
    with context.bound(of):
        return handover.changed(alert, changes, now=now)


def _of(integration: str, change: Change | StoredChange) -> ServiceChange:
    return ServiceChange.model_construct(
        service=change.service,
        summary=change.summary,
        at=change.at,
        integration=integration,
        url=next(iter(change.links.values()), ""),
    )
