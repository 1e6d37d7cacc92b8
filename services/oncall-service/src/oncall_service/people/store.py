"""People and contact methods in the database."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.hours import HoursModel
from oncall_service.notifications.channels import registry
from oncall_service.notifications.channels.log import LogChannel
from oncall_service.notifications.channels.registry import ChannelName
from oncall_service.people.shapes import ContactMethodView, PersonView, RuleView
from oncall_service.tables import (
    ContactMethodRow,
    EraRow,
    LayerRow,
    MemberRow,
    OverrideRow,
    ParticipantRow,
    PersonRow,
    PolicyRow,
    PolicyTargetRow,
    RuleRow,
    ScheduleRow,
    SessionRow,
)
from shared.contracts.identity import Role
from shared.contracts.wire import Severity
from shared.identifiers import new_id

# The name of the person an installation begins with.
ADMINISTRATOR = "Administrator"


async def methods_of(session: AsyncSession, person_id: UUID) -> list[ContactMethodRow]:
    """A person's contact methods, oldest first."""
    statement = (
        select(ContactMethodRow)
        .where(ContactMethodRow.person_id == person_id)
        .order_by(col(ContactMethodRow.id))
    )
    return list((await session.exec(statement)).all())


async def methods_by_ids(session: AsyncSession, ids: Collection[UUID]) -> list[ContactMethodRow]:
    """Contact methods; those that do not exist are left out."""
    statement = select(ContactMethodRow).where(col(ContactMethodRow.id).in_(ids))
    return list((await session.exec(statement.order_by(col(ContactMethodRow.id)))).all())


async def enabled_methods(
    session: AsyncSession, people: Sequence[UUID]
) -> dict[UUID, list[ContactMethodRow]]:
    """The contact methods to use, oldest first: they are switched on, and verified."""
    found: defaultdict[UUID, list[ContactMethodRow]] = defaultdict(list)
    statement = (
        select(ContactMethodRow)
        .where(
            col(ContactMethodRow.person_id).in_(people),
            col(ContactMethodRow.enabled),
            col(ContactMethodRow.verified_at).is_not(None),
        )
        .order_by(col(ContactMethodRow.id))
    )
    for method in await session.exec(statement):
        if method.person_id is not None:
            found[method.person_id].append(method)
    return found


async def rules_of(session: AsyncSession, people: Collection[UUID]) -> dict[UUID, list[RuleRow]]:
    """The notification rules of people, in their order."""
    found: defaultdict[UUID, list[RuleRow]] = defaultdict(list)
    statement = (
        select(RuleRow).where(col(RuleRow.person_id).in_(people)).order_by(col(RuleRow.position))
    )
    for rule in await session.exec(statement):
        found[rule.person_id].append(rule)
    return found


async def reachable(session: AsyncSession, people: Collection[UUID]) -> frozenset[UUID]:
    """Those of these people who have a contact method to use."""
    if not people:
        return frozenset()
    statement = (
        select(ContactMethodRow.person_id)
        .where(
            col(ContactMethodRow.person_id).in_(people),
            col(ContactMethodRow.enabled),
            col(ContactMethodRow.verified_at).is_not(None),
        )
        .distinct()
    )
    return frozenset(one for one in await session.exec(statement) if one is not None)


async def by_ids(session: AsyncSession, ids: Collection[UUID]) -> list[PersonRow]:
    """People; whoever does not exist is left out."""
    return list(await session.exec(select(PersonRow).where(col(PersonRow.id).in_(ids))))


async def first(session: AsyncSession, limit: int) -> list[tuple[UUID, str]]:
    """Id and name of the first people in the order of their names."""
    statement = select(PersonRow.id, PersonRow.name).order_by(PersonRow.name).limit(limit)
    return list((await session.exec(statement)).all())


async def administering(session: AsyncSession) -> tuple[UUID, ...]:
    """Everybody who has the role, whether they can sign in or not."""
    statement = select(PersonRow.id).where(PersonRow.role == Role.ADMIN)
    return tuple(await session.exec(statement.order_by(col(PersonRow.id))))


async def views(session: AsyncSession, rows: Sequence[PersonRow]) -> list[PersonView]:
    """People as the API shows them."""
    methods: defaultdict[UUID, list[ContactMethodRow]] = defaultdict(list)
    statement = (
        select(ContactMethodRow)
        .where(col(ContactMethodRow.person_id).in_([row.id for row in rows]))
        .order_by(col(ContactMethodRow.id))
    )
    for method in await session.exec(statement):
        if method.person_id is not None:
            methods[method.person_id].append(method)
    rules = await rules_of(session, [row.id for row in rows])
    return [
        PersonView(
            id=row.id,
            name=row.name,
            login=row.login,
            email=row.email,
            role=Role(row.role),
            time_zone=row.time_zone,
            language=row.language,
            clock=row.clock,
            working_hours=(
                [HoursModel.model_validate(hours) for hours in row.working_hours]
                if row.working_hours is not None
                else None
            ),
            quiet_hours=(
                [HoursModel.model_validate(hours) for hours in row.quiet_hours]
                if row.quiet_hours is not None
                else None
            ),
            status_updates=row.status_updates,
            can_sign_in=row.login is not None and row.password_hash is not None,
            contact_methods=[method_view(method) for method in methods[row.id]],
            notification_rules=[
                RuleView(
                    contact_method_id=rule.contact_method_id,
                    delay_minutes=rule.delay_minutes,
                    severities=(
                        [Severity(one) for one in rule.severities] if rule.severities else None
                    ),
                )
                for rule in rules.get(row.id, ())
            ],
            created_at=row.created_at,
        )
        for row in rows
    ]


