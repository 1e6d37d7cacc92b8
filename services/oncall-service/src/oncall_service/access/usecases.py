"""Use cases: signing in and out, one's password, and the way back in."""

from datetime import timedelta
from uuid import UUID

from oncall_service.access import attempts, store
from oncall_service.access.credentials import SESSION_PREFIX, new_token
from oncall_service.access.shapes import PasswordChange, SignIn
from oncall_service.access.throttle import WINDOW, network_of
from oncall_service.core.audit import note_act
from oncall_service.core.core import Core, changing
from oncall_service.core.store import lookup
from oncall_service.people import store as people
from oncall_service.tables import PersonRow, SessionRow
from shared.auth import hash_token
from shared.contracts.identity import Actor, Principal, Role
from shared.contracts.oncall_api import SessionView
from shared.contracts.wire import Ref
from shared.errors import FieldError, Forbidden, Invalid, Unauthorized
from shared.identifiers import new_id

OPERATOR = Actor(kind="system", id="reset_admin", name="reset_admin")
"""Whoever has a shell on this machine."""

# A place nobody has signed in from for so long is as good as a new one.
PLACES_REMEMBERED = timedelta(days=180)


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
    counted_at = await attempts.count(core, login, places)
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
        agent=command.agent,
        last_seen_at=now,
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


async def change_password(core: Core, who: Principal, command: PasswordChange) -> None:
    """Let somebody who signed in choose another password; their sessions end.

    Raises:
        TooMany: too many attempts with a wrong current password lately.
    """
    if who.kind != "person":
        raise Forbidden("Only a person who signed in has a password.")
    await attempts.count_password_change(core, UUID(who.id))
    async with core.database.session() as session:
        row = await lookup.find(session, PersonRow, who.id)
    fits = await core.passwords.verify(
        row.password_hash if row else None, command.current.get_secret_value()
    )
    if not fits:
        raise Invalid([FieldError("current", "is not your password")])
    hashed = await core.passwords.hash(command.new.get_secret_value())
    async with changing(core) as session:
        row = await lookup.require(session, PersonRow, who.id)
        row.password_hash = hashed
        await people.end_sessions(session, row.id)
        await attempts.forget_password_changes(session, row.id)
        await note_act(core, session, who, "person.password_set", subject=row.id)


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
            name = await people.free_name(session, people.ADMINISTRATOR)
            person = await people.add_administrator(session, name, login, now)
        person.role = Role.ADMIN
        person.password_hash = hashed
        await people.end_sessions(session, person.id)
        await store.forget_all_attempts(session)
        await note_act(core, session, OPERATOR, "person.password_set", subject=person.id)
        return person.login or login


async def clean_up(core: Core) -> None:
    """Remove ended sessions and old attempts (run by an engine)."""
    now = core.clock.now()
    async with core.database.session() as session:
        await store.clean_up(
            session,
            attempts_before=now - WINDOW,
            places_before=now - PLACES_REMEMBERED,
            now=now,
        )
