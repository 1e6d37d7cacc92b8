"""Use cases: the ways to reach a person."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.audit import note
from oncall_service.core.core import Core, changing
from oncall_service.core.store import lookup
from oncall_service.notifications import usecases as notifications
from oncall_service.notifications.channels import registry
from oncall_service.notifications.sealing import Sealer
from oncall_service.notifications.work import MessageWork
from oncall_service.people import codes, store
from oncall_service.people.shapes import (
    MOST_METHODS,
    ContactMethodCreate,
    ContactMethodUpdate,
    ContactMethodView,
)
from oncall_service.settings import OncallSettings
from oncall_service.tables import ContactMethodRow, PersonRow
from shared.contracts.identity import Principal, Role
from shared.contracts.oncall_api import NotificationView
from shared.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from shared.identifiers import new_id
from shared.words.catalogues import Say
from shared.work import in_session


async def add(
    core: Core, reference: str, command: ContactMethodCreate, who: Principal
) -> ContactMethodView:
    """Add a contact method: one's own, or anybody's for an administrator.

    One that nobody vouches for is sent a code.
    """
    now, settings = core.clock.now(), core.settings
    async with in_session(core.database, lambda session: MessageWork(session, now)) as work:
        row = await lookup.require(work.session, PersonRow, reference)
        own_or_admin(row, who)
        if len(await store.methods_of(work.session, row.id)) >= MOST_METHODS:
            raise Conflict(
                f"{row.name} has {MOST_METHODS} contact methods, the most there may be: remove one."
            )
        admin = who.role.includes(Role.ADMIN)
        vouched_by = who.name if admin else None
        before = await store.view(work.session, row)
        method = _new_method(row, command, now, "target", vouched_by, settings=settings)
        work.session.add(method)
        await work.session.flush()
        after = await store.view(work.session, row)
        action = "person.contact_method_added"
        await note(core, work.session, who, action, before=before, after=after)
        if method.verified_at is None:
            await codes.owe(work, row, method)
        secret = Sealer.of(settings).opened(method.secret) if method.secret else None
        return store.method_view(method, secret=secret)


async def update(
    core: Core, reference: str, method_id: UUID, command: ContactMethodUpdate, who: Principal
) -> ContactMethodView:
    """Switch a contact method on or off."""
    async with changing(core) as session:
        row, method = await method_of(session, reference, method_id)
        own_or_admin(row, who)
        before = await store.view(session, row)
        method.enabled = command.enabled
        await session.flush()
        after = await store.view(session, row)
        action = "person.contact_method_changed"
        await note(core, session, who, action, before=before, after=after)
        return store.method_view(method)


async def remove(core: Core, reference: str, method_id: UUID, who: Principal) -> None:
    """Remove a contact method; what is still to be sent through it fails, and says so."""
    async with changing(core) as session:
        row, method = await method_of(session, reference, method_id)
        own_or_admin(row, who)
        before = await store.view(session, row)
        await session.delete(method)
        await session.flush()
        after = await store.view(session, row)
        action = "person.contact_method_removed"
        await note(core, session, who, action, before=before, after=after)


async def send_trial(
    core: Core, words: Say, reference: str, method_id: UUID, who: Principal
) -> NotificationView:
    """Owe a test message to a contact method; the notification's attempts say what became of it."""
    now = core.clock.now()
    async with in_session(core.database, lambda session: MessageWork(session, now)) as work:
        row = await lookup.require(work.session, PersonRow, reference)
        own_or_admin(row, who)
        method = await _of_person(work.session, row, method_id)
        return await notifications.send_trial(work, words, row, method)


async def replace(
    session: AsyncSession,
    row: PersonRow,
    wanted: Sequence[ContactMethodCreate],
    now: datetime,
    *,
    settings: OncallSettings,
) -> None:
    """Keep what is asked for again, with its secret: receivers know it."""
    sealer = Sealer.of(settings)
    left = {
        (method.channel, sealer.comparable(method.target)): method
        for method in await store.methods_of(session, row.id)
    }
    for index, command in enumerate(wanted):
        field = f"contact_methods.{index}.target"
        # Only administrators write a whole person; they vouch for what they write.
        fresh = _new_method(row, command, now, field, "", settings=settings)
        kept = left.pop((fresh.channel, sealer.opened(fresh.target)), None)
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
    vouched_by: str | None,
    *,
    settings: OncallSettings,
) -> ContactMethodRow:
    channel = registry.of(command.channel)
    try:
        target = channel.address(command.target, email=row.email, settings=settings)
    except ValueError as error:
        raise Invalid([FieldError(field, str(error))]) from None
    vouched = vouched_by is not None and command.verified is not False
    is_verified = vouched or not channel.verifies
    sealer = Sealer.of(settings)
    secret = command.secret.get_secret_value() if command.secret else None
    if secret is None and channel.signs:
        secret = secrets.token_urlsafe(32)
    return ContactMethodRow(
        id=new_id(),
        person_id=row.id,
        channel=command.channel,
        target=sealer.target(channel, target),
        secret=sealer.secret(secret) if secret is not None else None,
        enabled=command.enabled,
        verified_at=now if is_verified else None,
        verified_by=vouched_by if is_verified else None,
        created_at=now,
    )


async def method_of(
    session: AsyncSession, reference: str, method_id: UUID
) -> tuple[PersonRow, ContactMethodRow]:
    """A person, and the contact method of theirs; else ``NotFound``."""
    row = await lookup.require(session, PersonRow, reference)
    return row, await _of_person(session, row, method_id)


async def _of_person(session: AsyncSession, row: PersonRow, method_id: UUID) -> ContactMethodRow:
    method = await session.get(ContactMethodRow, method_id)
    if method is None or method.person_id != row.id:
        raise NotFound(f"{row.name} has no such contact method.")
    return method


def own_or_admin(row: PersonRow, who: Principal) -> None:
    """``Forbidden`` unless it is the person themself or an administrator."""
    if who.role.includes(Role.ADMIN) or (who.kind == "person" and who.id == str(row.id)):
        return
    raise Forbidden("Contact methods are changed by their person, or by an administrator.")
