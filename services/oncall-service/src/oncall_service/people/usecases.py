"""Use cases: people."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.audit import note, note_act
from oncall_service.core.core import Core, changing
from oncall_service.core.hours import HoursModel
from oncall_service.core.store import lookup
from oncall_service.people import methods, store
from oncall_service.people.shapes import (
    PersonCreate,
    PersonUpdate,
    PersonView,
)
from oncall_service.settings import OncallSettings
from oncall_service.tables import PersonRow
from shared.contracts.identity import Principal, Role
from shared.contracts.wire import Page
from shared.errors import Conflict, NotFound
from shared.identifiers import new_id
from shared.nulls import refuse_nulls

HOURS_FIELDS = ("working_hours", "quiet_hours")
OTHER_FIELDS = (
    "name",
    "login",
    "email",
    "role",
    "time_zone",
    "language",
    "clock",
    "status_updates",
)


async def create(core: Core, command: PersonCreate, who: Principal) -> PersonView:
    """Add a person; ``Conflict`` if the name or login is taken."""
    hashed = await _hashed(core, command)
    now = core.clock.now()
    async with changing(core) as session:
        row = await _add(session, command, hashed, now, settings=core.settings)
        view = await store.view(session, row)
        await note(core, session, who, "person.created", after=view)
        return view


async def put(
    core: Core, reference: str, command: PersonCreate, who: Principal
) -> tuple[PersonView, bool]:
    """Make the person be as described, and whether they are new."""
    hashed = await _hashed(core, command)
    now = core.clock.now()
    settings = core.settings
    async with changing(core) as session:
        row = await lookup.find(session, PersonRow, reference)
        if row is None:
            names = {command.name.lower(), (command.login or command.name).lower()}
            if reference.lower() not in names:
                raise NotFound(f"There is no person '{reference}'.")
            row = await _add(session, command, hashed, now, settings=settings)
            view = await store.view(session, row)
            await note(core, session, who, "person.created", after=view)
            return view, True
        return await _change(core, session, row, command, hashed=hashed, who=who), False


async def update(core: Core, reference: str, command: PersonUpdate, who: Principal) -> PersonView:
    """Change the given fields."""
    refuse_nulls(command, "name", "role", "time_zone", "status_updates", "contact_methods")
    hashed = await _hashed(core, command)
    async with changing(core) as session:
        row = await lookup.require(session, PersonRow, reference)
        return await _change(core, session, row, command, hashed=hashed, who=who)


async def get(core: Core, reference: str) -> PersonView:
    """One person."""
    async with core.database.session() as session:
        row = await lookup.get(session, PersonRow, reference)
        return await store.view(session, row)


async def listed(core: Core, *, limit: int, cursor: str | None) -> Page[PersonView]:
    """People in the order of their names."""
    async with core.database.session() as session:
        rows, following = await lookup.page(session, PersonRow, limit=limit, cursor=cursor)
        return Page(items=await store.views(session, rows), next_cursor=following)


async def remove(core: Core, reference: str, who: Principal) -> None:
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
        before = await store.view(session, row)
        await note(core, session, who, "person.deleted", before=before)
        await session.delete(row)


async def _change(
    core: Core,
    session: AsyncSession,
    row: PersonRow,
    command: PersonCreate | PersonUpdate,
    *,
    hashed: str | None,
    who: Principal,
) -> PersonView:
    before = await store.view(session, row)
    await _apply(session, row, command, hashed, core.clock.now(), settings=core.settings)
    view = await store.view(session, row)
    await note(core, session, who, "person.changed", before=before, after=view)
    if hashed is not None:
        await note_act(core, session, who, "person.password_set", subject=row.id)
    return view


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
    settings: OncallSettings,
) -> PersonRow:
    row = PersonRow(
        id=new_id(),
        name=command.name,
        login=command.login,
        email=command.email,
        role=command.role,
        password_hash=hashed,
        time_zone=command.time_zone,
        language=command.language,
        clock=command.clock,
        working_hours=stored_hours(command.working_hours),
        quiet_hours=stored_hours(command.quiet_hours),
        status_updates=command.status_updates,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    await methods.replace(session, row, command.contact_methods, now, settings=settings)
    return row


async def _apply(
    session: AsyncSession,
    row: PersonRow,
    command: PersonCreate | PersonUpdate,
    hashed: str | None,
    now: datetime,
    *,
    settings: OncallSettings,
) -> None:
    given = command.model_fields_set
    keeps_role = "role" not in given or command.role is Role.ADMIN
    if not keeps_role or ("login" in given and command.login is None):
        await _keep_an_administrator(session, losing=row.id)
    for field in OTHER_FIELDS:
        if field in given:
            setattr(row, field, getattr(command, field))
    for field in HOURS_FIELDS:
        if field in given:
            setattr(row, field, stored_hours(getattr(command, field)))
    if hashed is not None:
        row.password_hash = hashed
        await store.end_sessions(session, row.id)
    if command.contact_methods is not None and "contact_methods" in given:
        await methods.replace(session, row, command.contact_methods, now, settings=settings)
    session.add(row)
    await session.flush()


def stored_hours(hours: Sequence[HoursModel] | None) -> list[dict[str, Any]] | None:
    """Weekly hours as they are stored; None for none."""
    return [each.model_dump(mode="json") for each in hours] if hours else None


async def _keep_an_administrator(session: AsyncSession, *, losing: UUID) -> None:
    administrators = await store.administrators(session)
    if [row.id for row in administrators] == [losing]:
        raise Conflict(
            "This is the only person who can sign in and administer. Make somebody else an admin "
            "with a login and a password first."
        )
