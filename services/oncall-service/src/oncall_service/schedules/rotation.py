"""Whose turn it is: hand-offs at a wall-clock time, every so many days, through any DST change.

Pure rules. A rotation is a list of participants and a first hand-off on the wall clock of a zone;
hand-off number k is the same wall-clock time ``k * length_days`` calendar days later. A turn is
therefore 23 or 25 hours long across a DST change, which is what people expect of "at nine".
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from oncall_service.core.hours import ONE_DAY, Hours, Interval
from oncall_service.core.zones import at_wall, wall_at


@dataclass(frozen=True, slots=True)
class Turn:
    """Turn number ``index`` (from 0) of a rotation."""

    index: int
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Rotation:
    """Turns of ``length_days`` from ``start`` on, the first hand-off on the wall clock of ``zone``.

    Nobody is on before it. ``hours``, if any, are when the layer counts at all. ``turns_ahead``
    moves the order, so that a rotation goes on from whoever was on call when it was changed.
    """

    participants: tuple[UUID, ...]
    start: datetime
    length_days: int
    zone: ZoneInfo
    hours: tuple[Hours, ...] = ()
    turns_ahead: int = 0

    def hand_off(self, index: int) -> datetime:
        """The UTC instant at which turn ``index`` begins."""
        return at_wall(self.start + timedelta(days=index * self.length_days), self.zone)

    def index_at(self, at: datetime) -> int | None:
        """The number of the turn that runs at an instant, or None before the first."""
        elapsed = wall_at(at, self.zone) - self.start
        index = math.floor(elapsed / timedelta(days=self.length_days))
        # The wall clock is a good guess and wrong by one next to a gap or a fold: instants decide.
        while self.hand_off(index + 1) <= at:
            index += 1
        while self.hand_off(index) > at:
            index -= 1
        return index if index >= 0 else None

    def turns(self, start: datetime, end: datetime) -> Iterator[Turn]:
        """The turns that overlap [start, end), in order, uncut, never empty."""
        index = self.index_at(start) or 0
        begins = self.hand_off(index)
        while begins < end:
            ends = self.hand_off(index + 1)
            # A zone that skipped a whole day (Pacific/Apia, 2011) makes two hand-offs coincide.
            if ends > begins:
                yield Turn(index, begins, ends)
            index, begins = index + 1, ends

    def is_open(self, at: datetime) -> bool:
        """Whether ``at`` lies in the layer's hours (always, when it has none)."""
        if not self.hours:
            return True
        return any(window.start <= at < window.end for window in self._windows(at, at))

    def on_turn(self, at: datetime) -> UUID | None:
        """The participant whose turn it is, or None before the start and outside the hours."""
        index = self.index_at(at)
        if index is None or not self.participants or not self.is_open(at):
            return None
        return self.participants[(index + self.turns_ahead) % len(self.participants)]

    def after(self, at: datetime) -> tuple[UUID, ...]:
        """The other participants in the order in which their turns come, each once."""
        index = self.index_at(at)
        if index is None or not self.is_open(at):
            return ()
        count = len(self.participants)
        index += self.turns_ahead
        current = self.participants[index % count]
        following = (self.participants[(index + step) % count] for step in range(1, count))
        return tuple(dict.fromkeys(person for person in following if person != current))

    def boundaries(self, start: datetime, end: datetime) -> set[datetime]:
        """Every instant in [start, end) at which the answer of this rotation can change."""
        found = {turn.start for turn in self.turns(start, end)}
        for window in self._windows(start, end) if self.hours else ():
            found |= {window.start, window.end}
        return {instant for instant in found if start <= instant < end}

    def _windows(self, start: datetime, end: datetime) -> Iterator[Interval]:
        # A window lasts a day at most, of a local day: a day more on either side is enough.
        day = wall_at(start, self.zone).date() - 2 * ONE_DAY
        last = wall_at(end, self.zone).date() + ONE_DAY
        while day <= last:
            for hours in self.hours:
                window = hours.on(day, self.zone)
                if window is not None and window.start < window.end:
                    yield window
            day += ONE_DAY
