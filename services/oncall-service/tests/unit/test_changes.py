# ruff: noqa: DTZ001 - a wall clock has no zone
"""A change of a rotation moves nobody before the next hand-off, and nobody out of turn after it."""

from datetime import UTC, datetime, time, timedelta
from uuid import UUID, uuid5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncall_service.core.hours import Hours
from oncall_service.schedules.changes import Effective, going_on, next_hand_off, takes_effect
from oncall_service.schedules.periods import days as of_days
from oncall_service.schedules.rotation import Rotation
from oncall_service.schedules.rules import Era, Layer, Schedule, on_call_at
from oncall_service.schedules.timeline import shifts
from shared.contracts.rota import Duty
from shared.zones import zone

ADA, BEN, CLEO, DAN, EVE = (
    uuid5(UUID(int=1), name) for name in ("Ada", "Ben", "Cleo", "Dan", "Eve")
)
START = datetime(2026, 3, 2, 9)  # a Monday
WEDNESDAY = datetime(2026, 3, 18, 12, tzinfo=UTC)  # in Cleo's week
MONDAY = datetime(2026, 3, 23, 8, tzinfo=UTC)
WEEK = timedelta(days=7)


def layer(*people: UUID, days: int = 7, **fields: object) -> Layer:
    values: dict[str, object] = {"start": START, "zone": zone("Europe/Paris")} | fields
    name, duty = str(values.pop("name", "Base")), values.pop("duty", Duty.PRIMARY)
    rotation = Rotation(participants=people, period=of_days(days), **values)  # type: ignore[arg-type]
    return Layer(name, rotation, Duty(str(duty)))


def changed(
    running: tuple[Layer, ...],
    wanted: tuple[Layer, ...],
    now: datetime = WEDNESDAY,
    effective: Effective = Effective.NEXT_HANDOFF,
) -> tuple[datetime, Schedule]:
    """When the change counts, and the schedule with its past."""
    at = takes_effect(running, wanted, now, effective)
    ahead = going_on(running, wanted, now, at, effective)
    layers = tuple(
        Layer(
            one.name,
            Rotation(
                one.rotation.participants,
                one.rotation.start,
                one.rotation.period,
                one.rotation.zone,
                one.rotation.hours,
                turns,
            ),
            one.duty,
        )
        for one, turns in zip(wanted, ahead, strict=True)
    )
    return at, Schedule(layers, eras=(Era(running, at),))


def primaries(schedule: Schedule, start: datetime, count: int) -> list[UUID | None]:
    return [on_call_at(schedule, start + number * WEEK).primary for number in range(count)]


@pytest.mark.parametrize(
    ("wanted", "after"),
    [
        ((ADA, BEN, CLEO, DAN), [DAN, ADA, BEN, CLEO]),
        ((DAN, ADA, BEN, CLEO), [DAN, ADA, BEN, CLEO]),
        ((ADA, DAN, BEN, CLEO), [ADA, DAN, BEN, CLEO]),
        ((CLEO, BEN, ADA), [BEN, ADA, CLEO]),
        ((ADA, BEN), [ADA, BEN, ADA]),
        ((BEN, DAN), [BEN, DAN, BEN]),
        ((DAN, EVE), [DAN, EVE, DAN]),
        ((CLEO,), [CLEO, CLEO]),
    ],
)
def test_whoever_is_on_call_stays_and_the_next_in_the_new_order_follows(
    wanted: tuple[UUID, ...], after: list[UUID]
) -> None:
    at, schedule = changed((layer(ADA, BEN, CLEO),), (layer(*wanted),))
    assert at == MONDAY
    assert on_call_at(schedule, WEDNESDAY).primary == CLEO
    assert on_call_at(schedule, MONDAY - timedelta(seconds=1)).primary == CLEO
    assert primaries(schedule, MONDAY, len(after)) == after


def test_a_shorter_turn_begins_with_whoever_comes_next() -> None:
    at, schedule = changed((layer(ADA, BEN, CLEO),), (layer(ADA, BEN, CLEO, days=1),))
    assert at == MONDAY
    days = [on_call_at(schedule, MONDAY + timedelta(days=day)).primary for day in range(4)]
    assert days == [ADA, BEN, CLEO, ADA]


@pytest.mark.parametrize("hour", [8, 10])
def test_another_time_of_the_hand_off_or_another_zone_makes_no_turn_of_an_hour(hour: int) -> None:
    later = datetime(2026, 3, 2, hour)
    _, schedule = changed((layer(ADA, BEN, CLEO),), (layer(ADA, BEN, CLEO, start=later),))
    found = shifts(schedule, WEDNESDAY, WEDNESDAY + 3 * WEEK)
    assert [shift.on_call.primary for shift in found] == [CLEO, ADA, BEN, CLEO]
    # The Monday after, when the clocks of Paris have changed.
    assert found[1].end == datetime(2026, 3, 30, hour - 2, tzinfo=UTC)


