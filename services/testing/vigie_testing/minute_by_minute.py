"""Who is on call, found the long way: a clock on a wall is watched minute by minute.

Nothing here uses the rules of the product. A simulator has a line of bytes a layer, one a minute,
on which it paints whose seat it is; what lies on top at a minute is the answer of that minute.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from uuid import UUID
from zoneinfo import ZoneInfo

from holidays import country_holidays

BEGINS = datetime(2025, 10, 1, tzinfo=UTC)  # early enough for rotations that run already
FROM, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
MINUTES = int((UNTIL - BEGINS).total_seconds()) // 60
SKIPPED = int((FROM - BEGINS).total_seconds()) // 60
HOUR, DAY = 60, 24 * 60
BEFORE_ALL = datetime(2025, 9, 22)  # noqa: DTZ001 - a Monday on the wall, before anything

Window = tuple[frozenset[int], int, int]
"""The weekdays it begins on, and the minutes of the day at which it begins and ends."""


@dataclass(frozen=True)
class LayerSpec:
    """A layer in plain words; ``count`` units of its ``kind`` (daily, hourly...) a turn."""

    name: str
    secondary: bool
    people: tuple[UUID, ...]
    kind: str
    count: int
    start: datetime
    ahead: int
    windows: tuple[Window, ...]
    on_holidays: str


@dataclass(frozen=True)
class OverrideSpec:
    """Somebody takes a duty in [start, end)."""

    person: UUID
    secondary: bool
    start: datetime
    end: datetime
    origin: str


@dataclass(frozen=True)
class ScheduleSpec:
    """A schedule; ``country`` and ``dates`` are its days off, ``intended`` its intended gaps."""

    layers: tuple[LayerSpec, ...]
    overrides: tuple[OverrideSpec, ...]
    country: str | None
    dates: frozenset[date]
    intended: tuple[Window, ...]


Answer = tuple[UUID | None, UUID | None, str | None, str | None, str | None, str | None, bool]
"""Primary, secondary, from what and by what origin each, and whether a gap is intended."""


class Wall:
    """A clock on a wall: at which minute it shows what for the first time."""

    def __init__(self, where: ZoneInfo) -> None:
        begins = int(BEGINS.timestamp())
        epoch = int(BEFORE_ALL.replace(tzinfo=UTC).timestamp()) // 60
        first = array("i", [MINUTES]) * (MINUTES + 20 * DAY)
        ahead: dict[timedelta | None, int] = {}
        look = datetime.fromtimestamp
        previous = None
        for minute in range(MINUTES):
            offset = look(begins + 60 * minute, where).utcoffset()
            if offset not in ahead:
                ahead[offset] = (
                    begins // 60 - epoch + int((offset or timedelta()).total_seconds()) // 60
                )
            shown = minute + ahead[offset]
            if previous is None:
                self._first_shown = previous = shown - 1
            if shown > previous + 1:
                # What is skipped would have been shown so long after the jump.
                for late, skipped in enumerate(range(previous + 1, shown)):
                    first[skipped] = minute + late
            if first[shown] == MINUTES:
                first[shown] = minute
            previous = shown
        self._first = first

    def first(self, shown: int) -> int:
        """The minute at which it shows so many minutes; that of the last one if it never does."""
        return 0 if shown <= self._first_shown else self._first[min(shown, len(self._first) - 1)]


@cache
def wall_of(where: ZoneInfo) -> Wall:
    """The clock of a zone; it takes a second to watch it for two years."""
    return Wall(where)


def minutes_of(shown: datetime) -> int:
    """What a clock shows, as a number of minutes."""
    return int((shown - BEFORE_ALL).total_seconds()) // 60


def answers(spec: ScheduleSpec, where: ZoneInfo) -> tuple["array[int]", list[Answer]]:
    """Of each minute from FROM until UNTIL the number of its answer, and the answers."""
    wall = wall_of(where)
    off = _mask(_days_off(spec, wall))
    lines = [_line_of(layer, wall, off) for layer in spec.layers]
    for secondary in (False, True):
        line = bytearray(MINUTES)
        for number, one in enumerate(spec.overrides, 1):
            if one.secondary is secondary:
                _paint(line, _minute(one.start), _minute(one.end), number)
        lines.append(line)
    lines.append(_mask(_stretches(spec.intended, wall)))
    known: list[Answer] = []

    class Numbers(dict[tuple[int, ...], int]):
        def __missing__(self, state: tuple[int, ...]) -> int:
            answer = _answer(spec, state)
            if answer not in known:
                known.append(answer)
            self[state] = known.index(answer)
            return self[state]

    numbers, found = Numbers(), array("H")
    for begins in range(SKIPPED, MINUTES, HOUR):
        hour = [line[begins : begins + HOUR] for line in lines]
        if all(part.count(part[0]) == HOUR for part in hour):
            found += array("H", [numbers[tuple(part[0] for part in hour)]]) * HOUR
        else:
            found.extend(numbers[state] for state in zip(*hour, strict=True))
    return found, known


def _minute(at: datetime) -> int:
    return int((at - BEGINS).total_seconds()) // 60


def _paint(line: bytearray, start: int, end: int, what: int) -> None:
    start, end = max(start, 0), min(end, MINUTES)
    if start < end:
        line[start:end] = bytes([what]) * (end - start)


def _mask(stretches: Iterator[tuple[int, int]]) -> bytearray:
    line = bytearray(MINUTES)
    for start, end in stretches:
        _paint(line, start, end, 0xFF)
    return line


def _both(one: bytearray, other: bytearray) -> bytearray:
    both = int.from_bytes(one, "big") & int.from_bytes(other, "big")
    return bytearray(both.to_bytes(MINUTES, "big"))


def _stretches(windows: tuple[Window, ...], wall: Wall) -> Iterator[tuple[int, int]]:
    for day in range(MINUTES // DAY + 10):
        for weekdays, start, end in windows:
            if day % 7 in weekdays:
                ends = end if end > start else end + DAY
                yield wall.first(day * DAY + start), wall.first(day * DAY + ends)


def _days_off(spec: ScheduleSpec, wall: Wall) -> Iterator[tuple[int, int]]:
    public = country_holidays(spec.country, years=[2025, 2026, 2027, 2028]) if spec.country else {}
    for day in range(MINUTES // DAY + 10):
        today = (BEFORE_ALL + timedelta(days=day)).date()
        if today in spec.dates or today in public:
            yield wall.first(day * DAY), wall.first((day + 1) * DAY)


def _line_of(layer: LayerSpec, wall: Wall, off: bytearray) -> bytearray:
    """Per minute the seat whose turn it is, from 1; 0: the layer does not count."""
    handed_over: dict[int, int] = {}
    for number, shown in enumerate(_hand_offs(layer)):
        at = wall.first(shown)
        if at >= MINUTES:
            break
        handed_over[at] = number
    line = bytearray(MINUTES)
    begins, turn = None, -1
    for at in [*sorted(handed_over), MINUTES]:
        if begins is not None:
            _paint(line, begins, at, (turn + layer.ahead) % len(layer.people) + 1)
        begins, turn = at, max(turn, handed_over.get(at, 0))
    if layer.windows:
        line = _both(line, _mask(_stretches(layer.windows, wall)))
    if layer.on_holidays == "only":
        line = _both(line, off)
    if layer.on_holidays == "off":
        line = _both(line, off.translate(bytes(255 - value for value in range(256))))
    return line


def _hand_offs(layer: LayerSpec) -> Iterator[int]:
    length = {"hourly": 60, "daily": DAY, "custom": DAY, "weekly": 7 * DAY}.get(layer.kind)
    if length is not None:
        shown = minutes_of(layer.start)
        while True:
            yield shown
            shown += length * layer.count
    first = date(layer.start.year, layer.start.month, 1)
    while True:
        following = (first + timedelta(days=31)).replace(day=1)
        last = following - timedelta(days=1)
        day = min(layer.start.day, last.day)
        yield minutes_of(layer.start.replace(year=first.year, month=first.month, day=day))
        for _ in range(layer.count):
            first = (first + timedelta(days=31)).replace(day=1)


def _answer(spec: ScheduleSpec, state: tuple[int, ...]) -> Answer:
    *seats, first, second, intended = state
    taken = spec.overrides[first - 1] if first else None
    backed = spec.overrides[second - 1] if second else None
    leads = _top(spec, seats, secondary=False)
    rostered = spec.layers[leads].people[seats[leads] - 1] if leads is not None else None
    primary: UUID | None = taken.person if taken else rostered
    source = taken.origin if taken else (spec.layers[leads].name if leads is not None else None)
    origin = taken.origin if taken else ("layer" if leads is not None else None)
    secondary: tuple[UUID | None, str | None, str | None] = (None, None, None)
    if backed:
        secondary = (backed.person, backed.origin, backed.origin)
    elif any(layer.secondary for layer in spec.layers):
        backs = _top(spec, seats, secondary=True)
        if backs is not None:
            layer = spec.layers[backs]
            secondary = (layer.people[seats[backs] - 1], layer.name, "layer")
    elif leads is not None:
        layer = spec.layers[leads]
        coming = layer.people[seats[leads] :] + layer.people[: seats[leads] - 1]
        for person in coming:
            if person not in (rostered, primary):
                secondary = (person, layer.name, "layer")
                break
    if primary is not None and secondary[0] == primary:
        secondary = (None, None, None)
    return (
        primary,
        secondary[0],
        source,
        secondary[1],
        origin,
        secondary[2],
        primary is None and bool(intended),
    )


def _top(spec: ScheduleSpec, seats: list[int], *, secondary: bool) -> int | None:
    counting = [
        number
        for number, layer in enumerate(spec.layers)
        if layer.secondary is secondary and seats[number]
    ]
    return counting[-1] if counting else None
