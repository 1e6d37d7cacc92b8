"""Stints of the calendar, and whom an event of somebody else's calendar is about."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

import pytest

from oncall_service.schedules.duties import stints, whole_stints
from oncall_service.schedules.ical_reading import Known, Occurrence, whose
from oncall_service.schedules.periods import days
from oncall_service.schedules.rotation import Rotation
from oncall_service.schedules.rules import Layer, Override, Schedule
from oncall_service.schedules.timeline import shifts
from shared.contracts.rota import Duty, Origin
from shared.zones import zone

ADA, BEN = (uuid5(UUID(int=1), name) for name in ("Ada", "Ben"))
NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
DAY = timedelta(days=1)
PEOPLE = (
    Known(ADA, ("ada lovelace", "ada"), "ada@example.org"),
    Known(BEN, ("ben", "ben"), None),
)


def weekly(*people: UUID, start: datetime = datetime(2026, 3, 2, 9)) -> Schedule:  # noqa: DTZ001
    return Schedule((Layer("Base", Rotation(people, start, days(7), zone("UTC"))),))


def test_a_stint_goes_on_while_the_other_duty_and_the_reason_change() -> None:
    schedule = Schedule(
        weekly(ADA, BEN).layers,
        (
            Override(ADA, NOON, NOON + DAY),
            Override(ADA, NOON + DAY, NOON + 2 * DAY, Duty.SECONDARY, Origin.SWAP),
        ),
    )
    found = stints(shifts(schedule, NOON - DAY, NOON + 3 * DAY))
    primary = [one for one in found if one.duty is Duty.PRIMARY]
    assert [(one.start, one.end, one.person) for one in primary] == [
        (NOON - DAY, NOON + 3 * DAY, ADA)
    ]
    assert [one.person for one in found if one.duty is Duty.SECONDARY] == [BEN, BEN]


def test_a_stint_that_began_before_what_is_shown_has_its_real_beginning() -> None:
    start = datetime(2026, 3, 2, 9, tzinfo=UTC)
    found = whole_stints(weekly(ADA, BEN), start + 16 * DAY, start + 17 * DAY)
    assert {(one.person, one.duty, one.start) for one in found} == {
        (ADA, Duty.PRIMARY, start + 14 * DAY),
        (BEN, Duty.SECONDARY, start + 14 * DAY),
    }
    alone = weekly(ADA, start=datetime(2025, 12, 1))  # noqa: DTZ001
    [only] = whole_stints(alone, start, start + DAY)
    assert only.start == datetime(2025, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("summary", "addresses", "person"),
    [
        ("Ben", (), BEN),
        ("  ADA ", (), ADA),
        ("On call: Ben (primary)", (), BEN),
        ("Ada Lovelace/Payments", (), ADA),
        ("Benjamin", (), None),
        ("Ada and Ben", (), None),
        ("", (), None),
        ("Ben", ("ada@example.org",), ADA),
        ("Ben", ("somebody@example.org",), BEN),
    ],
)
def test_an_event_is_about_the_one_person_it_names(
    summary: str, addresses: tuple[str, ...], person: UUID | None
) -> None:
    event = Occurrence("uid", summary, addresses, NOON, NOON + DAY)
    assert whose(event, PEOPLE) == person
