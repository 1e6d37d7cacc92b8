"""Use cases: trying a contact method, and looking at what was sent."""

from uuid import UUID

from oncall_service.core.core import Core
from oncall_service.core.store import lookup
from oncall_service.notifications import messages
from oncall_service.notifications.owed import asked_for
from oncall_service.notifications.shapes import PushKey
from oncall_service.notifications.store import rows as store
from oncall_service.notifications.work import MessageWork
from oncall_service.tables import ContactMethodRow, PersonRow
from shared.contracts.oncall_api import NotificationView
from shared.contracts.wire import Page, Ref
from shared.paging import Keyset
from shared.urgency import Occasion
from shared.words.catalogues import Say

_NOTIFICATIONS = Keyset("notifications", UUID)


async def send_trial(
    work: MessageWork, words: Say, person: PersonRow, method: ContactMethodRow
) -> NotificationView:
    """Owe a test message; the notification's attempts say what became of it."""
    row = asked_for(
        "test",
        messages.trial(),
        to=Ref(id=person.id, name=person.name),
        method=method,
        urgency=int(Occasion.RECORD),
        now=work.now,
    )
    work.session.add(row)
    await work.session.flush()
    work.owe_message()
    return (await store.views(work.session, [row], words))[0]


def push_key(core: Core) -> PushKey:
    """The public key of this installation, where it has one."""
    key = core.settings.vapid_key
    return PushKey(public_key=key.public if key else None)


async def listed(
    core: Core,
    *,
    incident_id: UUID | None,
    person: str | None,
    outcome: str | None,
    limit: int,
    cursor: str | None,
    inside: bool,
    words: Say,
) -> Page[NotificationView]:
    """Notifications, newest first; ``inside``: with what only administrators may read."""
    after = _NOTIFICATIONS.after(cursor)
    async with core.database.session() as session:
        of = None
        if person is not None:
            of = (await lookup.refer(session, PersonRow, person, "person")).id
        rows = await store.listed(
            session,
            incident=incident_id,
            person=of,
            outcome=outcome,
            before=after[0] if after else None,
            limit=limit + 1,
        )
        shown, following = _NOTIFICATIONS.cut(rows, limit, key=lambda row: (row.id,))
        items = await store.views(session, shown, words, inside=inside)
    return Page(items=items, next_cursor=following)
