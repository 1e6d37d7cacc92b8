"""alert-ingestion over HTTP, as whoever is signed in: alerts, the inbox, integrations, silences."""

from shared.contracts.alert_api import AlertRate
from web_ui.neighbour import Neighbour


class Ingestion(Neighbour):
    """Failures are those of clients.py."""

    async def rate(self, token: str, minutes: int) -> AlertRate:
        """Alerts by the minute they came in, and how many fire or are silenced now."""
        return await self._ask(
            AlertRate, "GET", "/api/v1/alerts/rate", token, params={"minutes": minutes}
        )
