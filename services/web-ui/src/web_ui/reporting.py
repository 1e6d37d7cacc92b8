"""Reports over HTTP, as whoever is signed in: of incidents, and of what duty has cost people."""

from datetime import datetime

from shared.contracts.reports import FairnessView, IncidentReport
from web_ui.neighbour import Neighbour


class Reporting(Neighbour):
    """incident-management; failures are those of clients.py, ``Invalid`` for an odd window."""

    async def incidents(
        self, token: str, start: datetime, end: datetime, zone: str, *, team: str, service: str
    ) -> IncidentReport:
        """What happened in [start, end); an empty team or service restricts nothing."""
        asked = {"from": start.isoformat(), "until": end.isoformat(), "zone": zone}
        given = {"team": team, "service": service}
        only = {name: value for name, value in given.items() if value}
        return await self._ask(
            IncidentReport, "GET", "/api/v1/reports/incidents", token, params=asked | only
        )


class DutyReporting(Neighbour):
    """oncall-service; likewise."""

    async def fairness(
        self, token: str, start: datetime, end: datetime, *, team: str, country: str
    ) -> FairnessView:
        """Who carried what in [start, end)."""
        asked = {"from": start.isoformat(), "until": end.isoformat()}
        given = {"team": team, "country": country}
        only = {name: value for name, value in given.items() if value}
        return await self._ask(
            FairnessView, "GET", "/api/v1/reports/fairness", token, params=asked | only
        )
