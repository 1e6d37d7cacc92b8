"""Reading what a URL says, with a field error for whatever makes no sense."""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from litestar.params import PathParameter, QueryParameter
from pydantic import TypeAdapter, ValidationError

from incident_management.references import Reference, parse_reference
from shared import zones
from shared.contracts.wire import Instant
from shared.errors import FieldError, Invalid, NotFound
from shared.zones import UnknownZoneError

Choice = TypeVar("Choice", bound=StrEnum)

IncidentPath = Annotated[
    str, PathParameter(description="id of the incident, or its number: 42, INC-42", max_length=64)
]
Many = Annotated[
    list[str] | None, QueryParameter(description="several: repeat it, or separate by commas")
]
When = Annotated[str | None, QueryParameter(description="ISO 8601 instant with a zone")]

NOBODY = "none"
"""What stands for a person where there is none."""

_INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)


def reference(text: str) -> Reference:
    """The incident a path names.

    Raises:
        NotFound: it can name none.
    """
    parsed = parse_reference(text)
    if parsed is None:
        raise NotFound("An incident is named by its id or its number, like INC-42.")
    return parsed


def words(field: str, values: list[str] | None) -> list[str]:
    """The values of a parameter that may be repeated or hold several, without empty ones."""
    parts = (part.strip() for value in values or [] for part in value.split(","))
    return [storable(field, part) for part in parts if part]


def choices(field: str, values: list[str] | None, among: type[Choice]) -> list[Choice]:
    """The members that a parameter names.

    Raises:
        Invalid: one of them does not exist; the message lists those that do.
    """
    chosen = []
    for word in words(field, values):
        try:
            chosen.append(among(word))
        except ValueError:
            known = ", ".join(among)
            raise Invalid([FieldError(field, f"'{word}' is none of {known}")]) from None
    return chosen


def storable(field: str, text: str) -> str:
    """Text that PostgreSQL can compare with.

    Raises:
        Invalid: it holds a NUL character, or is far too long to be meant.
    """
    if "\x00" in text or len(text) > 500:
        raise Invalid([FieldError(field, "must be at most 500 characters without NUL")])
    return text


def instant(field: str, text: str | None) -> datetime | None:
    """An instant; None without one.

    Raises:
        Invalid: it has no zone, or is no instant.
    """
    if text is None:
        return None
    try:
        # A plus sign that was not escaped arrives as a space.
        return _INSTANT.validate_python(text.replace(" ", "+")).astimezone(UTC)
    except ValidationError as error:
        raise Invalid([FieldError(field, _sentences(error.errors()))]) from None


def zone(field: str, text: str) -> ZoneInfo:
    """A time zone by its name.

    Raises:
        Invalid: there is none of this name.
    """
    try:
        return zones.zone(text)
    except UnknownZoneError as error:
        raise Invalid([FieldError(field, str(error))]) from None


def person(field: str, text: str | None) -> UUID | None:
    """A person's id; None without one, or where nobody is asked for.

    Raises:
        Invalid: it is no id.
    """
    if text is None or text == NOBODY:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise Invalid([FieldError(field, "must be the id of a person, or none")]) from None


def _sentences(errors: Iterable[object]) -> str:
    messages = [str(error["msg"]) for error in errors if isinstance(error, dict)]
    return "; ".join(messages) or "is no instant"
