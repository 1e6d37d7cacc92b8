"""The fairness report, as the API shows it."""

from datetime import datetime

from shared.contracts.wire import Ref, Text, Wire


class FairnessRow(Wire):
    """What being on call has cost one person.

    Pages are the times a step of an escalation reached them. Night is 22:00 to 07:00, weekend is
    Saturday and Sunday, in their own zone; the hours of both are those as primary. Out of hours is
    outside their working hours (without any: Monday to Friday, 9 to 18). ``holiday_pages`` is null
    without a country.
    """

    person: Ref
    pages: int
    night_pages: int
    weekend_pages: int
    out_of_hours_pages: int
    holiday_pages: int | None
    primary_hours: float
    secondary_hours: float
    night_hours: float
    weekend_hours: float


class FairnessView(Wire):
    """Who carried what from ``start`` until ``end``, by name; ``team`` null: of all teams."""

    start: datetime
    end: datetime
    team: Ref | None
    country: Text | None
    people: list[FairnessRow]
