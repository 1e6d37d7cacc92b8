"""Silences are made, changed and ended; what they held back is looked at again then."""

from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from alert_ingestion import windows
from alert_ingestion.matchers import Matchers
from alert_ingestion.model import Alert
from alert_ingestion.silencing import Silence, covers, labels_of
from alert_ingestion.store import alerts, silences
from alert_ingestion.windows import InvalidRecurrence, Recurrence, Span
from shared.database import Connection
from shared.errors import Conflict, FieldError, Invalid, NotFound
from shared.identifiers import new_id

MOST: Final = 500
"""Silences that are not over: each is held against each alert that comes."""


def span(
    starts_at: datetime, ends_at: datetime, recurrence: Recurrence | None, now: datetime
) -> Span:
    """The time of a silence.

    Raises:
        Invalid: it is over, or ends before it begins, or its windows cannot be worked out.
    """
    if ends_at <= starts_at:
        raise Invalid([FieldError("ends_at", "must lie after starts_at")])
    if ends_at <= now:
        raise Invalid([FieldError("ends_at", "must not lie in the past")])
    if recurrence is not None:
        try:
            windows.check(recurrence, starts_at)
        except InvalidRecurrence as error:
            raise Invalid([FieldError("recurrence", str(error))]) from error
    return Span(starts_at, ends_at, recurrence)


def check(matchers: Matchers) -> None:
    """Raise Invalid unless the matchers leave out something: a silence of everything is none."""
    if all(matcher.matches_absent for matcher in matchers):
        raise Invalid(
            [FieldError("matchers", "at least one matcher must not match an empty value")]
        )


async def make(
    connection: Connection,
    *,
    matchers: Matchers,
    of: Span,
    author: str,
    comment: str,
    integration_id: UUID | None,
    now: datetime,
) -> Silence:
    """Store a new silence.

    Raises:
        Conflict: there are too many that are not over.
    """
    check(matchers)
    if len(await silences.page(connection, ended_after=now, limit=MOST)) == MOST:
        raise Conflict(f"There are {MOST} silences that are not over; end some of them first.")
    silence = Silence(
        id=new_id(),
        matchers=matchers,
        span=of,
        author=author,
        comment=comment,
        created_at=now,
        updated_at=now,
        integration_id=integration_id,
    )
    await silences.put(connection, silence)
    return silence


async def existing(
    connection: Connection, silence_id: UUID, *, of: UUID | None, to_change: bool = False
) -> Silence:
    """A silence, of one integration if ``of`` says so.

    Raises:
        NotFound: there is none, or it is not that integration's.
    """
    silence = await silences.by_id(connection, silence_id, to_change=to_change)
    if silence is None or of not in (None, silence.integration_id):
        raise NotFound(f"There is no silence {silence_id}.")
    return silence


async def change(connection: Connection, silence: Silence, now: datetime) -> Silence:
    """Store what was changed of a silence."""
    check(silence.matchers)
    changed = replace(silence, updated_at=now)
    await silences.put(connection, changed)
    await alerts.look_again(connection, [silence.id], now)
    return changed


async def expire(connection: Connection, silence: Silence, now: datetime) -> Silence:
    """End a silence now; one that is over stays as it is."""
    if silence.span.ends_at <= now:
        return silence
    starts_at = min(silence.span.starts_at, now)
    return await change(
        connection,
        replace(silence, span=replace(silence.span, starts_at=starts_at, ends_at=now)),
        now,
    )


async def covered(
    connection: Connection, matchers: Matchers, integration_id: UUID | None, most: int
) -> tuple[list[Alert], int]:
    """Alerts that fire and match: the newest of them, at most ``most``, and how many there are."""
    shown: list[Alert] = []
    count = 0
    async for alert in alerts.every_firing(connection):
        if covers(matchers, integration_id, labels_of(alert), alert.integration_id):
            count += 1
            if len(shown) < most:
                shown.append(alert)
    return shown, count
