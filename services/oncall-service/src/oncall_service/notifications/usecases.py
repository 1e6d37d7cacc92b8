"""Use cases: trying a contact method, and looking at what was sent."""

from uuid import UUID

from sqlmodel import col, select

from oncall_service.core.core import Core
from oncall_service.core.store import lookup
from oncall_service.notifications import messages, store
from oncall_service.paging.runs import Runs
from oncall_service.people.shapes import Channel
from oncall_service.people.store import shown
from oncall_service.people.usecases import own_or_admin
from oncall_service.policies.shapes import NotificationView
from oncall_service.tables import ContactMethodRow, NotificationRow, PersonRow
from shared.contracts.identity import Principal
from shared.contracts.wire import Page
from shared.errors import NotFound
from shared.identifiers import new_id
from shared.urgency import Occasion


async def send_trial(
    core: Core, reference: str, method_id: UUID, who: Principal
) -> NotificationView:
    """Owe a test message to a contact method; the notification's attempts say what became of it."""
    now = core.clock.now()
    async with core.database.session() as session:
        person = await lookup.require(session, PersonRow, reference)
        own_or_admin(person, who)
        method = await session.get(ContactMethodRow, method_id)
        if method is None or method.person_id != person.id:
            raise NotFound(f"{person.name} has no such contact method.")
        identifier = new_id()
        row = NotificationRow(
            id=identifier,
            idempotency_key=f"test:{identifier}",
            kind=store.TRIAL,
            person_id=person.id,
            person_name=person.name,
            contact_method_id=method.id,
            channel=method.channel,
            shown_target=shown(Channel(method.channel), method.target),
            reason="test_requested",
            message=messages.stored(messages.trial(person.name, core.settings.web_ui_url)),
            outcome=store.PENDING,
            outcome_detail="",
            urgency=int(Occasion.RECORD),
            created_at=now,
            next_attempt_at=now,
        )
        session.add(row)
        await session.flush()
        view = (await store.views(session, [row]))[0]
        runs = Runs(session, now, core.settings.web_ui_url)
        runs.owe_message()
        await runs.settle()
        return view


async def listed(
    core: Core,
    *,
    incident_id: UUID | None,
    person: str | None,
    outcome: str | None,
    limit: int,
    cursor: str | None,
    inside: bool,
) -> Page[NotificationView]:
    """Notifications, newest first; ``inside``: with what only administrators may read."""
    statement = select(NotificationRow).order_by(col(NotificationRow.id).desc()).limit(limit + 1)
    async with core.database.session() as session:
        if incident_id is not None:
            statement = statement.where(NotificationRow.incident_id == incident_id)
        if person is not None:
            found = await lookup.refer(session, PersonRow, person, "person")
            statement = statement.where(NotificationRow.person_id == found.id)
        if outcome is not None:
            statement = statement.where(NotificationRow.outcome == outcome)
        if cursor is not None:
            statement = statement.where(NotificationRow.id < lookup.id_cursor(cursor))
        rows = list((await session.exec(statement)).all())
        items = await store.views(session, rows[:limit], inside=inside)
    more = len(rows) > limit
    return Page(items=items, next_cursor=str(rows[limit - 1].id) if more else None)