def test_a_rotation_whose_start_lies_ahead_takes_over_then_with_its_first() -> None:
    for start in (datetime(2026, 3, 20, 9), datetime(2026, 4, 1, 9)):
        at, schedule = changed((layer(ADA, BEN, CLEO),), (layer(EVE, DAN, start=start),))
        assert at == layer(EVE, start=start).rotation.hand_off(0)
        assert on_call_at(schedule, at).primary == EVE
        assert not any(one.on_call.gap for one in shifts(schedule, WEDNESDAY, at + WEEK))


def test_asked_for_now_a_change_counts_at_once_as_written() -> None:
    at, schedule = changed(
        (layer(ADA, BEN, CLEO),), (layer(ADA, BEN, CLEO, DAN),), effective=Effective.NOW
    )
    assert at == WEDNESDAY
    assert on_call_at(schedule, WEDNESDAY - timedelta(seconds=1)).primary == CLEO
    assert primaries(schedule, WEDNESDAY, 3) == [CLEO, DAN, ADA]
    assert primaries(Schedule((layer(ADA, BEN, CLEO, DAN),)), WEDNESDAY, 3) == [CLEO, DAN, ADA]


def test_where_nobody_is_on_call_there_is_no_hand_off_to_wait_for() -> None:
    at, schedule = changed((), (layer(ADA, BEN),))
    assert at == WEDNESDAY
    assert on_call_at(schedule, WEDNESDAY - timedelta(seconds=1)).gap
    assert not on_call_at(schedule, WEDNESDAY).gap


def test_taken_away_a_rotation_lasts_until_its_hand_off() -> None:
    at, schedule = changed((layer(ADA, BEN, CLEO),), ())
    assert on_call_at(schedule, at - timedelta(seconds=1)).primary == CLEO
    assert on_call_at(schedule, at).gap


def test_the_end_of_the_present_shift_is_the_hand_off_also_within_a_turn() -> None:
    nights = Hours(frozenset(range(7)), time(18), time(9))
    running = (layer(ADA, BEN, CLEO), layer(DAN, name="Nights", hours=(nights,)))
    assert next_hand_off(running, WEDNESDAY) == datetime(2026, 3, 18, 17, tzinfo=UTC)
    _, schedule = changed(running, (layer(ADA, BEN, CLEO, EVE), running[1]))
    noons = [
        on_call_at(schedule, WEDNESDAY + timedelta(days=days)).primary for days in (0, 1, 4, 5, 12)
    ]
    assert noons == [CLEO, CLEO, CLEO, EVE, ADA]


def test_somebody_alone_hands_over_to_themself_and_then_to_whoever_was_added() -> None:
    at, schedule = changed((layer(ADA),), (layer(ADA, BEN),))
    assert at == MONDAY
    assert primaries(schedule, WEDNESDAY, 3) == [ADA, BEN, ADA]


def test_a_layer_that_stays_the_same_goes_on_as_it_was_whatever_happens_beside_it() -> None:
    moved = layer(ADA, BEN, CLEO, turns_ahead=1)
    wanted = (layer(ADA, BEN, CLEO), layer(DAN, name="Backup", duty=Duty.SECONDARY))
    for effective in Effective:
        _, schedule = changed((moved,), wanted, effective=effective)
        assert primaries(schedule, WEDNESDAY, 4) == primaries(Schedule((moved,)), WEDNESDAY, 4)


PEOPLE = st.lists(st.sampled_from([ADA, BEN, CLEO, DAN, EVE]), min_size=1, max_size=5)
ROTATIONS = st.builds(
    lambda people, days, start, where, turns: layer(
        *people, days=days, start=start, zone=zone(where), turns_ahead=turns
    ),
    PEOPLE,
    st.integers(1, 9),
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 3, 10)),
    st.sampled_from(["Europe/Paris", "UTC", "America/New_York"]),
    st.integers(0, 4),
)


@given(running=ROTATIONS, wanted=ROTATIONS, offset=st.integers(0, 40 * 24))
@settings(max_examples=150, deadline=None)
def test_until_the_hand_off_everything_is_as_it_was(
    running: Layer, wanted: Layer, offset: int
) -> None:
    now = datetime(2026, 3, 12, tzinfo=UTC) + timedelta(hours=offset)
    at, schedule = changed((running,), (wanted,), now)
    was = Schedule((running,))
    assert now < at <= now + timedelta(days=10)
    assert shifts(schedule, now - 3 * WEEK, at) == shifts(was, now - 3 * WEEK, at)
    holder = on_call_at(was, now).primary
    people = wanted.rotation.participants
    assert on_call_at(schedule, at).primary in people
    if holder in people and people.count(holder) == 1:
        following = people[(people.index(holder) + 1) % len(people)]
        # At once, or after a rest of less than half a turn that is still theirs.
        soon = at + timedelta(days=wanted.rotation.period.count) / 2
        assert following in {
            one.on_call.primary for one in shifts(schedule, at, soon + timedelta(hours=2))
        }
