"""The coming weeks as a picture: where each shift stands in it. Pure; a template draws it.

A line a week and a lane a duty. Days are those of the zone that is looked at, so a day on which the
clocks change is as wide as any other, and holds 23 or 25 hours.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from shared.contracts.oncall_api import CalendarView, OnDuty, ShiftView

DAY_WIDTH = 100
WIDTH = 7 * DAY_WIDTH
HEAD, LANE, SPACE = 18, 26, 8
# Letters that fit into so much of the picture, at the size they are written in.
LETTER_WIDTH = 6.6
NARROWEST = 8


@dataclass(frozen=True)
class Block:
    """A stretch of one duty: where it stands in its week, and what it says.

    ``kind`` is layer, override, swap, import, gap or intended; ``label`` what fits into it.
    """

    x: float
    y: float
    width: float
    start: datetime
    end: datetime
    role: str
    kind: str
    person: OnDuty | None
    layer: str
    label: str


@dataclass(frozen=True)
class Day:
    """The head of a column, where it stands, and the instants that it is between."""

    x: int
    date: date
    start: datetime
    end: datetime
    weekend: bool
    today: bool


@dataclass(frozen=True)
class Week:
    """One line."""

    y: int
    days: Sequence[Day]
    blocks: Sequence[Block]
    now_x: float | None


@dataclass(frozen=True)
class Picture:
    """All lines; ``height`` and ``WIDTH`` are the size."""

    weeks: Sequence[Week]
    height: int
    lanes: int

    @property
    def lines_height(self) -> int:
        """The height of a week's lanes."""
        return self.lanes * LANE


def draw(calendar: CalendarView, first: date, weeks: int, zone: tzinfo, now: datetime) -> Picture:
    """The picture of ``weeks`` weeks from ``first``, in ``zone``."""
    seconds = any(shift.secondary for shift in calendar.items)
    lanes = 2 if seconds else 1
    height = HEAD + lanes * LANE + SPACE
    drawn = [
        _week(
            calendar.items,
            _edges(first + timedelta(days=7 * number), zone),
            number * height,
            now,
            lanes,
        )
        for number in range(weeks)
    ]
    return Picture(drawn, weeks * height, lanes)


def bounds(first: date, weeks: int, zone: tzinfo) -> tuple[datetime, datetime]:
    """The instants between which the picture looks."""
    return _midnight(first, zone), _midnight(first + timedelta(days=7 * weeks), zone)


def monday(day: date) -> date:
    """The beginning of its week (ISO 8601)."""
    return day - timedelta(days=day.weekday())


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone)


def _edges(first: date, zone: tzinfo) -> list[datetime]:
    """The midnights around the days of a week."""
    return [_midnight(first + timedelta(days=number), zone) for number in range(8)]


def _week(
    shifts: Sequence[ShiftView], edges: Sequence[datetime], y: int, now: datetime, lanes: int
) -> Week:
    days = [
        Day(
            number * DAY_WIDTH,
            edges[number].date(),
            edges[number],
            edges[number + 1],
            weekend=number > 4,
            today=edges[number] <= now < edges[number + 1],
        )
        for number in range(7)
    ]
    blocks = [
        block
        for role in ("primary", "secondary")[:lanes]
        for block in _blocks(shifts, role, edges, y)
    ]
    return Week(y, days, blocks, _x(now, edges) if edges[0] <= now < edges[-1] else None)


def _blocks(
    shifts: Sequence[ShiftView], role: str, edges: Sequence[datetime], y: int
) -> Iterator[Block]:
    top = y + HEAD + (LANE if role == "secondary" else 0)
    for stretch in _joined(shifts, role):
        start, end = max(stretch.start, edges[0]), min(stretch.end, edges[-1])
        if start >= end or (stretch.kind == "gap" and role == "secondary"):
            continue
        left, right = _x(start, edges), _x(end, edges)
        width = max(right - left, 1.5)
        yield Block(
            round(left, 2),
            top,
            round(width, 2),
            stretch.start,
            stretch.end,
            role,
            stretch.kind,
            stretch.person,
            stretch.layer,
            _label(stretch.person, width),
        )


@dataclass(frozen=True)
class _Stretch:
    start: datetime
    end: datetime
    kind: str
    person: OnDuty | None
    layer: str


def _joined(shifts: Sequence[ShiftView], role: str) -> Iterator[_Stretch]:
    """One duty by itself: a calendar is also cut where only the other one changes."""
    last: _Stretch | None = None
    for shift in shifts:
        one = _stretch(shift, role)
        if last is not None and _same(last, one):
            last = _Stretch(last.start, one.end, last.kind, last.person, last.layer)
            continue
        if last is not None:
            yield last
        last = one
    if last is not None:
        yield last


def _stretch(shift: ShiftView, role: str) -> _Stretch:
    primary = role == "primary"
    person = shift.primary if primary else shift.secondary
    kind = (shift.kind if primary else shift.secondary_kind) or "layer"
    layer = (shift.layer if primary else shift.secondary_layer) or ""
    if person is None:
        kind = "intended" if shift.intended and primary else "gap"
    return _Stretch(shift.start, shift.end, kind, person, layer)


def _same(one: _Stretch, other: _Stretch) -> bool:
    return one.end == other.start and (one.kind, one.person, one.layer) == (
        other.kind,
        other.person,
        other.layer,
    )


def _x(at: datetime, edges: Sequence[datetime]) -> float:
    """Where an instant stands: each day is as wide as any other, however long it is."""
    for number in range(7):
        if at < edges[number + 1]:
            length = (edges[number + 1].timestamp() - edges[number].timestamp()) or 1
            passed = at.timestamp() - edges[number].timestamp()
            return DAY_WIDTH * (number + passed / length)
    return float(WIDTH)


def _label(person: OnDuty | None, width: float) -> str:
    if person is None or width < NARROWEST:
        return ""
    room = int((width - 8) / LETTER_WIDTH)
    name = person.name
    if len(name) <= room:
        return name
    first = name.split()[0]
    if len(first) <= room:
        return first
    return "".join(part[0] for part in name.split()[:2]) if room >= 2 else ""
