"""oncall-service over HTTP, as whoever is signed in: calendars, what changes them, foresight."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from shared.contracts.oncall_api import CalendarView
from shared.contracts.rota import FeedCreated, FeedView, OverrideView, SimulationView, SwapView
from shared.contracts.wire import Page
from web_ui.neighbour import Neighbour

Command = Mapping[str, Any]


class Rota(Neighbour):
    """Failures are those of clients.py; ``Conflict`` where a shift cannot be given or taken."""

    async def calendars(
        self, token: str, start: datetime, end: datetime, team: str = ""
    ) -> Sequence[CalendarView]:
        """The final shifts in [start, end), of one team or of all."""
        asked = {"from": start.isoformat(), "until": end.isoformat()}
        return await self._whole(
            CalendarView,
            "/api/v1/oncall/calendar",
            token,
            asked | ({"team": team} if team else {}),
        )

    async def overrides(self, token: str, since: datetime) -> Sequence[OverrideView]:
        """Overrides that are not over at ``since``, newest first."""
        path, asked = "/api/v1/overrides", {"since": since.isoformat(), "limit": 100}
        return (await self._ask(Page[OverrideView], "GET", path, token, params=asked)).items

    async def override(self, token: str, command: Command) -> OverrideView:
        """Let somebody take a shift."""
        return await self._ask(OverrideView, "POST", "/api/v1/overrides", token, json=dict(command))

    async def remove_override(self, token: str, override: UUID) -> None:
        """The layers decide again."""
        await self._send("DELETE", f"/api/v1/overrides/{override}", token)

    async def swaps(self, token: str) -> Sequence[SwapView]:
        """Offers that nobody has decided yet."""
        asked = {"open_only": True, "limit": 100}
        return (await self._ask(Page[SwapView], "GET", "/api/v1/swaps", token, params=asked)).items

    async def offer(self, token: str, command: Command) -> SwapView:
        """Offer a duty of one's own."""
        return await self._ask(SwapView, "POST", "/api/v1/swaps", token, json=dict(command))

    async def decide(self, token: str, swap: UUID, word: str) -> SwapView:
        """``accept``, ``decline`` or ``withdraw`` an offer."""
        return await self._ask(SwapView, "POST", f"/api/v1/swaps/{swap}/{word}", token)

    async def feeds(self, token: str) -> Sequence[FeedView]:
        """Calendars that somebody subscribes to."""
        return await self._whole(FeedView, "/api/v1/calendar-feeds", token)

    async def make_feed(self, token: str, command: Command) -> FeedCreated:
        """Make one; its address is answered this once."""
        path = "/api/v1/calendar-feeds"
        return await self._ask(FeedCreated, "POST", path, token, json=dict(command))

    async def revoke_feed(self, token: str, feed: UUID) -> None:
        """Its address leads nowhere any more."""
        await self._send("DELETE", f"/api/v1/calendar-feeds/{feed}", token)

    async def read_feed(self, file: str) -> bytes:
        """A calendar, by the last part of its address, which is its key."""
        return (await self._send("GET", f"/api/v1/calendars/{quote(file)}", None)).content

    async def simulate(self, token: str, question: Mapping[str, Any]) -> SimulationView:
        """Who would be paged, when and why."""
        return await self._ask(
            SimulationView, "GET", "/api/v1/simulate", token, params=dict(question)
        )
