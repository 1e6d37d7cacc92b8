"""Use cases: people and how to reach them."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.access import usecases as access
from oncall_service.core.core import Core, changing
from oncall_service.core.fields import web_host
from oncall_service.core.store import lookup
from oncall_service.people import store
from oncall_service.people.shapes import (
    MOST_METHODS,
    Channel,
    ContactMethodCreate,
    ContactMethodUpdate,
    ContactMethodView,
    PasswordChange,
    PersonCreate,
    PersonUpdate,
    PersonView,
)
from oncall_service.tables import ContactMethodRow, PersonRow
from oncall_service.targets import AllowedTargets
from shared.contracts.identity import Principal, Role
from shared.contracts.wire import Page
from shared.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from shared.identifiers import new_id

OTHER_FIELDS = ("name", "login", "email", "role", "time_zone")


async def create(core: Core, command: PersonCreate) -> PersonView:
    """Add a person; ``Conflict`` if the name or login is taken."""
    hashed = await _hashed(core, command)
    now = core.clock.now()
    async with changing(core) as session:
        row = await _add(session, command, hashed, now, targets=core.settings.webhook_targets)
        return (await store.views(session, [row]))[0]


async def put(core: Core, reference: str, command: PersonCreate) -> tuple[PersonView, bool]:
    """Make the person be as described, and whether they are new."""
    hashed = await _hashed(core, command)
    now = core.clock.now()
    targets = core.settings.webhook_targets
    async with changing(core) as session:
        row = await lookup.find(session, PersonRow, reference)
        if row is None:
            names = {command.name.lower(), (command.login or command.name).lower()}
            if reference.lower() not in names:
                raise NotFound(f"There is no person '{reference}'.")
            row = await _add(session, command, hashed, now, targets=targets)
            return (await store.views(session, [row]))[0], True
        await _apply(session, row, command, hashed, now, targets=targets)
        return (await store.views(session, [row]))[0], False


async def update(core: Core, reference: str, command: PersonUpdate) -> PersonView:
    """Change the given fields."""
    for field in ("name", "role", "time_zone", "contact_methods"):
        if field in command.model_fields_set and getattr(command, field) is None:
            raise Invalid([FieldError(field, "cannot be null")])
    hashed = await _hashed(core, command)
    async with changing(core) as session:
        row = await lookup.require(session, PersonRow, reference)
        targets = core.settings.webhook_targets
        await _apply(session, row, command, hashed, core.clock.now(), targets=targets)
        return (await store.views(session, [row]))[0]


async def get(core: Core, reference: str) -> PersonView:
    """One person."""
    async with core.database.session() as session:
        row = await lookup.find(session, PersonRow, reference)
        if row is None:
            raise NotFound(f"There is no person '{reference}'.")
        return (await store.views(session, [row]))[0]


async def listed(core: Core, *, limit: int, cursor: str | None) -> Page[PersonView]:
    """People in the order of their names."""
    async with core.database.session() as session:
        rows, following = await lookup.page(session, PersonRow, limit=limit, cursor=cursor)
        return Page(items=await store.views(session, rows), next_cursor=following)


async def remove(core: Core, reference: str) -> None:
    """Remove a person whom nothing needs; what they were paged with stays on record."""
    async with changing(core) as session:
        row = await lookup.require(session, PersonRow, reference)
        used_by = await store.uses(session, row.id, core.clock.now())
        if used_by:
            raise Conflict(
                f"{row.name} is still needed: {', '.join(used_by)}. Replace them there first.",
                used_by=used_by,
            )
        await _keep_an_administrator(session, losing=row.id)
        await store.forget_past_overrides(session, row.id)
        await store.leave_teams(session, row.id)
        await session.delete(row)


async def change_password(core: Core, who: Principal, command: PasswordChange) -> None:
    """Let somebody who signed in choose another password; their sessions end.

    Raises:
        TooMany: too many attempts with a wrong current password lately.
    """
    if who.kind != "person":
        raise Forbidden("Only a person who signed in has a password.")
    await access.count_password_change(core, UUID(who.id))
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
        await store.end_sessions(session, row.id)
        await access.forget_password_changes(session, row.id)


async def add_method(
    core: Core, reference: str, command: ContactMethodCreate, who: Principal
) -> ContactMethodView:
    """Add a contact method: one's own, or anybody's for an administrator."""
    async with changing(core) as session:
        row = await lookup.require(session, PersonRow, reference)
        own_or_admin(row, who)
        if len(await store.methods_of(session, row.id)) >= MOST_METHODS:
            raise Conflict(
                f"{row.name} has {MOST_METHODS} contact methods, the most there may be: remove one."
            )
        targets = core.settings.webhook_targets
        method = _new_method(row, command, core.clock.now(), "target", targets=targets)
        session.add(method)
        return store.method_view(method, secret=method.secret)


async def update_method(
    core: Core, reference: str, method_id: UUID, command: ContactMethodUpdate, who: Principal
) -> ContactMethodView:
    """Switch a contact method on or off."""
    async with changing(core) as session:
        row, method = await _method(session, reference, method_id)
        own_or_admin(row, who)
        method.enabled = command.enabled
        return store.method_view(method)


async def remove_method(core: Core, reference: str, method_id: UUID, who: Principal) -> None:
    """Remove a contact method; what is still to be sent through it fails, and says so."""
    async with changing(core) as session:
        row, method = await _method(session, reference, method_id)
        own_or_admin(row, who)
        await session.delete(method)


async def _hashed(core: Core, command: PersonCreate | PersonUpdate) -> str | None:
    # Outside of any transaction: argon2 takes its time, and would hold a connection.
    if command.password is None:
        return None
    return await core.passwords.hash(command.password.get_secret_value())


async def _add(
    session: AsyncSession,
    command: PersonCreate,
    hashed: str | None,
    now: datetime,
    *,
    targets: AllowedTargets,
) -> PersonRow:
    row = PersonRow(
        id=new_id(),
        name=command.name,
        login=command.login,
        email=command.email,
        role=command.role,
        password_hash=hashed,
        time_zone=command.time_zone,
        working_hours=_stored_hours(command),
        created_at=now,
    )
    session.add(row)
    await session.flush()
    await _replace_methods(session, row, command.contact_methods, now, targets=targets)
    return row


async def _apply(
    session: AsyncSession,
    row: PersonRow,
    command: PersonCreate | PersonUpdate,
    hashed: str | None,
    now: datetime,
    *,
    targets: AllowedTargets,
) -> None:
    given = command.model_fields_set
    keeps_role = "role" not in given or command.role is Role.ADMIN
    if not keeps_role or ("login" in given and command.login is None):
        await _keep_an_administrator(session, losing=row.id)
    for field in OTHER_FIELDS:
        if field in given:
            setattr(row, field, getattr(command, field))
    if "working_hours" in given:
        row.working_hours = _stored_hours(command)
    if hashed is not None:
        row.password_hash = hashed
        await store.end_sessions(session, row.id)
    if command.contact_methods is not None and "contact_methods" in given:
        await _replace_methods(session, row, command.contact_methods, now, targets=targets)
    session.add(row)
    await session.flush()


def _stored_hours(command: PersonCreate | PersonUpdate) -> list[dict[str, Any]] | None:
    if not command.working_hours:
        return None
    return [hours.model_dump(mode="json") for hours in command.working_hours]


async def _replace_methods(
    session: AsyncSession,
    row: PersonRow,
    wanted: Sequence[ContactMethodCreate],
    now: datetime,
    *,
    targets: AllowedTargets,
) -> None:
    """Keep what is asked for again, with its secret: receivers know it."""
    left = {
        (method.channel, method.target): method
        for method in await store.methods_of(session, row.id)
    }
    for index, command in enumerate(wanted):
        field = f"contact_methods.{index}.target"
        fresh = _new_method(row, command, now, field, targets=targets)
        kept = left.pop((fresh.channel, fresh.target), None)
        if kept is None:
            session.add(fresh)
            continue
        kept.enabled = command.enabled
        if command.secret is not None:
            kept.secret = fresh.secret
    for method in left.values():
        await session.delete(method)
    await session.flush()


def _new_method(
    row: PersonRow,
    command: ContactMethodCreate,
    now: datetime,
    field: str,
    *,
    targets: AllowedTargets,
) -> ContactMethodRow:
    target = command.target
    if command.channel is Channel.EMAIL and not target:
        if not row.email:
            raise Invalid([FieldError(field, "is needed: the person has no email address")])
        target = row.email
    secret = None
    if command.channel is Channel.WEBHOOK:
        # By its looks alone: what a name leads to is seen at each sending, and told to nobody here.
        if targets.refuses(web_host(target)):
            raise Invalid(
                [FieldError(field, "must lead to a public address, or one that is allowed")]
            )
        secret = command.secret.get_secret_value() if command.secret else secrets.token_urlsafe(32)
    return ContactMethodRow(
        id=new_id(),
        person_id=row.id,
        channel=command.channel,
        target=target,
        secret=secret,
        enabled=command.enabled,
        created_at=now,
    )


async def _method(
    session: AsyncSession, reference: str, method_id: UUID
) -> tuple[PersonRow, ContactMethodRow]:
    row = await lookup.require(session, PersonRow, reference)
    method = await session.get(ContactMethodRow, method_id)
    if method is None or method.person_id != row.id:
        raise NotFound(f"{row.name} has no such contact method.")
    return row, method


def own_or_admin(row: PersonRow, who: Principal) -> None:
    """``Forbidden`` unless it is the person themself or an administrator."""
    if who.role.includes(Role.ADMIN) or (who.kind == "person" and who.id == str(row.id)):
        return
    raise Forbidden("Contact methods are changed by their person, or by an administrator.")


async def _keep_an_administrator(session: AsyncSession, *, losing: UUID) -> None:
    administrators = await store.administrators(session)
    if [row.id for row in administrators] == [losing]:
        raise Conflict(
            "This is the only person who can sign in and administer. Make somebody else an admin "
            "with a login and a password first."
        )
