from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from alert_ingestion.model import IncidentState, KnownIncident
from shared.contracts.incidents import Incident, Status
from shared.database import Connection

# Merges form chains (A into B into C); a chain longer than this is a mistake somewhere.
_LONGEST_CHAIN: Final = 50


async def locked(connection: Connection, incident_ids: Iterable[UUID]) -> dict[UUID, KnownIncident]:
    """What is known of these incidents, locked: an incident's outbox has one writer at a time."""
    cursor = await connection.execute(
        "SELECT id, state, recurrence_of FROM incidents WHERE id = ANY(%s) ORDER BY id FOR UPDATE",
        (sorted(set(incident_ids)),),
    )
    return {
        row["id"]: KnownIncident(row["id"], IncidentState(row["state"]), row["recurrence_of"])
        for row in await cursor.fetchall()
    }


async def insert(connection: Connection, incidents: Sequence[KnownIncident]) -> None:
    """Store incidents whose ids were allocated here."""
    if incidents:
        await connection.execute(
            "INSERT INTO incidents (id, state, recurrence_of, revision, resolved_by_hand) "
            "SELECT id, state, recurrence_of, 0, false "
            "FROM jsonb_populate_recordset(NULL::incidents, %s::jsonb)",
            (msgspec.json.encode(incidents).decode(),),
        )


async def acquaint(connection: Connection, incident_ids: Iterable[UUID]) -> None:
    """Note incidents that were heard of, and of which no event has come yet."""
    await connection.execute(
        "INSERT INTO incidents (id, state, revision, resolved_by_hand) "
        "SELECT id, 'open', 0, false FROM unnest(%s::uuid[]) AS id ORDER BY id "
        "ON CONFLICT DO NOTHING",
        (sorted(incident_ids),),
    )


async def mark_emptied(connection: Connection, incident_ids: Iterable[UUID]) -> list[UUID]:
    """Those that will now resolve themselves: no alert fires, and every integration lets them."""
    cursor = await connection.execute(
        """
        UPDATE incidents AS known SET state = 'resolving'
        WHERE known.id = ANY(%s) AND known.state = 'open'
          AND NOT EXISTS (
            SELECT FROM alerts AS a WHERE a.incident_id = known.id AND a.status = 'firing')
          -- From the few integrations that forbid it: an incident can have thousands of alerts.
          AND NOT EXISTS (
            SELECT FROM integrations AS i WHERE NOT i.auto_resolve AND (
              EXISTS (SELECT FROM alerts AS a
                      WHERE a.incident_id = known.id AND a.integration_id = i.id)
              OR EXISTS (SELECT FROM past_alerts AS a
                         WHERE a.incident_id = known.id AND a.integration_id = i.id)))
        RETURNING known.id
        """,
        (sorted(incident_ids),),
    )
    return [row["id"] for row in await cursor.fetchall()]


async def learn(connection: Connection, incident: Incident) -> bool:
    """Take over a snapshot if it is newer than what is known; whether it was.

    An incident that we expect to resolve itself stays so until a snapshot says how it ended: those
    that call it open may well be older than our last word to incident-management.
    """
    cursor = await connection.execute(
        """
        INSERT INTO incidents AS known
            (id, state, revision, recurrence_of, resolved_at, resolved_by_hand, merged_into)
        VALUES (%(id)s, %(state)s, %(revision)s, %(recurrence_of)s, %(resolved_at)s, %(by_hand)s,
                %(merged_into)s)
        ON CONFLICT (id) DO UPDATE SET
            state = CASE WHEN known.state = 'resolving' AND excluded.state = 'open'
                         THEN known.state ELSE excluded.state END,
            revision = excluded.revision,
            resolved_at = excluded.resolved_at,
            resolved_by_hand = excluded.resolved_by_hand,
            merged_into = excluded.merged_into
        WHERE known.revision < excluded.revision
        """,
        _columns(incident),
    )
    return cursor.rowcount == 1


def _columns(incident: Incident) -> dict[str, Any]:
    if incident.merged_into is not None:
        state = IncidentState.MERGED
    elif incident.status is Status.RESOLVED:
        state = IncidentState.RESOLVED
    else:
        state = IncidentState.OPEN
    return {
        "id": incident.id,
        "state": state,
        "revision": incident.revision,
        "recurrence_of": incident.recurrence_of,
        "resolved_at": incident.resolved_at,
        # A rule resolves in nobody's name.
        "by_hand": state is IncidentState.RESOLVED and incident.resolved_by is not None,
        "merged_into": incident.merged_into,
    }


async def chain(connection: Connection, incident_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Where each incident ends up after every known merge: itself, if it was not merged."""
    cursor = await connection.execute(
        """
        WITH RECURSIVE step (start, here, depth) AS (
            SELECT id, id, 0 FROM unnest(%s::uuid[]) AS id
            UNION ALL
            SELECT step.start, known.merged_into, step.depth + 1
            FROM step JOIN incidents AS known ON known.id = step.here
            WHERE known.merged_into IS NOT NULL AND step.depth < %s)
        SELECT DISTINCT ON (start) start, here FROM step ORDER BY start, depth DESC
        """,
        (sorted(set(incident_ids)), _LONGEST_CHAIN),
    )
    return {row["start"]: row["here"] for row in await cursor.fetchall()}


async def resolution(connection: Connection, incident_id: UUID) -> tuple[datetime, bool] | None:
    """When an incident was resolved, and whether by a person; None while it is not known to be."""
    cursor = await connection.execute(
        "SELECT resolved_at, resolved_by_hand FROM incidents "
        "WHERE id = %s AND state = 'resolved' AND resolved_at IS NOT NULL",
        (incident_id,),
    )
    row = await cursor.fetchone()
    return None if row is None else (row["resolved_at"], row["resolved_by_hand"])


async def is_open(connection: Connection, incident_id: UUID) -> bool:
    """Whether an incident is known, and not known to be over or about to be."""
    cursor = await connection.execute(
        "SELECT FROM incidents WHERE id = %s AND state = 'open'", (incident_id,)
    )
    return await cursor.fetchone() is not None


async def first_seen_events(
    connection: Connection, event_ids: Sequence[UUID], now: datetime
) -> set[UUID]:
    """Note events as processed; those that were not before."""
    cursor = await connection.execute(
        "INSERT INTO processed_events (event_id, processed_at) "
        "SELECT DISTINCT id, %s::timestamptz FROM unnest(%s::uuid[]) AS id "
        "ON CONFLICT DO NOTHING RETURNING event_id",
        (now, list(event_ids)),
    )
    return {row["event_id"] for row in await cursor.fetchall()}


async def purge(connection: Connection, older_than: datetime, limit: int) -> int:
    """Forget a batch of incidents that were resolved before an instant; how many there were."""
    cursor = await connection.execute(
        "DELETE FROM incidents WHERE id IN (SELECT id FROM incidents WHERE resolved_at < %s "
        "ORDER BY resolved_at LIMIT %s FOR UPDATE SKIP LOCKED)",
        (older_than, limit),
    )
    return cursor.rowcount
