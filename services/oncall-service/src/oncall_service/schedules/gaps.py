"""When a team's rotation leaves nobody on call next, for /metrics."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.schedules.rules import Schedule
from oncall_service.schedules.store import layers
from oncall_service.schedules.timeline import next_gap
from oncall_service.tables import TeamRow

LOOK_AHEAD = timedelta(days=7)

# A scrape comes every few seconds, and a rotation is seldom changed.
_KNOWN_FOR = timedelta(minutes=1)


class GapsAhead:
    """Looks for gaps, and remembers them for a minute."""

    def __init__(self) -> None:
        self._found: Mapping[UUID, datetime] = {}
        self._as_of: datetime | None = None

    async def of(
        self, session: AsyncSession, teams: Sequence[TeamRow], now: datetime
    ) -> Mapping[UUID, datetime]:
        """Since when or from when on nobody is primary, of the teams whose schedule has a gap."""
        if self._as_of is None or not timedelta() <= now - self._as_of < _KNOWN_FOR:
            schedules = await layers.of_teams(session, [team.id for team in teams])
            rules = await layers.load(session, schedules, since=now)
            by_team = {row.team_id: rules[row.id] for row in schedules}
            # Beside the requests: hundreds of rotations take a good part of a second.
            self._found = await asyncio.to_thread(_gaps, by_team, now)
            self._as_of = now
        return self._found


def _gaps(by_team: Mapping[UUID, Schedule], now: datetime) -> dict[UUID, datetime]:
    found = {team: next_gap(schedule, now, LOOK_AHEAD) for team, schedule in by_team.items()}
    return {team: at for team, at in found.items() if at is not None}
