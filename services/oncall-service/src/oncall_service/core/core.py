"""What every use case works with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from psycopg import errors
from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.passwords import Passwords
from oncall_service.settings import OncallSettings
from shared.clock import Clock
from shared.database import Database
from shared.errors import Conflict

_TAKEN = {
    "people_name": "Another person has this name.",
    "people_login": "Another person signs in with this login.",
    "teams_name": "Another team has this name.",
    "services_name": "The directory has an entry with this name.",
    "schedules_name": "Another schedule has this name.",
    "schedules_team": "The team has a schedule already: add layers to it.",
    "policies_name": "Another policy has this name.",
}


@dataclass(frozen=True)
class Core:
    """The collaborators of the use cases; made once, by ``create_app``."""

    settings: OncallSettings
    clock: Clock
    database: Database
    passwords: Passwords


@asynccontextmanager
async def changing(core: Core) -> AsyncIterator[AsyncSession]:
    """A session in one transaction, in which a broken rule of the database is a ``Conflict``."""
    try:
        async with core.database.session() as session:
            yield session
    except IntegrityError as error:
        raise _conflict(error) from error


def _conflict(error: IntegrityError) -> Conflict:
    cause = error.orig
    name = cause.diag.constraint_name if isinstance(cause, errors.Error) else None
    if name in _TAKEN:
        return Conflict(_TAKEN[name])
    return Conflict(
        "Something this refers to, or that refers to this, was changed at the same moment. "
        "Look again and repeat the request."
    )
