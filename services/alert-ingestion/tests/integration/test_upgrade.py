"""An installation of the release that kept past and live alerts together is upgraded."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from shared.contracts.identity import Role
from vigie_testing.databases import Database
from vigie_testing.snapshots import starts_and_writes

Restore = Callable[[str], tuple[Database, Path]]

STORED = (
    "SELECT id, incident_id, service, severity, message, status, count, labels, annotations, "
    "starts_at, resolved_at FROM alerts"
)


async def test_every_alert_is_listed_as_before(restore_snapshot: Restore, start: Any) -> None:
    database, _ = restore_snapshot("alert-ingestion")
    before = {str(row[0]): row[1:] for row in database.query(STORED)}
    assert {row[4] for row in before.values()} == {"firing", "resolved"}
    async with start(database) as service:
        page = await service.get("/api/v1/alerts?limit=200")
        one_by_one = [await service.get(f"/api/v1/alerts/{identifier}") for identifier in before]
    assert [alert["id"] for alert in page["items"]] == sorted(before, reverse=True)
    for alert in page["items"] + one_by_one:
        incident, service_name, severity, message, status, count, *rest = before[alert["id"]]
        labels, annotations, starts_at, resolved_at = rest
        assert alert["incident_id"] == str(incident)
        assert (alert["service"], alert["severity"]) == (service_name, severity)
        assert (alert["message"], alert["status"], alert["count"]) == (message, status, count)
        assert (alert["labels"], alert["annotations"]) == (labels, annotations)
        assert datetime.fromisoformat(alert["starts_at"]) == starts_at
        assert bool(alert["resolved_at"]) == bool(resolved_at)


async def test_a_live_alert_goes_on_where_it_was(restore_snapshot: Restore, start: Any) -> None:
    database, _ = restore_snapshot("alert-ingestion")
    [live, *_] = database.query(
        "SELECT a.id, a.incident_id, a.fingerprint, a.service, a.severity, a.message, i.id "
        "FROM alerts a JOIN integrations i ON i.id = a.integration_id WHERE a.status = 'firing'"
    )
    identifier, incident, fingerprint, name, severity, message, integration = live
    async with start(database) as service:
        rotated = await service.post(
            f"/api/v1/integrations/{integration}/rotate", {}, key=service.tokens[Role.ADMIN]
        )
        answer = await service.send(
            key=rotated.json()["key"],
            service=name,
            severity=severity,
            message=message,
            dedup_key=fingerprint,
        )
    assert answer.status_code == 201, answer.text
    assert answer.json()["alert_id"] == str(identifier)
    assert answer.json()["incident_id"] == str(incident)
    assert answer.json()["action"] == "duplicate_suppressed"


def test_the_release_before_starts_on_the_new_schema_and_writes_to_it(
    restore_snapshot: Restore,
) -> None:
    database, old_migrations = restore_snapshot("alert-ingestion")
    database.query("UPDATE alerts SET status = 'resolved', resolved_at = now()")
    starts_and_writes(database, "alert-ingestion", old_migrations, ["alerts", "inbox"])
