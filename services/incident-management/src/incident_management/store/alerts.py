"""The alerts of incidents."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from incident_management.store.held import Held, Identity
from incident_management.tables import AlertRow
from shared.contracts.wire import Severity

_COLUMNS = ", ".join(AlertRow.model_fields)
_LOCK = (
    f"SELECT {_COLUMNS} FROM alerts WHERE id = ANY(%s) ORDER BY id FOR UPDATE"  # noqa: S608
).encode()

BY_HAND = "resolved_by_hand"
"""How an alert ended whose incident a person resolved."""

# One look-up in the index each, whatever number of alerts the incident has.
_HAD = """
SELECT asked.integration, asked.fingerprint
FROM unnest(%s::text[], %s::text[]) AS asked (integration, fingerprint)
CROSS JOIN LATERAL (
    SELECT FROM alerts
    WHERE incident_id = %s AND alerts.integration = asked.integration
      AND alerts.fingerprint = asked.fingerprint
    LIMIT 1
) AS found
"""


async def hold(held: Held, alert_ids: Collection[UUID]) -> None:
    """Lock and read alerts, for a batch that speaks of them."""
    held.alerts |= dict.fromkeys(alert_ids)
    cursor = await held.connection.execute(_LOCK, (list(alert_ids),))
    for row in await cursor.fetchall():
        held.keep(AlertRow(**row))


async def lock_alert(held: Held, alert_id: UUID) -> AlertRow | None:
    """An alert as it is now, kept from everybody else until the commit."""
    if alert_id not in held.alerts:
        await hold(held, [alert_id])
    return held.alerts[alert_id]


async def end_by_hand(held: Held, incident_id: UUID, *, at: datetime) -> None:
    """End every alert of an incident that fires: a person resolved it."""
    await held.connection.execute(
        "UPDATE alerts SET resolved_at = %s, resolved_reason = %s "
        "WHERE incident_id = %s AND resolved_at IS NULL",
        (at, BY_HAND, incident_id),
    )


async def undo_end_by_hand(held: Held, incident_id: UUID) -> dict[Severity, int]:
    """Let the alerts of an incident fire again that ended with it, but for those that ended since.

    Answers how many they are, by severity.
    """
    cursor = await held.connection.execute(
        "UPDATE alerts SET resolved_at = NULL, resolved_reason = '' "
        "WHERE incident_id = %s AND resolved_reason = %s AND NOT sender_ended RETURNING severity",
        (incident_id, BY_HAND),
    )
    return Counter(Severity(row["severity"]) for row in await cursor.fetchall())


async def move_all(held: Held, source: UUID, target: UUID) -> int:
    """Give the alerts of one incident to another; answers how many."""
    cursor = await held.connection.execute(
        "UPDATE alerts SET incident_id = %s WHERE incident_id = %s", (target, source)
    )
    return cursor.rowcount


async def had(held: Held, incident_id: UUID) -> set[Identity]:
    """Which identities that this batch speaks of an incident has, or had, an alert of.

    Whoever attaches one adds it.
    """
    if incident_id not in held.had:
        asked = list(held.spoken_of)
        cursor = await held.connection.execute(
            _HAD,
            (
                [integration for integration, _ in asked],
                [fingerprint for _, fingerprint in asked],
                incident_id,
            ),
        )
        unwritten = {
            (alert.integration, alert.fingerprint)
            for alert in held.alerts.values()
            if alert is not None and alert.incident_id == incident_id
        }
        held.had[incident_id] = unwritten | {
            (row["integration"], row["fingerprint"]) for row in await cursor.fetchall()
        }
    return held.had[incident_id]


async def homes(held: Held, alert_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """The incidents that hold these alerts now, read without a lock.

    Not the heir of an incident that ended: its alerts ended with it. A merged one gave its alerts
    away, so they name the survivor themselves.
    """
    if not alert_ids:
        return {}
    cursor = await held.connection.execute(
        "SELECT id, incident_id FROM alerts WHERE id = ANY(%s) AND incident_id IS NOT NULL",
        (list(alert_ids),),
    )
    return {row["id"]: row["incident_id"] for row in await cursor.fetchall()}
