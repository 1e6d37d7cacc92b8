# ruff: noqa: DTZ001 - a wall clock has no zone
"""The calendar of 200 schedules over two years, beside one that watches the clock every minute."""

import random
from array import array
from datetime import date, datetime, time, timedelta
from uuid import UUID, uuid5

import pytest

from oncall_service.core.hours import Hours
from oncall_service.schedules.days_off import DaysOff, OnHolidays
from oncall_service.schedules.periods import Period, Unit
from oncall_service.schedules.rotation import Rotation
from oncall_service.schedules.rules import Layer, OnCall, Override, Schedule, on_call_at
from oncall_service.schedules.timeline import shifts
from shared.contracts.rota import Duty, Origin
from shared.zones import zone
from vigie_testing import minute_by_minute as brute
from vigie_testing.minute_by_minute import (
    FROM,
    UNTIL,
    Answer,
    LayerSpec,
    OverrideSpec,
    ScheduleSpec,
    Window,
)

PEOPLE = tuple(uuid5(UUID(int=1), name) for name in ("Ada", "Ben", "Cleo", "Dan", "Eve", "Fay"))
# Both hemispheres, jumps of half an hour and of two, at midnight, at 02:45, during Ramadan.
ZONES = {
    "UTC": "GB",
    "Europe/Paris": "FR",
    "America/New_York": "US",
    "America/St_Johns": "CA",
    "America/Santiago": "CL",
    "Africa/Casablanca": "MA",
    "Antarctica/Troll": "NO",
    "Asia/Beirut": "LB",
    "Asia/Kathmandu": "IN",
    "Australia/Lord_Howe": "AU",
    "Australia/Sydney": "AU",
    "Pacific/Chatham": "NZ",
}
SCHEDULES = 200
EVERY_DAY, WORKDAYS, WEEKEND = frozenset(range(7)), frozenset(range(5)), frozenset({5, 6})
WINDOWS: tuple[tuple[Window, ...], ...] = (
    (),
    (),
    ((EVERY_DAY, 18 * 60, 9 * 60),),
    ((WORKDAYS, 9 * 60, 17 * 60 + 30),),
    ((WEEKEND, 0, 0),),
    ((WORKDAYS, 0, 8 * 60), (WEEKEND, 12 * 60, 12 * 60)),
    # Within the hours that are skipped and repeated.
    ((EVERY_DAY, 2 * 60 + 15, 2 * 60 + 45), (EVERY_DAY, 23 * 60 + 30, 30)),
)
COUNTS = {
    "hourly": (1, 2, 4, 5, 6, 8, 12, 12, 24, 36),
    "daily": (1, 1, 2, 3),
    "weekly": (1, 1, 2),
    "monthly": (1, 1, 2, 3),
    "custom": (2, 3, 5, 10, 14),
}


def _layer(dice: random.Random, number: int, *, secondary: bool) -> LayerSpec:
    kind = dice.choice(list(COUNTS))
    return LayerSpec(
        name=f"layer {number}",
        secondary=secondary,
        people=tuple(dice.choices(PEOPLE, k=dice.randint(1, 5))),
        kind=kind,
        count=dice.choice(COUNTS[kind]),
        start=datetime(2025, 10, 1)
        + timedelta(
            days=dice.choice([0, 30, 60, 151, dice.randint(0, 200)]),
            hours=dice.choice([0, 1, 2, 9, dice.randint(0, 23)]),
            minutes=dice.choice([0, 0, 15, 30, 45]),
        ),
        ahead=dice.randint(0, 3),
        windows=dice.choice(WINDOWS),
        on_holidays=dice.choice(["as_usual", "as_usual", "off", "only"]),
    )


def _override(dice: random.Random) -> OverrideSpec:
    start = FROM + timedelta(minutes=15 * dice.randint(-400, 70_000))
    return OverrideSpec(
        person=dice.choice(PEOPLE),
        secondary=dice.random() < 0.3,
        start=start,
        end=start + timedelta(minutes=dice.choice([1, 30, 480, 1440, 20_000])),
        origin=dice.choice(["override", "swap", "import"]),
    )


