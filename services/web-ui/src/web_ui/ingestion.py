"""alert-ingestion over HTTP, as whoever is signed in: alerts, the inbox, integrations, silences."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from shared.contracts.alert_api import AlertRate
from shared.contracts.audit import AuditEntry
from shared.contracts.wire import Page, Wire
from web_ui.ingested import (
    Alert,
    Became,
    Decision,
    Heartbeat,
    InhibitionRule,
    Integration,
    IntegrationWithKey,
    KeptRequest,
    Preview,
    ReadyMapping,
    ReadyMappings,
    Replayed,
    ReplaySummary,
    Silence,
    TrialResult,
    Tried,
    WholeRequest,
)
from web_ui.neighbour import Neighbour

Command = Mapping[str, Any]

INTEGRATIONS = "/api/v1/integrations"
SILENCES = "/api/v1/silences"
INBOX = "/api/v1/inbox"
HEARTBEATS = "/api/v1/heartbeats"
RULES = "/api/v1/inhibition-rules"


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

    async def alerts(self, token: str, asked: Mapping[str, Any]) -> Page[Alert]:
        """Alerts, newest first."""
        return await self._ask(Page[Alert], "GET", "/api/v1/alerts", token, params=asked)

    async def alert(self, token: str, which: UUID) -> Alert:
        """One of them."""
        return await self._ask(Alert, "GET", f"/api/v1/alerts/{which}", token)

    async def decisions(self, token: str, which: UUID) -> Sequence[Decision]:
        """What was decided about an alert, oldest first."""
        return await self._whole(Decision, f"/api/v1/alerts/{which}/timeline", token)

    async def senders(self, token: str) -> list[Sender]:
        """Every integration, revoked ones too."""
        return await self._whole(Sender, INTEGRATIONS, token)

    async def integrations(self, token: str) -> list[Integration]:
        """Every integration with its policy, revoked ones too, in the order of their making."""
        return await self._whole(Integration, INTEGRATIONS, token)

    async def integration(self, token: str, which: UUID) -> Integration:
        """One of them."""
        return await self._ask(Integration, "GET", f"{INTEGRATIONS}/{which}", token)

    async def create_integration(self, token: str, command: Command) -> IntegrationWithKey:
        """Let a sender in; only this answer holds its key."""
        return await self._ask(IntegrationWithKey, "POST", INTEGRATIONS, token, json=dict(command))

    async def change_integration(self, token: str, which: UUID, changes: Command) -> Integration:
        """Change its name or policy."""
        path = f"{INTEGRATIONS}/{which}"
        return await self._ask(Integration, "PATCH", path, token, json=dict(changes))

    async def rotate_key(self, token: str, which: UUID, overlap_seconds: int) -> IntegrationWithKey:
        """Another key; the one before is good for so long beside it."""
        command = {"overlap_seconds": overlap_seconds}
        path = f"{INTEGRATIONS}/{which}/rotate"
        return await self._ask(IntegrationWithKey, "POST", path, token, json=command)

    async def switch_integration(self, token: str, which: UUID, verb: str) -> Integration:
        """``pause``, ``resume`` or ``revoke`` it."""
        return await self._ask(Integration, "POST", f"{INTEGRATIONS}/{which}/{verb}", token)

    async def send_test(self, token: str, which: UUID, command: Command) -> Became:
        """An alert in its name, all the way."""
        path = f"{INTEGRATIONS}/{which}/test"
        return await self._ask(Became, "POST", path, token, json=dict(command))

    async def ready_mappings(self, token: str) -> Sequence[ReadyMapping]:
        """Mappings that are ready for senders."""
        return (await self._ask(ReadyMappings, "GET", "/api/v1/mappings", token)).items

    async def try_mapping(self, token: str, which: UUID, command: Command) -> Sequence[Tried]:
        """What a mapping would make of bodies; nothing is stored."""
        path = f"{INTEGRATIONS}/{which}/mapping/test"
        return (await self._ask(TrialResult, "POST", path, token, json=dict(command))).results

    async def inbox(self, token: str, asked: Mapping[str, Any]) -> Page[KeptRequest]:
        """Requests as they came, newest first."""
        return await self._ask(Page[KeptRequest], "GET", INBOX, token, params=asked)

    async def request(self, token: str, which: UUID) -> WholeRequest:
        """One with its body."""
        return await self._ask(WholeRequest, "GET", f"{INBOX}/{which}", token)

    async def replay(self, token: str, which: UUID) -> Replayed:
        """Read it again, as its integration is now."""
        return await self._ask(Replayed, "POST", f"{INBOX}/{which}/replay", token)

    async def replay_all(self, token: str, wanted: Command) -> ReplaySummary:
        """Read again what waits and fits, the oldest first, up to a thousand."""
        return await self._ask(ReplaySummary, "POST", f"{INBOX}/replay", token, json=dict(wanted))

    async def silences(self, token: str, asked: Mapping[str, Any]) -> Page[Silence]:
        """Silences, newest first."""
        return await self._ask(Page[Silence], "GET", SILENCES, token, params=asked)

    async def silence(self, token: str, which: UUID) -> Silence:
        """One of them."""
        return await self._ask(Silence, "GET", f"{SILENCES}/{which}", token)

    async def make_silence(self, token: str, command: Command) -> Silence:
        """Silence alerts."""
        return await self._ask(Silence, "POST", SILENCES, token, json=dict(command))

    async def change_silence(self, token: str, which: UUID, changes: Command) -> Silence:
        """Change the given fields."""
        return await self._ask(Silence, "PATCH", f"{SILENCES}/{which}", token, json=dict(changes))

    async def expire_silence(self, token: str, which: UUID) -> Silence:
        """End it now."""
        return await self._ask(Silence, "POST", f"{SILENCES}/{which}/expire", token)

    async def preview_silence(self, token: str, command: Command) -> Preview:
        """Which open alerts it would be about; nothing is stored."""
        return await self._ask(Preview, "POST", f"{SILENCES}/preview", token, json=dict(command))

    async def inhibition_rules(self, token: str) -> Sequence[InhibitionRule]:
        """The rules that hold, oldest first."""
        return (await self._ask(Page[InhibitionRule], "GET", RULES, token)).items

    async def make_rule(self, token: str, command: Command) -> InhibitionRule:
        """Hold alerts back while another explains them."""
        return await self._ask(InhibitionRule, "POST", RULES, token, json=dict(command))

    async def end_rule(self, token: str, which: UUID) -> InhibitionRule:
        """What it held back and still fires pages."""
        return await self._ask(InhibitionRule, "POST", f"{RULES}/{which}/end", token)

    async def heartbeats(self, token: str) -> Sequence[Heartbeat]:
        """Those that are expected, by name."""
        return await self._whole(Heartbeat, HEARTBEATS, token)

    async def heartbeat(self, token: str, name: str) -> Heartbeat:
        """One of them."""
        return await self._ask(Heartbeat, "GET", _heartbeat(name), token)

    async def expect_heartbeat(self, token: str, name: str, command: Command) -> Heartbeat:
        """Expect one, or change what is expected of it."""
        return await self._ask(Heartbeat, "PUT", _heartbeat(name), token, json=dict(command))

    async def forget_heartbeat(self, token: str, name: str) -> None:
        """Expect it no more; if it is missed now, its alert ends."""
        await self._send("DELETE", _heartbeat(name), token)

    async def audit(self, token: str, asked: Mapping[str, Any]) -> Page[AuditEntry]:
        """Who changed what here, newest first."""
        return await self._ask(Page[AuditEntry], "GET", "/api/v1/audit", token, params=asked)


def _heartbeat(name: str) -> str:
    return f"{HEARTBEATS}/{quote(name, safe='')}"
