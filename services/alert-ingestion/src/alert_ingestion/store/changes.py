from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from alert_ingestion.model import Change
from shared.database import Connection
from shared.identifiers import new_id


@dataclass(frozen=True, slots=True)
class StoredChange:
    """A change of a service, and who told of it."""

    id: UUID
    integration_id: UUID
    integration: str
    service: str
    summary: str
    at: datetime
    received_at: datetime
    details: dict[str, str]
    links: dict[str, str]


_SELECT: Final = (
    "SELECT c.id, c.integration_id, i.name AS integration, c.service, c.summary, c.at, "
    "c.received_at, c.details, c.links "
    "FROM changes AS c JOIN integrations AS i ON i.id = c.integration_id"
)


async def insert(
    connection: Connection, changes: Sequence[tuple[UUID, Change]], now: datetime
) -> None:
    """Store changes of services, each with the integration that told of it."""
    if not changes:
        return
    rows = [
        {
            "id": new_id(),
            "integration_id": integration_id,
            "service": change.service,
            "summary": change.summary,
            "at": change.at,
            "received_at": now,
            "details": change.details,
            "links": change.links,
        }
        for integration_id, change in changes
    ]
    await connection.execute(
        "INSERT INTO changes (id, integration_id, service, summary, at, received_at, details, "
        "links) SELECT id, integration_id, service, summary, at, received_at, details, links "
        "FROM jsonb_populate_recordset(NULL::changes, %s::jsonb)",
        (msgspec.json.encode(rows).decode(),),
    )


async def recent(
    connection: Connection, services: Collection[str], since: datetime, most: int
) -> dict[str, list[StoredChange]]:
    """The newest changes of each service, at most ``most``, the oldest first."""
    cursor = await connection.execute(
        f"SELECT found.* FROM unnest(%(services)s::text[]) AS wanted (service) "  # noqa: S608
        f"CROSS JOIN LATERAL ({_SELECT} WHERE c.service = wanted.service "
        "AND c.received_at > %(since)s ORDER BY c.id DESC LIMIT %(most)s) AS found "
        "ORDER BY found.id",
        {"services": sorted(services), "since": since, "most": most},
    )
    found: dict[str, list[StoredChange]] = {}
    for row in await cursor.fetchall():
        found.setdefault(row["service"], []).append(StoredChange(**row))
    return found


async def page(
    connection: Connection, filters: Mapping[str, Any], *, before: UUID | None, limit: int
) -> list[StoredChange]:
    """Changes, newest first, at most ``limit``; ``filters`` are columns and values."""
    conditions = [f"c.{column} = %({column})s" for column in filters]
    if before is not None:
        conditions.append("c.id < %(before)s")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    cursor = await connection.execute(
        f"{_SELECT}{where} ORDER BY c.id DESC LIMIT %(limit)s".encode(),
        {**filters, "before": before, "limit": limit},
    )
    return [StoredChange(**row) for row in await cursor.fetchall()]


async def purge(connection: Connection, older_than: datetime) -> None:
    """Forget changes that were received before ``older_than``."""
    await connection.execute("DELETE FROM changes WHERE received_at < %s", (older_than,))
