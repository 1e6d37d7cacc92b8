"""Sessions, API tokens and attempts to sign in, in the database."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.tables import (
    PersonRow,
    SeedRow,
    SessionRow,
    SigninAttemptRow,
    SigninPlaceRow,
    TokenRow,
)
from shared.contracts.configuration import TokenView
from shared.contracts.identity import Principal, Reading, Role

# Of each kind, the places remembered of a person: laptop, phone, office, trains.
MOST_PLACES = 20
# When a session was last used is written so often, and no more: it is checked every few seconds.
SEEN_EVERY = timedelta(minutes=1)


async def principal_of(session: AsyncSession, token_hash: str, now: datetime) -> Principal | None:
    """Whose token or session this is, unless it is over."""
    tokens = select(TokenRow).where(
        TokenRow.token_hash == token_hash,
        col(TokenRow.revoked_at).is_(None),
        or_(col(TokenRow.expires_at).is_(None), col(TokenRow.expires_at) > now),
    )
    token = (await session.exec(tokens)).first()
    if token is not None:
        return Principal(kind="token", id=str(token.id), name=token.name, role=Role(token.role))
    people = (
        select(PersonRow, SessionRow.id, SessionRow.last_seen_at)
        .join(SessionRow, col(SessionRow.person_id) == PersonRow.id)
        .where(SessionRow.token_hash == token_hash, SessionRow.expires_at > now)
    )
    found = (await session.exec(people)).first()
    if found is None:
        return None
    person, session_id, seen = found
    if seen is None or now - seen >= SEEN_EVERY:
        await _see(session, session_id, now)
    return Principal(
        kind="person",
        id=str(person.id),
        name=person.name,
        role=Role(person.role),
        reading=Reading(language=person.language, time_zone=person.time_zone, clock=person.clock),
    )


async def _see(session: AsyncSession, session_id: UUID, now: datetime) -> None:
    # Where somebody else is about to write it, they will: nobody waits for this.
    mine = select(SessionRow.id).where(SessionRow.id == session_id)
    await session.exec(
        update(SessionRow)
        .where(col(SessionRow.id).in_(mine.with_for_update(skip_locked=True)))
        .values(last_seen_at=now)
    )


async def queue_up(session: AsyncSession, login: str, address: str) -> None:
    """Let attempts for one user, or from one address, come one after the other until the commit.

    Otherwise many at once would all see the count from before.
    """
    # Two lock classes, always in this order, so that no two attempts wait for each other.
    for kind, value in ((1, login), (2, address)):
        await session.exec(select(func.pg_advisory_xact_lock(kind, func.hashtext(value))))


async def attempts(
    session: AsyncSession, login: str, address: str, since: datetime
) -> Sequence[SigninAttemptRow]:
    """Failed attempts for the user or from the address, whichever place they were counted at."""
    statement = select(SigninAttemptRow).where(
        SigninAttemptRow.at > since,
        or_(SigninAttemptRow.login == login, SigninAttemptRow.address == address),
    )
    return (await session.exec(statement)).all()


async def forget_attempts(session: AsyncSession, login: str, address: str) -> None:
    """The user signed in from there: what failed before was a typing mistake."""
    await session.exec(
        delete(SigninAttemptRow).where(
            col(SigninAttemptRow.login) == login, col(SigninAttemptRow.address) == address
        )
    )


async def forget_all_attempts(session: AsyncSession) -> None:
    """Nobody has to wait for what failed before."""
    await session.exec(delete(SigninAttemptRow))


async def known_place(session: AsyncSession, login: str, places: Sequence[str]) -> str | None:
    """The first of these places from which the user has signed in before."""
    statement = (
        select(SigninPlaceRow.place)
        .join(PersonRow, col(PersonRow.id) == SigninPlaceRow.person_id)
        .where(func.lower(PersonRow.login) == login, col(SigninPlaceRow.place).in_(places))
    )
    known = set((await session.exec(statement)).all())
    return next((place for place in places if place in known), None)


async def remember_places(
    session: AsyncSession, person_id: UUID, places: Sequence[str], now: datetime
) -> None:
    """The person signed in from there; of each kind of place the latest are kept."""
    for place in sorted(places):
        kind, _, _ = place.partition(" ")
        made = insert(SigninPlaceRow).values(person_id=person_id, place=place, last_at=now)
        await session.exec(
            made.on_conflict_do_update(
                index_elements=["person_id", "place"], set_={"last_at": made.excluded.last_at}
            )
        )
        of_kind = (
            col(SigninPlaceRow.person_id) == person_id,
            col(SigninPlaceRow.place).startswith(f"{kind} ", autoescape=True),
        )
        latest = (
            select(SigninPlaceRow.place)
            .where(*of_kind)
            .order_by(col(SigninPlaceRow.last_at).desc(), SigninPlaceRow.place)
            .limit(MOST_PLACES)
        )
        await session.exec(
            delete(SigninPlaceRow).where(*of_kind, col(SigninPlaceRow.place).not_in(latest))
        )


async def end_session(session: AsyncSession, token_hash: str) -> None:
    """Forget one session."""
    await session.exec(delete(SessionRow).where(col(SessionRow.token_hash) == token_hash))


async def sessions_of(
    session: AsyncSession, person: UUID, now: datetime, *, before: UUID | None, limit: int
) -> list[SessionRow]:
    """A person's sessions that are not over, newest first."""
    statement = (
        select(SessionRow)
        .where(SessionRow.person_id == person, SessionRow.expires_at > now)
        .order_by(col(SessionRow.id).desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(SessionRow.id < before)
    return list((await session.exec(statement)).all())


async def end_own_session(session: AsyncSession, person: UUID, session_id: UUID) -> bool:
    """Forget one session of a person; whether there was one."""
    ended = await session.exec(
        delete(SessionRow).where(
            col(SessionRow.id) == session_id, col(SessionRow.person_id) == person
        )
    )
    return ended.rowcount > 0


async def end_other_sessions(session: AsyncSession, person: UUID, token_hash: str) -> None:
    """Forget the sessions of a person but for the one of this token."""
    await session.exec(
        delete(SessionRow).where(
            col(SessionRow.person_id) == person, col(SessionRow.token_hash) != token_hash
        )
    )


async def clean_up(
    session: AsyncSession, *, attempts_before: datetime, places_before: datetime, now: datetime
) -> None:
    """Remove what no longer has a meaning."""
    await session.exec(delete(SigninPlaceRow).where(col(SigninPlaceRow.last_at) <= places_before))
    await session.exec(delete(SessionRow).where(col(SessionRow.expires_at) <= now))
    await session.exec(delete(SigninAttemptRow).where(col(SigninAttemptRow.at) <= attempts_before))


def token_view(row: TokenRow) -> TokenView:
    """A token as the API shows it."""
    return TokenView(
        id=row.id,
        name=row.name,
        role=Role(row.role),
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )


async def tokens(session: AsyncSession, *, before: UUID | None, limit: int) -> list[TokenRow]:
    """Tokens, newest first, revoked ones included."""
    statement = select(TokenRow).order_by(col(TokenRow.id).desc()).limit(limit)
    if before is not None:
        statement = statement.where(TokenRow.id < before)
    return list((await session.exec(statement)).all())


async def seed(session: AsyncSession, name: str, now: datetime) -> bool:
    """Note that a part of the installation is seeded; False: it was before."""
    # Two replicas that start together: the second waits here, and finds it done.
    statement = (
        insert(SeedRow)
        .values(name=name, seeded_at=now)
        .on_conflict_do_nothing()
        .returning(col(SeedRow.name))
    )
    return (await session.exec(statement)).first() is not None
