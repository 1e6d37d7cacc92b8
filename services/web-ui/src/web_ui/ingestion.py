"""alert-ingestion over HTTP, as whoever is signed in: alerts, the inbox, integrations, silences."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.contracts.alert_api import AlertRate
from shared.contracts.audit import AuditEntry
from shared.contracts.wire import Page, Wire
from web_ui.neighbour import Neighbour


class Sender(Wire):
    """An integration, as far as the first steps ask: whether it may send, and ever did."""

    revoked_at: datetime | None
    last_seen: datetime | None


class Ingestion(Neighbour):
    """Failures are those of clients.py."""

    async def rate(self, token: str, minutes: int) -> AlertRate:
        """Alerts by the minute they came in, and how many fire or are silenced now."""
        return await self._ask(
            AlertRate, "GET", "/api/v1/alerts/rate", token, params={"minutes": minutes}
        )

    async def senders(self, token: str) -> list[Sender]:
        """Every integration, revoked ones too."""
        return await self._whole(Sender, "/api/v1/integrations", token)

    async def audit(self, token: str, asked: Mapping[str, Any]) -> Page[AuditEntry]:
        """Who changed what here, newest first."""
        return await self._ask(Page[AuditEntry], "GET", "/api/v1/audit", token, params=asked)
