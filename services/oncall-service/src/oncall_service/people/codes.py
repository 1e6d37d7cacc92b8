"""Codes that contact methods are sent, so that somebody types them in."""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.notifications import messages
from oncall_service.notifications.owed import asked_for
from oncall_service.notifications.work import MessageWork
from oncall_service.tables import CodeRow, ContactMethodRow, PersonRow
from shared.contracts.wire import Ref
from shared.urgency import Occasion

DIGITS = 6
VALID_FOR = timedelta(minutes=15)
# With six digits: one guess in two hundred thousand that gets through.
MOST_GUESSES = 5


async def owe(work: MessageWork, person: PersonRow, method: ContactMethodRow) -> None:
    """Owe a contact method a code of its own."""
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    await work.session.merge(
        CodeRow(
            contact_method_id=method.id,
            code_hash=_hash(method.id, code),
            attempts=0,
            sent_at=work.now,
            expires_at=work.now + VALID_FOR,
        )
    )
    work.session.add(
        asked_for(
            "verification",
            messages.verification(code),
            to=Ref(id=person.id, name=person.name),
            method=method,
            urgency=int(Occasion.FIRST_WORD),
            now=work.now,
        )
    )
    work.owe_message()


async def take(session: AsyncSession, method: ContactMethodRow, code: str, now: datetime) -> bool:
    """Whether this is the code that was sent last; each wrong guess counts, a right one is gone."""
    sent = await session.get(CodeRow, method.id, with_for_update=True)
    if sent is None or now >= sent.expires_at or sent.attempts >= MOST_GUESSES:
        return False
    if not hmac.compare_digest(sent.code_hash, _hash(method.id, "".join(code.split()))):
        sent.attempts += 1
        return False
    await session.delete(sent)
    return True


def _hash(method: UUID, code: str) -> str:
    return hashlib.sha256(f"{method}:{code}".encode()).hexdigest()