def _spec(dice: random.Random, country: str) -> ScheduleSpec:
    layers = [_layer(dice, number, secondary=False) for number in range(dice.randint(1, 3))]
    if dice.random() < 0.5:
        layers += [_layer(dice, 3 + more, secondary=True) for more in range(dice.randint(1, 2))]
    return ScheduleSpec(
        layers=tuple(layers),
        overrides=tuple(_override(dice) for _ in range(dice.choice([0, 3, 40]))),
        country=dice.choice([country, None]),
        dates=frozenset(date(2026, 1, 1) + timedelta(days=dice.randint(0, 729)) for _ in range(5)),
        intended=dice.choice(WINDOWS),
    )


def _hours(windows: tuple[Window, ...]) -> tuple[Hours, ...]:
    return tuple(
        Hours(weekdays, time(*divmod(start, 60)), time(*divmod(end, 60)))
        for weekdays, start, end in windows
    )


def _period(spec: LayerSpec) -> Period:
    if spec.kind == "hourly":
        return Period(Unit.HOUR, spec.count)
    if spec.kind == "monthly":
        return Period(Unit.MONTH, spec.count)
    return Period(Unit.DAY, spec.count * (7 if spec.kind == "weekly" else 1))


def _schedule(spec: ScheduleSpec, zone_name: str) -> Schedule:
    def duty(secondary: bool) -> Duty:
        return Duty.SECONDARY if secondary else Duty.PRIMARY

    return Schedule(
        layers=tuple(
            Layer(
                one.name,
                Rotation(
                    participants=one.people,
                    start=one.start,
                    period=_period(one),
                    zone=zone(zone_name),
                    hours=_hours(one.windows),
                    turns_ahead=one.ahead,
                    days_off=DaysOff(spec.country, None, spec.dates),
                    on_holidays=OnHolidays(one.on_holidays),
                ),
                duty(one.secondary),
            )
            for one in spec.layers
        ),
        overrides=tuple(
            Override(one.person, one.start, one.end, duty(one.secondary), Origin(one.origin))
            for one in spec.overrides
        ),
        intended_gaps=_hours(spec.intended),
        zone=zone(zone_name),
    )


def _as_answer(on: OnCall) -> Answer:
    return (
        on.primary,
        on.secondary,
        on.primary_from,
        on.secondary_from,
        on.primary_origin,
        on.secondary_origin,
        on.intended,
    )


@pytest.mark.parametrize("number", range(len(ZONES)), ids=list(ZONES))
def test_every_minute_of_two_years_has_the_people_that_watching_the_clock_finds(
    number: int,
) -> None:
    name, country = list(ZONES.items())[number]
    for seed in range(number, SCHEDULES, len(ZONES)):
        dice = random.Random(seed)  # noqa: S311 - the same schedules every time
        spec = _spec(dice, country)
        schedule = _schedule(spec, name)
        watched, known = brute.answers(spec, zone(name))
        numbers = {answer: place for place, answer in enumerate(known)}
        found = array("H")
        for shift in shifts(schedule, FROM, UNTIL):
            answer = _as_answer(shift.on_call)
            assert answer in numbers, (seed, shift)
            minutes, rest = divmod(shift.end - shift.start, timedelta(minutes=1))
            assert not rest
            found += array("H", [numbers[answer]]) * minutes
        assert len(found) == len(watched)
        if found != watched:
            wrong = next(
                at for at, pair in enumerate(zip(found, watched, strict=True)) if len(set(pair)) > 1
            )
            at, other = FROM + timedelta(minutes=wrong), known[watched[wrong]]
            pytest.fail(f"seed {seed} at {at}: {known[found[wrong]]}, watched {other}")
        for _ in range(50):
            wanted = dice.randrange(len(watched))
            on_call = on_call_at(schedule, FROM + timedelta(minutes=wanted))
            assert _as_answer(on_call) == known[watched[wanted]], (seed, wanted)
