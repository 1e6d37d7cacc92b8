"""Charts as numbers: where each bar, point and square stands. Pure; templates draw them (SVG).

A chart is ``WIDTH`` wide and ``HEIGHT`` high in its own units; pages scale it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, log10

WIDTH, HEIGHT = 720, 160
LEFT, BOTTOM, TOP = 62, 20, 8
# The names of weekdays are shorter than lengths of time.
LEFT_OF_SQUARES = 44
MOST_LABELS = 8


@dataclass(frozen=True)
class Bar:
    """One value: its rectangle, and what it says."""

    x: float
    y: float
    width: float
    height: float
    label: str
    value: float | None


@dataclass(frozen=True)
class Mark:
    """A word at an axis."""

    at: float
    text: str


@dataclass(frozen=True)
class Chart:
    """Bars or points over a common scale; ``path`` joins the points that have a value."""

    bars: Sequence[Bar]
    path: str
    across: Sequence[Mark]
    up: Sequence[Mark]
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True)
class Square:
    """A cell of a table of counts; ``share`` is its part of the greatest, from 0 to 1."""

    x: float
    y: float
    count: int
    share: float

    @property
    def shade(self) -> int:
        """One of five, 0 for none at all: a style sheet colours it."""
        return 0 if self.count == 0 else min(5, 1 + int(self.share * 4.999))


@dataclass(frozen=True)
class Named:
    """A value, its name, and how it is written."""

    name: str
    value: float | None
    said: str


def chart(values: Sequence[Named], said: Callable[[float], str]) -> Chart:
    """Bars and a line over the same values; what has no value has no bar, and breaks the line."""
    top = ceiling([each.value or 0 for each in values])
    room, height = WIDTH - LEFT, HEIGHT - BOTTOM - TOP
    step = room / max(1, len(values))
    bars = []
    for place, each in enumerate(values):
        tall = height * (each.value or 0) / top
        x = LEFT + place * step + step * 0.12
        y = TOP + height - tall
        wide = round(step * 0.76, 2)
        bars.append(Bar(round(x, 2), round(y, 2), wide, round(tall, 2), each.said, each.value))
    every = ceil(len(values) / MOST_LABELS) or 1
    return Chart(
        bars,
        _path(bars),
        [
            Mark(round(LEFT + place * step + step / 2, 2), each.name)
            for place, each in enumerate(values)
            if place % every == 0
        ],
        [Mark(round(TOP + height * (1 - part), 2), said(top * part)) for part in (0, 0.5, 1)],
    )


def squares(rows: Sequence[Sequence[int]], size: int = 22) -> list[Square]:
    """A table of counts, row by row."""
    most = max((count for row in rows for count in row), default=0) or 1
    return [
        Square(LEFT_OF_SQUARES + column * size, TOP + line * size, count, count / most)
        for line, row in enumerate(rows)
        for column, count in enumerate(row)
    ]


def ceiling(values: Sequence[float]) -> float:
    """A round number that none of them is above: 1, 2 or 5 times a power of ten."""
    most = max(values, default=0)
    if most <= 0:
        return 1
    power = float(10 ** int(log10(most) // 1))
    return next(power * step for step in (1, 2, 5, 10) if power * step >= most)


def _path(bars: Sequence[Bar]) -> str:
    parts, begun = [], False
    for bar in bars:
        if bar.value is None:
            begun = False
            continue
        parts.append(f"{'L' if begun else 'M'}{round(bar.x + bar.width / 2, 2)} {bar.y}")
        begun = True
    return " ".join(parts)