async def view(session: AsyncSession, row: PersonRow) -> PersonView:
    """One person as the API shows them."""
    return (await views(session, [row]))[0]


def method_view(method: ContactMethodRow, *, secret: str | None = None) -> ContactMethodView:
    """A contact method; ``secret`` only right after it was made."""
    return ContactMethodView(
        id=method.id,
        channel=ChannelName(method.channel),
        target=registry.shown(method.channel, method.target),
        enabled=method.enabled,
        verified_at=method.verified_at,
        verified_by=method.verified_by or None,
        secret=secret,
    )


async def add_administrator(
    session: AsyncSession, name: str, login: str, now: datetime
) -> PersonRow:
    """Somebody who administers this installation, reached through the log; without a password."""
    person = PersonRow(
        id=new_id(), name=name, login=login, role=Role.ADMIN, time_zone="UTC", created_at=now
    )
    session.add(person)
    await session.flush()
    session.add(
        ContactMethodRow(
            id=new_id(),
            person_id=person.id,
            channel=LogChannel.name,
            target="",
            verified_at=now,
            verified_by="",
            created_at=now,
        )
    )
    return person


async def administrators(session: AsyncSession) -> list[PersonRow]:
    """Everybody who can sign in and administer, locked so that two changes cannot leave nobody."""
    statement = (
        select(PersonRow)
        .where(
            PersonRow.role == Role.ADMIN,
            col(PersonRow.login).is_not(None),
            col(PersonRow.password_hash).is_not(None),
        )
        .order_by(col(PersonRow.id))
        .with_for_update()
    )
    return list((await session.exec(statement)).all())


async def uses(session: AsyncSession, person: UUID, now: datetime) -> list[str]:
    """Where a person is needed: a sentence part for each place."""
    layers = await session.exec(
        select(LayerRow.name, ScheduleRow.name)
        .join(ScheduleRow, col(ScheduleRow.id) == LayerRow.schedule_id)
        .join(ParticipantRow, col(ParticipantRow.layer_id) == LayerRow.id)
        .where(ParticipantRow.person_id == person)
        .distinct()
    )
    steps = await session.exec(
        select(PolicyRow.name, PolicyTargetRow.position)
        .join(PolicyTargetRow, col(PolicyTargetRow.policy_id) == PolicyRow.id)
        .where(PolicyTargetRow.person_id == person)
        .distinct()
    )
    fallbacks = await session.exec(select(PolicyRow.name).where(PolicyRow.fallback_id == person))
    overrides = await session.exec(
        select(ScheduleRow.name)
        .join(OverrideRow, col(OverrideRow.schedule_id) == ScheduleRow.id)
        .where(OverrideRow.person_id == person, OverrideRow.ends_at > now)
        .distinct()
    )
    # What layers that were changed are until the next hand-off.
    eras = await session.exec(
        select(ScheduleRow.name, EraRow.valid_until)
        .join(EraRow, col(EraRow.schedule_id) == ScheduleRow.id)
        .where(
            col(EraRow.valid_until) > now,
            col(EraRow.layers).contains([{"participants": [{"id": str(person)}]}]),
        )
    )
    return [
        *(f"layer '{layer}' of schedule '{schedule}'" for layer, schedule in layers),
        *(f"schedule '{name}' until {until:%Y-%m-%d %H:%M} UTC" for name, until in eras),
        *(f"step {position + 1} of policy '{policy}'" for policy, position in steps),
        *(f"fallback of policy '{policy}'" for policy in fallbacks),
        *(f"an override of schedule '{schedule}'" for schedule in overrides),
    ]


async def replace_rules(session: AsyncSession, person: UUID, rules: Sequence[RuleRow]) -> None:
    """Make these a person's notification rules."""
    await session.exec(delete(RuleRow).where(col(RuleRow.person_id) == person))
    session.add_all(rules)
    await session.flush()


async def forget_past_overrides(session: AsyncSession, person: UUID) -> None:
    """Remove what is left of somebody in the calendar's past."""
    await session.exec(delete(OverrideRow).where(col(OverrideRow.person_id) == person))


async def leave_teams(session: AsyncSession, person: UUID) -> None:
    """Take somebody out of every team."""
    await session.exec(delete(MemberRow).where(col(MemberRow.person_id) == person))


async def end_sessions(session: AsyncSession, person: UUID) -> None:
    """Sign somebody out everywhere."""
    await session.exec(delete(SessionRow).where(col(SessionRow.person_id) == person))


async def by_login(session: AsyncSession, login: str) -> PersonRow | None:
    """Who signs in with this."""
    statement = select(PersonRow).where(func.lower(PersonRow.login) == func.lower(login))
    return (await session.exec(statement)).first()


async def free_name(session: AsyncSession, wanted: str) -> str:
    """The name, with a number where somebody has it already."""
    taken = set(
        (
            await session.exec(
                select(func.lower(PersonRow.name)).where(
                    func.lower(PersonRow.name).startswith(wanted.lower(), autoescape=True)
                )
            )
        ).all()
    )
    name, number = wanted, 1
    while name.lower() in taken:
        number += 1
        name = f"{wanted} {number}"
    return name
