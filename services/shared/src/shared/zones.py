"""Time zones from the pinned ``tzdata`` package, never from the machine.

``zoneinfo`` prefers the operating system's files, which differ between a laptop, an image and a
server that was last updated a year ago. Who is on call must not, so zones are loaded here.
"""

from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo


class UnknownZoneError(ValueError):
    """The name is not in the IANA database this release carries."""


@cache
def zone_names() -> frozenset[str]:
    """Every IANA name that may be used, ``Europe/Paris`` and aliases included."""
    return frozenset(files("tzdata").joinpath("zones").read_text("utf-8").split())


@cache
def zone(name: str) -> ZoneInfo:
    """The zone of an IANA name; ``UnknownZoneError`` for anything else."""
    if name not in zone_names():
        raise UnknownZoneError(f"'{name}' is not an IANA time zone such as Europe/Paris")
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def at_wall(wall: datetime, where: ZoneInfo) -> datetime:
    """The UTC instant at which a clock on the wall of ``where`` shows the naive ``wall``.

    The two odd cases follow RFC 5545, section 3.3.5, as calendars do:

    - a time that is skipped (02:30 when clocks jump from 02:00 to 03:00) is read with the offset
      from before the gap, so it is 03:30 on the new clock;
    - a time that comes twice (02:30 when clocks fall back from 03:00) is the first of the two.
    """
    # fold=0 is exactly this rule: PEP 495 gives it the offset from before the change, both times.
    return wall.replace(tzinfo=where, fold=0).astimezone(UTC)


def wall_at(instant: datetime, where: ZoneInfo) -> datetime:
    """What a clock on the wall of ``where`` shows at an instant, as a naive datetime."""
    return instant.astimezone(where).replace(tzinfo=None, fold=0)
