"""Use cases: signing in and out, API tokens, and telling whose a token is."""

import asyncio
from datetime import timedelta
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.access import store
from oncall_service.access.shapes import (
    SessionView,
    SignIn,
    TokenCreate,
    TokenCreated,
    TokenView,
)
from oncall_service.access.throttle import (
    HELD_SECONDS,
    WINDOW,
    Limits,
    known_wait_seconds,
    network_of,
    wait_seconds,
)
from oncall_service.core.core import Core, changing
from oncall_service.core.passwords import SESSION_PREFIX, TOKEN_PREFIX, new_token
from oncall_service.core.store.lookup import id_cursor
from oncall_service.metrics import BY_TEAM
from oncall_service.people import store as people
from oncall_service.people.shapes import ADMINISTRATOR
from oncall_service.tables import (
    SessionRow,
    SigninAttemptRow,
    TokenRow,
)
from shared import counters
from shared.auth import hash_token
from shared.contracts.identity import Principal, Role
from shared.contracts.wire import Page, Ref
from shared.errors import FieldError, Invalid, NotFound, TooMany, Unauthorized
from shared.identifiers import new_id

LIMITS = Limits()

# A place nobody has signed in from for so long is as good as a new one.
PLACES_REMEMBERED = timedelta(days=180)

# How attempts at a known place are marked: they count there and nowhere else.
_KNOWN = "known "
# What failed attempts at changing a password are counted under, instead of an address.
_CHANGE = "password change"


class LocalTokenDirectory:
    """Implements ``shared.auth.TokenDirectory``: this service knows the tokens itself."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def find(self, token: str) -> Principal | None:
        """Whose token this is; null when unknown, expired or revoked."""
        async with self._core.database.session() as session:
            return await store.principal_of(session, hash_token(token), self._core.clock.now())


async def sign_in(core: Core, command: SignIn, address: str) -> SessionView:
    """Start a session.

    Raises:
        TooMany: too many failed attempts for this user or from this address lately.
        Unauthorized: user and password do not fit; which of the two is not said.
    """
    login = command.user.strip().lower()
    places = [f"address {network_of(address)}"]
    if command.device is not None:
        places.insert(0, f"device {hash_token(command.device.get_secret_value())}")
    counted_at = await _count_attempt(core, login, places)
    async with core.database.session() as session:
        person = await people.by_login(session, login)
    stored = person.password_hash if person else None
    if not await core.passwords.verify(stored, command.password.get_secret_value()) or not person:
        raise Unauthorized("User and password do not fit.")
    token = new_token(SESSION_PREFIX)
    now = core.clock.now()
    row = SessionRow(
        id=new_id(),
        person_id=person.id,
        token_hash=hash_token(token),
        created_at=now,
        expires_at=now + timedelta(hours=core.settings.session_hours),
    )
    async with core.database.session() as session:
        await store.forget_attempts(session, login, counted_at)
        await store.remember_places(session, person.id, places, now)
        session.add(row)
    return SessionView(
        token=token,
        person=Ref(id=person.id, name=person.name),
        role=Role(person.role),
        expires_at=row.expires_at,
    )


async def sign_out(core: Core, token: str) -> None:
    """End the session of this token."""
    async with core.database.session() as session:
        await store.end_session(session, hash_token(token))


async def create_token(core: Core, command: TokenCreate, who: Principal) -> TokenCreated:
    """Make an API token; the answer is the only place where it can be read."""
    now = core.clock.now()
    if command.expires_at is not None and command.expires_at <= now:
        raise Invalid([FieldError("expires_at", "must be in the future")])
    token = new_token(TOKEN_PREFIX)
    row = TokenRow(
        id=new_id(),
        name=command.name,
        role=command.role,
        token_hash=hash_token(token),
        created_by=who.name,
        created_at=now,
        expires_at=command.expires_at,
    )
    async with core.database.session() as session:
        session.add(row)
    return TokenCreated(token=token, **store.token_view(row).model_dump())


async def listed_tokens(core: Core, *, limit: int, cursor: str | None) -> Page[TokenView]:
    """Tokens, newest first, revoked ones included."""
    statement = select(TokenRow).order_by(col(TokenRow.id).desc()).limit(limit + 1)
    if cursor is not None:
        statement = statement.where(TokenRow.id < id_cursor(cursor))
    async with core.database.session() as session:
        rows = list((await session.exec(statement)).all())
    more = len(rows) > limit
    return Page(
        items=[store.token_view(row) for row in rows[:limit]],
        next_cursor=str(rows[limit - 1].id) if more else None,
    )


async def revoke_token(core: Core, token_id: UUID) -> None:
    """End a token for ever; the other services notice within a minute."""
    async with core.database.session() as session:
        row = await session.get(TokenRow, token_id, with_for_update=True)
        if row is None:
            raise NotFound(f"There is no token {token_id}.")
        row.revoked_at = row.revoked_at or core.clock.now()


async def reset_administrator(core: Core, password: str) -> str:
    """Let the administrator of the installation in again, with this password; their login.

    Whoever was deleted is made anew, and whoever was demoted is an administrator again. Failed
    attempts are forgotten, those of others too: at an address that many share they would count.
    """
    login = core.settings.bootstrap_admin_user
    hashed = await core.passwords.hash(password)
    now = core.clock.now()
    async with changing(core) as session:
        person = await people.by_login(session, login)
        if person is None:
            name = await people.free_name(session, ADMINISTRATOR)
            person = await people.add_administrator(session, name, login, now)
        person.role = Role.ADMIN
        person.password_hash = hashed
        await people.end_sessions(session, person.id)
        await store.forget_all_attempts(session)
        return person.login or login


async def clean_up(core: Core) -> None:
    """Remove ended sessions, old attempts, and figures of teams that are gone (by an engine)."""
    now = core.clock.now()
    async with core.database.session() as session:
        await store.clean_up(
            session,
            attempts_before=now - WINDOW,
            places_before=now - PLACES_REMEMBERED,
            now=now,
        )
    async with core.database.transaction() as connection:
        await counters.forget(connection, BY_TEAM, await people.living(connection))


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


async def _count_attempt(core: Core, login: str, places: list[str]) -> str:
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


def _too_many(wait: int) -> TooMany:
    unit = "second" if wait == 1 else "seconds"
    return TooMany(
        f"Too many failed attempts; try again in {wait} {unit}.",
        retry_after=wait,
    )
