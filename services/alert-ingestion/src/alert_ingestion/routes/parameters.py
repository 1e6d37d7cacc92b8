"""What handlers ask for: from the URL, and from the service (app.create_app provides it)."""

from typing import Annotated, Final, TypeAlias
from uuid import UUID

from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter, SkipValidation

from alert_ingestion.model import Policy
from alert_ingestion.workflow.ingest import Ingestion
from shared.clock import Clock
from shared.database import Database
from shared.errors import FieldError, Invalid

TheDatabase: TypeAlias = NamedDependency[Database]
TheClock: TypeAlias = NamedDependency[SkipValidation[Clock]]
ThePolicy: TypeAlias = NamedDependency[Policy]
TheIngestion: TypeAlias = NamedDependency[SkipValidation[Ingestion]]

DEFAULT_LIMIT: Final = 50
Id: TypeAlias = FromPath[UUID]
Limit = Annotated[int, QueryParameter(ge=1, le=200, description="rows of one page")]
Cursor = Annotated[str | None, QueryParameter(description="`next_cursor` of the page before")]


def position(cursor: str | None) -> UUID | None:
    """The id after which a page begins; None for the first page.

    Raises:
        Invalid: it is not one that a list has answered.
    """
    try:
        return None if cursor is None else UUID(cursor)
    except ValueError:
        raise Invalid(
            [FieldError("cursor", "is not one that this list has answered as next_cursor")]
        ) from None


def text(field: str, value: str | None) -> str | None:
    """Text that PostgreSQL can compare with.

    Raises:
        Invalid: it holds a NUL character.
    """
    if value is not None and "\x00" in value:
        raise Invalid([FieldError(field, "must not contain a NUL character")])
    return value
