"""Use cases: signing in and out, API tokens, and telling whose a token is."""

from datetime import timedelta
from uuid import UUID

from sqlmodel import col, select

from oncall_service.credentials import SESSION_PREFIX, TOKEN_PREFIX, new_token
from oncall_service.resources.access import (
    SessionView,
    SignIn,
    TokenCreate,
    TokenCreated,
    TokenView,
)
from oncall_service.store import access as store
from oncall_service.store import people
from oncall_service.store.lookup import id_cursor
from oncall_service.tables import SessionRow, SigninAttemptRow, TokenRow
from oncall_service.throttle import WINDOW, Limits, wait_seconds
from oncall_service.workflow.core import Core
from shared.auth import hash_token
from shared.contracts.identity import Principal, Role
from shared.contracts.wire import Page, Ref
from shared.errors import FieldError, Invalid, NotFound, TooMany, Unauthorized
from shared.identifiers import new_id

LIMITS = Limits()


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
    now = core.clock.now()
    login = command.user.strip().lower()
    await _count_attempt(core, login, address)
    async with core.database.session() as session:
        person = await people.by_login(session, login)
    stored = person.password_hash if person else None
    if not await core.passwords.verify(stored, command.password.get_secret_value()) or not person:
        raise Unauthorized("User and password do not fit.")
    token = new_token(SESSION_PREFIX)
    row = SessionRow(
        id=new_id(),
        person_id=person.id,
        token_hash=hash_token(token),
        created_at=now,
        expires_at=now + timedelta(hours=core.settings.session_hours),
    )
    async with core.database.session() as session:
        await store.forget_attempts(session, login, address)
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


async def clean_up(core: Core) -> None:
    """Remove ended sessions and old attempts (run by an engine)."""
    now = core.clock.now()
    async with core.database.session() as session:
        await store.clean_up(session, attempts_before=now - WINDOW, now=now)


async def _count_attempt(core: Core, login: str, address: str) -> None:
    """Count the attempt as failed before looking at the password; a success takes it back.

    So a hundred attempts sent at once are counted one by one, and not all let through together.
    """
    now = core.clock.now()
    async with core.database.session() as session:
        await store.queue_up(session, login, address)
        earlier = await store.attempts(session, login, address, now - WINDOW)
        wait = wait_seconds(
            now,
            LIMITS,
            pair=[row.at for row in earlier if row.login == login and row.address == address],
            address=[row.at for row in earlier if row.address == address],
            user=[row.at for row in earlier if row.login == login],
        )
        if wait == 0:
            session.add(SigninAttemptRow(id=new_id(), login=login, address=address, at=now))
    if wait:
        raise TooMany("Too many failed attempts to sign in; wait a little.", retry_after=wait)
