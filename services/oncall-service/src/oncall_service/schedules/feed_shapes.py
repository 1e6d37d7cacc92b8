"""Calendars to subscribe to, as the API takes and shows them."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import model_validator

from oncall_service.core.fields import Reference
from shared.contracts.wire import Command, Ref, Text, Wire


class FeedCreate(Command):
    """The calendar of a person or of a schedule; of neither: the caller's own."""

    person: Reference | None = None
    schedule: Reference | None = None

    @model_validator(mode="after")
    def _of_one(self) -> Self:
        if self.person is not None and self.schedule is not None:
            raise ValueError("a calendar is of a person or of a schedule, not of both")
        return self


class FeedView(Wire):
    """A calendar to subscribe to; its address is shown only when it is made."""

    id: UUID
    person: Ref | None
    schedule: Ref | None
    created_by: Text
    created_at: datetime
    revoked_at: datetime | None


class FeedCreated(FeedView):
    """``path`` on this service is secret: whoever has it reads the calendar."""

    path: Text
