"""Whose turn it is: hand-offs at a wall-clock time, through any change of the clocks.

Pure rules. A rotation is a list of participants and a first hand-off on the wall clock of a zone;
hand-off number k is what that clock shows k periods later. A daily turn is therefore 23 or 25 hours
long when the clocks change, which is what people expect of "at nine". Of turns of hours the one in
the repeated hour is two hours long, and the one in a skipped hour is none (docs/adr/0041).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

from oncall_service.core.hours import Hours, Interval
from oncall_service.schedules.days_off import NO_DAYS_OFF, DaysOff, OnHolidays, between, day_of
from oncall_service.schedules.periods import Period
from oncall_service.schedules.windows import covered, weekly, within
from shared.zones import at_wall, wall_at

# By no more does a clock jump: Pacific/Apia left out a day in 2011.
_LONGEST_JUMP = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Turn:
    """Turn number ``index`` (from 0) of a rotation."""

    index: int
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Stretch:
    """From ``start`` until the next one this turn counts; None: nobody's."""

    start: datetime
    turn: int | None


@dataclass(frozen=True, slots=True)
class Rotation:
    """Turns of a ``period`` from ``start`` on, the first hand-off on the wall clock of ``zone``.

    Nobody is on before it. ``hours``, if any, are when the layer counts at all, and so do, by
    ``on_holidays``, days off. ``turns_ahead`` moves the order, so that a rotation goes on from
    whoever was on call when it was changed.
    """

    participants: tuple[UUID, ...]
    start: datetime
    period: Period
    zone: ZoneInfo
    hours: tuple[Hours, ...] = ()
    turns_ahead: int = 0
    days_off: DaysOff = NO_DAYS_OFF
    on_holidays: OnHolidays = OnHolidays.AS_USUAL

    def hand_off(self, index: int) -> datetime:
        """The UTC instant at which turn ``index`` begins."""
        return at_wall(self.period.after(self.start, index), self.zone)

    def index_at(self, at: datetime) -> int | None:
        """The number of the turn that runs at an instant, the last begun; None before the first."""
        index = self.period.passed(self.start, wall_at(at, self.zone))
        # The wall clock is a good guess and wrong next to a gap or a fold: instants decide.
        while self.hand_off(index + 1) <= at:
            index += 1
        while self.hand_off(index) > at:
            index -= 1
        return index if index >= 0 else None

    def turns(self, start: datetime, end: datetime) -> Iterator[Turn]:
        """The turns that overlap [start, end), in order, uncut, never empty."""
        index = self.index_at(start) or 0
        begins = [self.hand_off(index)]
        last = wall_at(end, self.zone) + _LONGEST_JUMP
        while self.period.after(self.start, index + len(begins) - 1) <= last:
            begins.append(self.hand_off(index + len(begins)))
        # Hand-offs that the clock skipped come after those that follow them: there is no such turn.
        for earlier in range(len(begins) - 2, -1, -1):
            begins[earlier] = min(begins[earlier], begins[earlier + 1])
        for number, (one, following) in enumerate(pairwise(begins), index):
            if one < following and one < end:
                yield Turn(number, one, following)

    def is_open(self, at: datetime) -> bool:
        """Whether ``at`` lies in the layer's hours and days (always, when it has none)."""
        if self.on_holidays is not OnHolidays.AS_USUAL:
            on_holiday = self.days_off.includes(day_of(at, self.zone))
            if on_holiday is not (self.on_holidays is OnHolidays.ONLY):
                return False
        return not self.hours or within(weekly(self.hours, self.zone, at, at), at)

    def turn_at(self, at: datetime) -> int | None:
        """The turn that counts at an instant; None before the start and outside the hours."""
        if not self.participants or not self.is_open(at):
            return None
        return self.index_at(at)

    def person(self, turn: int) -> UUID:
        """Whose turn it is."""
        return self.participants[(turn + self.turns_ahead) % len(self.participants)]

    def following(self, turn: int) -> tuple[UUID, ...]:
        """The other participants in the order in which their turns come, each once."""
        coming = (self.person(turn + step) for step in range(1, len(self.participants)))
        return tuple(dict.fromkeys(one for one in coming if one != self.person(turn)))

    def on_turn(self, at: datetime) -> UUID | None:
        """The participant whose turn it is, or None before the start and outside the hours."""
        turn = self.turn_at(at)
        return None if turn is None else self.person(turn)

    def stretches(self, start: datetime, end: datetime) -> list[Stretch]:
        """What ``turn_at`` says from ``start`` on, until ``end``."""
        if not self.participants:
            return [Stretch(start, None)]
        turns = {max(turn.start, start): turn.index for turn in self.turns(start, end)}
        hours = list(weekly(self.hours, self.zone, start, end)) if self.hours else []
        off = self._days_off(start, end)
        edges = {at for one in (*hours, *off) for at in (one.start, one.end)}
        moments = sorted({start, *turns, *(at for at in edges if start < at < end)})
        found: list[Stretch] = []
        turn: int | None = None
        for at, in_hours, on_holiday in zip(
            moments, covered(hours, moments), covered(off, moments), strict=True
        ):
            turn = turns.get(at, turn)
            is_open = (in_hours or not self.hours) and (
                self.on_holidays is OnHolidays.AS_USUAL
                or on_holiday is (self.on_holidays is OnHolidays.ONLY)
            )
            found.append(Stretch(at, turn if is_open else None))
        return found

    def _days_off(self, start: datetime, end: datetime) -> list[Interval]:
        if self.on_holidays is OnHolidays.AS_USUAL:
            return []
        return list(between(self.days_off, self.zone, start, end))
