"""Use cases: somebody's own sessions."""

from uuid import UUID

from oncall_service.access import store
from oncall_service.core.core import Core
from oncall_service.tables import SessionRow
from shared.auth import hash_token
from shared.contracts.identity import Principal
from shared.contracts.oncall_api import OwnSession
from shared.contracts.wire import Page
from shared.errors import Forbidden, NotFound
from shared.paging import Keyset

_SESSIONS = Keyset("sessions", UUID)


async def listed(
    core: Core, who: Principal, token: str, *, limit: int, cursor: str | None
) -> Page[OwnSession]:
    """The caller's sessions that are not over, newest first; the one of ``token`` is marked.

    Whoever did not sign in, with an API token say, has none.
    """
    if who.kind != "person":
        return Page(items=[])
    person, current = _person(who), hash_token(token)
    after = _SESSIONS.after(cursor)
    async with core.database.session() as session:
        rows = await store.sessions_of(
            session,
            person,
            core.clock.now(),
            before=after[0] if after else None,
            limit=limit + 1,
        )

    def show(row: SessionRow) -> OwnSession:
        return OwnSession(
            id=row.id,
            created_at=row.created_at,
            expires_at=row.expires_at,
            last_seen_at=row.last_seen_at,
            agent=row.agent,
            current=row.token_hash == current,
        )

    return _SESSIONS.page(rows, limit, key=lambda row: (row.id,), show=show)


async def end(core: Core, who: Principal, session_id: UUID) -> None:
    """End one of the caller's sessions; ``NotFound``: it is over, or somebody else's."""
    person = _person(who)
    async with core.database.session() as session:
        if not await store.end_own_session(session, person, session_id):
            raise NotFound(f"You have no session {session_id}.")


async def end_others(core: Core, who: Principal, token: str) -> None:
    """End every session of the caller but for the one of ``token``."""
    person = _person(who)
    async with core.database.session() as session:
        await store.end_other_sessions(session, person, hash_token(token))


def _person(who: Principal) -> UUID:
    if who.kind != "person":
        raise Forbidden("Only a person who signed in has sessions.")
    return UUID(who.id)
