"""What integrations send, counted in rows that no two connections wait for each other about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from shared.database import Connection

SHARDS: Final = 8


@dataclass(slots=True)
class Activity:
    """Requests, the things they said, and how many of them were not understood."""

    requests: int = 0
    alerts: int = 0
    dead: int = 0


@dataclass(frozen=True, slots=True)
class Sum:
    """What an integration has sent so far, and when it did last."""

    requests: int = 0
    alerts: int = 0
    dead: int = 0
    last_at: datetime | None = None


async def of(connection: Connection, integration_ids: Sequence[UUID]) -> dict[UUID, Sum]:
    """What integrations have sent; those that never did are left out."""
    cursor = await connection.execute(
        "SELECT integration_id, sum(requests)::bigint AS requests, sum(alerts)::bigint AS alerts, "
        "sum(dead)::bigint AS dead, max(last_at) AS last_at FROM integration_activity "
        "WHERE integration_id = ANY(%s) GROUP BY integration_id",
        (list(integration_ids),),
    )
    return {row.pop("integration_id"): Sum(**row) for row in await cursor.fetchall()}


async def add(connection: Connection, counted: Mapping[UUID, Activity], now: datetime) -> None:
    """Add what integrations sent, in one statement."""
    if not counted:
        return
    ids = sorted(counted)
    await connection.execute(
        """
        INSERT INTO integration_activity AS known
            (integration_id, shard, requests, alerts, dead, last_at)
        SELECT id, pg_backend_pid() %% %s, requests, alerts, dead, %s
        FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::bigint[])
            AS t (id, requests, alerts, dead)
        ORDER BY id
        ON CONFLICT (integration_id, shard) DO UPDATE SET
            requests = known.requests + excluded.requests,
            alerts = known.alerts + excluded.alerts,
            dead = known.dead + excluded.dead,
            last_at = greatest(known.last_at, excluded.last_at)
        """,
        (
            SHARDS,
            now,
            ids,
            [counted[one].requests for one in ids],
            [counted[one].alerts for one in ids],
            [counted[one].dead for one in ids],
        ),
    )
