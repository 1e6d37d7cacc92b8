"""Use case: what somebody settles for themself, and an administrator for anybody."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.audit import note
from oncall_service.core.core import Core, changing
from oncall_service.core.store import lookup
from oncall_service.people import store
from oncall_service.people.methods import own_or_admin
from oncall_service.people.shapes import PersonView, PreferencesUpdate, RuleModel
from oncall_service.people.usecases import HOURS_FIELDS, stored_hours
from oncall_service.tables import PersonRow, RuleRow
from shared.contracts.identity import Principal
from shared.errors import FieldError, Invalid
from shared.identifiers import new_id
from shared.nulls import refuse_nulls


async def update(
    core: Core, reference: str, command: PreferencesUpdate, who: Principal
) -> PersonView:
    """Change the given fields.

    Raises:
        Invalid: a rule names a contact method that is not the person's.
        Forbidden: it is somebody else's, and the caller is no administrator.
    """
    refuse_nulls(command, "time_zone", "status_updates", "notification_rules")
    given = command.model_fields_set
    async with changing(core) as session:
        row = await lookup.require(session, PersonRow, reference)
        own_or_admin(row, who)
        before = await store.view(session, row)
        for field in ("time_zone", "language", "clock", "status_updates"):
            if field in given:
                setattr(row, field, getattr(command, field))
        for field in HOURS_FIELDS:
            if field in given:
                setattr(row, field, stored_hours(getattr(command, field)))
        if command.notification_rules is not None:
            await _replace(session, row.id, command.notification_rules)
        await session.flush()
        view = await store.view(session, row)
        await note(core, session, who, "person.changed", before=before, after=view)
        return view


async def _replace(session: AsyncSession, person: UUID, wanted: Sequence[RuleModel]) -> None:
    methods = {method.id for method in await store.methods_of(session, person)}
    errors = [
        FieldError(f"notification_rules.{place}.contact_method_id", "is none of the person's")
        for place, rule in enumerate(wanted)
        if rule.contact_method_id not in methods
    ]
    if errors:
        raise Invalid(errors)
    await store.replace_rules(
        session,
        person,
        [
            RuleRow(
                id=new_id(),
                person_id=person,
                severities=list(rule.severities) if rule.severities else None,
                position=place,
                contact_method_id=rule.contact_method_id,
                delay_minutes=rule.delay_minutes,
            )
            for place, rule in enumerate(wanted)
        ],
    )
