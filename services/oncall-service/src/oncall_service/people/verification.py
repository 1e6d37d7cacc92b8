"""Use case: a contact method leads where it should, for somebody has typed in what it was sent."""

from datetime import timedelta
from uuid import UUID

from oncall_service.core.audit import note
from oncall_service.core.core import Core, changing
from oncall_service.notifications.work import MessageWork
from oncall_service.people import codes, store
from oncall_service.people.methods import method_of, own_or_admin
from oncall_service.people.shapes import ContactMethodView
from oncall_service.tables import CodeRow
from shared.contracts.identity import Principal
from shared.errors import Conflict, FieldError, Invalid
from shared.work import in_session

# Nobody's telephone is made to ring by others.
PAUSE = timedelta(minutes=1)


async def send(core: Core, reference: str, method_id: UUID, who: Principal) -> ContactMethodView:
    """Send a new code; the one before counts no more.

    Raises:
        Conflict: it is verified already, or was sent a code within the last minute.
    """
    now = core.clock.now()
    async with in_session(core.database, lambda session: MessageWork(session, now)) as work:
        person, method = await method_of(work.session, reference, method_id)
        own_or_admin(person, who)
        if method.verified_at is not None:
            raise Conflict("This contact method is verified.")
        before = await work.session.get(CodeRow, method.id)
        if before is not None and now < before.sent_at + PAUSE:
            raise Conflict("It was sent a code just now: wait a minute before you ask for another.")
        await codes.owe(work, person, method)
        return store.method_view(method)


async def confirm(
    core: Core, reference: str, method_id: UUID, code: str, who: Principal
) -> ContactMethodView:
    """The code was typed in: the method may be used from now on.

    Raises:
        Invalid: it is another one, it is too old, or too many were tried.
    """
    async with changing(core) as session:
        person, method = await method_of(session, reference, method_id)
        own_or_admin(person, who)
        if method.verified_at is not None:
            return store.method_view(method)
        right = await codes.take(session, method, code, core.clock.now())
        if right:
            before = await store.view(session, person)
            method.verified_at, method.verified_by = core.clock.now(), ""
            await session.flush()
            after = await store.view(session, person)
            action = "person.contact_method_verified"
            await note(core, session, who, action, before=before, after=after)
        view = store.method_view(method)
    # After the commit, so that the guess is counted.
    if not right:
        raise Invalid([FieldError("code", "is not the code that was sent last, or is too old")])
    return view
