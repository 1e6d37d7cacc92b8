"""Use cases: trying a contact method, and looking at what was sent."""

from uuid import UUID

from oncall_service.core.core import Core
from oncall_service.core.store import lookup
from oncall_service.notifications import messages
from oncall_service.notifications.ledger import Ledger
from oncall_service.notifications.owed import About, owed
from oncall_service.notifications.shapes import NotificationView
from oncall_service.notifications.store import rows as store
from oncall_service.tables import ContactMethodRow, PersonRow
from shared.contracts.wire import Page, Ref
from shared.identifiers import new_id
from shared.urgency import Occasion


async def send_trial(
    core: Core, ledger: Ledger, person: PersonRow, method: ContactMethodRow
) -> NotificationView:
    """Owe a test message; the notification's attempts say what became of it."""
    row = owed(
        messages.trial(person.name, core.settings.web_ui_url),
        to=Ref(id=person.id, name=person.name),
        method=method,
        key=f"test:{new_id()}",
        kind=store.TRIAL,
        reason="test_requested",
        urgency=int(Occasion.RECORD),
        now=ledger.now,
        at=ledger.now,
        about=About(),
    )
    ledger.session.add(row)
    await ledger.session.flush()
    ledger.owe_message()
    return (await store.views(ledger.session, [row]))[0]


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
    async with core.database.session() as session:
        of = None
        if person is not None:
            of = (await lookup.refer(session, PersonRow, person, "person")).id
        rows = await store.listed(
            session,
            incident=incident_id,
            person=of,
            outcome=outcome,
            before=lookup.id_cursor(cursor) if cursor is not None else None,
            limit=limit + 1,
        )
        items = await store.views(session, rows[:limit], inside=inside)
    more = len(rows) > limit
    return Page(items=items, next_cursor=str(rows[limit - 1].id) if more else None)
