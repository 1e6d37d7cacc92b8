"""Attempts to sign in, counted before anybody looks at the password."""

import asyncio
from datetime import timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.access import store
from oncall_service.access.throttle import (
    HELD_SECONDS,
    WINDOW,
    Limits,
    known_wait_seconds,
    wait_seconds,
)
from oncall_service.core.core import Core
from oncall_service.tables import SigninAttemptRow
from shared.errors import TooMany
from shared.identifiers import new_id

LIMITS = Limits()

# How attempts at a known place are marked: they count there and nowhere else.
_KNOWN = "known "
# What failed attempts at changing a password are counted under, instead of an address.
_CHANGE = "password change"


async def count(core: Core, login: str, places: list[str]) -> str:
    """Count the attempt as failed before looking at the password; a success takes it back.

    So a hundred attempts sent at once are counted one by one, and not all let through together.
    Answers what it was counted under, when its turn has come.
    """
    address = places[-1]
    async with core.database.session() as session:
        known = await store.known_place(session, login, places)
        counted_at = address if known is None else _KNOWN + known
        await store.queue_up(session, login, counted_at)
        now = core.clock.now()
        earlier = await store.attempts(session, login, counted_at, now - WINDOW)
        pair = [row.at for row in earlier if (row.login, row.address) == (login, counted_at)]
        if known is not None:
            wait = known_wait_seconds(now, LIMITS, pair)
            held = wait if wait <= HELD_SECONDS else 0
        else:
            held = 0
            wait = wait_seconds(
                now,
                LIMITS,
                pair=pair,
                address=[row.at for row in earlier if row.address == address],
                user=[
                    row.at
                    for row in earlier
                    if row.login == login and not row.address.startswith(_KNOWN)
                ],
            )
        if wait == held:
            # Its turn, which those behind it wait for as well.
            at = now + timedelta(seconds=held)
            session.add(SigninAttemptRow(id=new_id(), login=login, address=counted_at, at=at))
    if wait != held:
        raise _too_many(wait)
    await asyncio.sleep(held)
    return counted_at


async def count_password_change(core: Core, person_id: UUID) -> None:
    """Count an attempt of somebody who is signed in to change their password.

    Raises:
        TooMany: whoever holds this session is guessing the password.
    """
    login = str(person_id)
    async with core.database.session() as session:
        now = core.clock.now()
        await store.queue_up(session, login, _CHANGE)
        earlier = await store.attempts(session, login, _CHANGE, now - WINDOW)
        pair = [row.at for row in earlier if row.login == login]
        if not (wait := wait_seconds(now, LIMITS, pair=pair)):
            session.add(SigninAttemptRow(id=new_id(), login=login, address=_CHANGE, at=now))
    if wait:
        raise _too_many(wait)


async def forget_password_changes(session: AsyncSession, person_id: UUID) -> None:
    """The password was right: what failed before was a typing mistake."""
    await store.forget_attempts(session, str(person_id), _CHANGE)


def _too_many(wait: int) -> TooMany:
    unit = "second" if wait == 1 else "seconds"
    return TooMany(
        f"Too many failed attempts; try again in {wait} {unit}.",
        retry_after=wait,
    )
