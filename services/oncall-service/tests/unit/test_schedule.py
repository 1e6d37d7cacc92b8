# ruff: noqa: DTZ001 - a wall clock has no zone
"""Layers, overrides, gaps and the final calendar."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from uuid import UUID, uuid5

from hypothesis import given, settings
from hypothesis import strategies as st

from oncall_service.core.hours import Hours
from oncall_service.schedules.periods import days as of_days
from oncall_service.schedules.rotation import Rotation, Stretch
from oncall_service.schedules.rules import Layer, Override, Schedule, on_call_at
from oncall_service.schedules.timeline import next_change, next_gap, shifts
from shared.contracts.rota import Duty
from shared.zones import zone

NAMESPACE = UUID(int=1)
ADA, BEN, CLEO, DAN = (uuid5(NAMESPACE, name) for name in ("Ada", "Ben", "Cleo", "Dan"))
NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def layer(
    *people: UUID, name: str = "Base", duty: Duty = Duty.PRIMARY, hours: tuple[Hours, ...] = ()
) -> Layer:
    start = datetime(2026, 3, 2, 9)
    return Layer(name, Rotation(people, start, of_days(7), zone("Europe/Paris"), hours), duty)


def test_the_next_participant_is_the_secondary_unless_a_layer_says_otherwise() -> None:
    plain = on_call_at(Schedule((layer(ADA, BEN),)), NOON)
    assert (plain.primary, plain.secondary) == (ADA, BEN)
    own = Schedule((layer(ADA, BEN), layer(CLEO, name="Backup", duty=Duty.SECONDARY)))
    assert (on_call_at(own, NOON).secondary, on_call_at(own, NOON).secondary_from) == (
        CLEO,
        "Backup",
    )


def test_somebody_alone_on_a_rotation_is_not_their_own_secondary() -> None:
    assert on_call_at(Schedule((layer(ADA),)), NOON).secondary is None
    same = Schedule((layer(ADA), layer(ADA, duty=Duty.SECONDARY)))
    assert on_call_at(same, NOON).secondary is None


def test_a_later_layer_wins_where_it_counts_and_lets_through_where_it_does_not() -> None:
    nights = Hours(frozenset(range(7)), time(18), time(9))
    schedule = Schedule((layer(ADA, BEN), layer(CLEO, name="Nights", hours=(nights,))))
    assert on_call_at(schedule, NOON).primary == ADA
    night = on_call_at(schedule, NOON + 8 * HOUR)
    assert (night.primary, night.primary_from) == (CLEO, "Nights")


def test_an_override_wins_over_every_layer_and_the_last_one_made_over_the_others() -> None:
    overrides = (
        Override(DAN, NOON - HOUR, NOON + 2 * HOUR),
        Override(CLEO, NOON, NOON + HOUR),
    )
    schedule = Schedule((layer(ADA, BEN),), overrides)
    at = [on_call_at(schedule, NOON + hours * HOUR) for hours in (-2, -1, 0, 1, 2)]
    assert [state.primary for state in at] == [ADA, DAN, CLEO, DAN, ADA]
    assert at[1].primary_from == "override"


def test_who_gave_a_shift_away_is_not_called_as_secondary_either() -> None:
    taken = Schedule((layer(ADA, BEN),), (Override(BEN, NOON, NOON + HOUR),))
    assert on_call_at(taken, NOON).secondary is None
    three = Schedule((layer(ADA, BEN, CLEO),), (Override(BEN, NOON, NOON + HOUR),))
    assert on_call_at(three, NOON).secondary == CLEO


def test_the_secondary_can_be_overridden_on_its_own() -> None:
    override = Override(DAN, NOON, NOON + HOUR, Duty.SECONDARY)
    state = on_call_at(Schedule((layer(ADA, BEN),), (override,)), NOON)
    assert (state.primary, state.secondary, state.secondary_from) == (ADA, DAN, "override")


def test_where_nothing_answers_there_is_a_gap_and_it_is_in_the_calendar() -> None:
    days = Hours(frozenset(range(5)), time(9), time(17))
    schedule = Schedule((layer(ADA, BEN, hours=(days,)),))
    start = datetime(2026, 3, 2, 8, tzinfo=UTC)
    found = shifts(schedule, start, start + timedelta(days=1))
    assert [(one.on_call.primary, one.on_call.gap) for one in found] == [(ADA, False), (None, True)]
    assert found[0].end == datetime(2026, 3, 2, 16, tzinfo=UTC)


def test_a_schedule_without_layers_is_one_long_gap() -> None:
    [only] = shifts(Schedule(), NOON, NOON + HOUR)
    assert only.on_call.gap


WINDOWS = st.builds(
    Hours,
    weekdays=st.frozensets(st.integers(0, 6), min_size=1),
    start=st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    end=st.times().map(lambda at: at.replace(second=0, microsecond=0)),
)
PEOPLE = st.lists(st.sampled_from([ADA, BEN, CLEO, DAN]), min_size=1, max_size=4).map(tuple)
MARCH = st.datetimes(datetime(2026, 3, 1), datetime(2026, 4, 15))
LAYERS = st.builds(
    Layer,
    name=st.sampled_from(["one", "two"]),
    rotation=st.builds(
        Rotation,
        participants=PEOPLE,
        start=MARCH,
        period=st.integers(1, 9).map(of_days),
        zone=st.sampled_from(["Europe/Paris", "Africa/Casablanca", "UTC"]).map(zone),
        hours=st.lists(WINDOWS, max_size=2).map(tuple),
    ),
    duty=st.sampled_from(Duty),
)
OVERRIDES = st.builds(
    lambda person, at, hours, duty: Override(
        person, at.replace(tzinfo=UTC), at.replace(tzinfo=UTC) + timedelta(hours=hours), duty
    ),
    st.sampled_from([ADA, DAN]),
    MARCH,
    st.integers(1, 100),
    st.sampled_from(Duty),
)


@given(
    schedule=st.builds(
        Schedule,
        layers=st.lists(LAYERS, max_size=3).map(tuple),
        overrides=st.lists(OVERRIDES, max_size=3).map(tuple),
    ),
    moments=st.lists(MARCH, min_size=1, max_size=5),
)
@settings(max_examples=100, deadline=None)
def test_final_shifts_tile_the_calendar_and_agree_with_every_single_moment(
    schedule: Schedule, moments: list[datetime]
) -> None:
    start, end = (datetime(2026, month, 15, tzinfo=UTC) for month in (3, 4))
    found = shifts(schedule, start, end)
    assert (found[0].start, found[-1].end) == (start, end)
    for earlier, later in pairwise(found):
        assert earlier.end == later.start
        assert earlier.on_call != later.on_call
    for moment in moments:
        at = moment.replace(tzinfo=UTC)
        for shift in found:
            if shift.start <= at < shift.end:
                assert shift.on_call == on_call_at(schedule, at)


@given(
    schedule=st.builds(
        Schedule,
        layers=st.lists(LAYERS, max_size=3).map(tuple),
        overrides=st.lists(OVERRIDES, max_size=3).map(tuple),
    ),
    moment=MARCH,
    days=st.integers(1, 40),
)
@settings(max_examples=60, deadline=None)
def test_the_next_change_is_the_end_of_the_first_shift(
    schedule: Schedule, moment: datetime, days: int
) -> None:
    at, horizon = moment.replace(tzinfo=UTC), timedelta(days=days)
    end = shifts(schedule, at, at + horizon)[0].end
    assert next_change(schedule, at, horizon) == (end if end < at + horizon else None)


def test_a_change_tomorrow_is_found_without_looking_at_two_months() -> None:
    looked: list[timedelta] = []

    class Watched(Rotation):
        def stretches(self, start: datetime, end: datetime) -> list[Stretch]:
            looked.append(end - start)
            return super().stretches(start, end)

    daily = Watched((ADA, BEN), datetime(2026, 3, 2, 9), of_days(1), zone("Europe/Paris"))
    schedule = Schedule((Layer("Base", daily),))
    assert next_change(schedule, NOON, timedelta(days=60)) == NOON + 20 * HOUR
    assert max(looked) <= timedelta(days=4)


def test_the_next_gap_is_when_nobody_is_primary_whoever_else_is_on_call() -> None:
    days = Hours(frozenset(range(7)), time(9), time(18))
    daily = Schedule((layer(ADA, BEN, hours=(days,)), layer(CLEO, duty=Duty.SECONDARY)))
    evening = datetime(2026, 3, 3, 17, tzinfo=UTC)
    assert next_gap(daily, NOON, timedelta(days=7)) == evening
    assert next_gap(daily, evening + HOUR, timedelta(days=7)) == evening + HOUR
    assert next_gap(daily, NOON, HOUR) is None
    tonight = Override(DAN, evening, evening + 20 * HOUR)
    covered = Schedule(daily.layers, (tonight,))
    assert next_gap(covered, NOON, timedelta(days=7)) == evening + timedelta(days=1)
    assert next_gap(Schedule((layer(ADA, BEN),)), NOON, timedelta(days=7)) is None
    assert next_gap(Schedule(), NOON, HOUR) == NOON
