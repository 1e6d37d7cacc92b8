"""What every wire type is built from: storable text, instants with a zone, severities."""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, StringConstraints

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)


def _storable(value: str) -> str:
    # PostgreSQL cannot store U+0000 in text, and a lone surrogate cannot be encoded as UTF-8.
    if "\x00" in value:
        raise ValueError("must not contain a NUL character")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("must be valid Unicode text") from None
    return value


def _plausible(value: datetime) -> datetime:
    try:
        instant = value.astimezone(UTC)
    except OverflowError:
        raise ValueError("is outside the calendar") from None
    if not EARLIEST <= instant < LATEST:
        raise ValueError("must lie between the years 2000 and 2099")
    return instant


Text = Annotated[str, AfterValidator(_storable)]
"""Text as a sender wrote it, storable in PostgreSQL."""

Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=500),
    AfterValidator(_storable),
]
"""A short, non-empty text: a name, a title."""

Instant = Annotated[AwareDatetime, AfterValidator(_plausible)]
"""A point in time with a zone, kept in UTC; naive and absurd values are refused."""


class Severity(StrEnum):
    """How bad it is, worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


_WORST_FIRST = list(Severity)


def rank(severity: Severity | str) -> int:
    """The place of a severity, the worst first: 0 is critical."""
    return _WORST_FIRST.index(Severity(severity))


def is_worse(severity: Severity, than: Severity) -> bool:
    """Whether ``severity`` is the graver one."""
    return rank(severity) < rank(than)


class Wire(BaseModel):
    """A message between services: frozen, and tolerant of fields a newer version added."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Command(BaseModel):
    """What a person or an automation asks for: an unknown field is a mistake, and is said."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Ref(Wire):
    """A thing of another service: its id, and the name it had when this was written."""

    id: UUID
    name: Text


Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    """One page of a list; ``next_cursor`` is null on the last one."""

    items: Sequence[Item]
    next_cursor: str | None = None


class Outcome(StrEnum):
    """What became of one event of a batch."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    IGNORED = "ignored"


class EventResult(Wire):
    """The answer to one event of a batch.

    ``incident_id`` is the incident that holds the event's subject afterwards, which can differ
    from the one the sender named (a recurrence that was already open, a merged incident).
    """

    event_id: UUID
    outcome: Outcome
    incident_id: UUID | None = None
    reason: str = ""


class EventResults(Wire):
    """One result an event, in the order of the request."""

    results: list[EventResult]
