"""Calendars to subscribe to, as the API takes and shows them."""

from typing import Self

from pydantic import model_validator

from oncall_service.core.fields import Reference
from shared.contracts.wire import Command


class FeedCreate(Command):
    """The calendar of a person or of a schedule; of neither: the caller's own."""

    person: Reference | None = None
    schedule: Reference | None = None

    @model_validator(mode="after")
    def _of_one(self) -> Self:
        if self.person is not None and self.schedule is not None:
            raise ValueError("a calendar is of a person or of a schedule, not of both")
        return self
