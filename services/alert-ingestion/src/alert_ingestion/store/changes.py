from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from alert_ingestion.model import Change
from shared.database import Connection
from shared.identifiers import new_id


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
