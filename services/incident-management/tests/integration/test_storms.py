"""An incident with thousands of alerts: another one costs as much as the first."""

import random
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest

from shared.contracts.identity import Role
from shared.database import Connection, driver_connection
from shared.identifiers import new_id
from vigie_testing.clock import ManualClock

MANY = 2_000

ROWS_READ = """
SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) AS read
FROM pg_stat_xact_user_tables
"""
KEPT = """
SELECT id, alert_count, disagreeing, last_alert_end,
       (SELECT coalesce(sum(value::int), 0) FROM jsonb_each_text(firing)),
       coalesce((firing ->> 'critical')::int, 0)
FROM incidents ORDER BY id
"""
COUNTED = """
SELECT i.id, count(a.id), count(a.id) FILTER (WHERE NOT a.auto_resolve), max(a.resolved_at),
       count(a.id) FILTER (WHERE a.resolved_at IS NULL),
       count(a.id) FILTER (WHERE a.resolved_at IS NULL AND a.severity = 'critical')
FROM incidents i LEFT JOIN alerts a ON a.incident_id = i.id GROUP BY i.id ORDER BY i.id
"""


class RowsRead:
    """How many rows of tables the transactions of a service have read."""

    def __init__(self) -> None:
        self._read = 0

    def watch(self, database: Any, patch: pytest.MonkeyPatch) -> None:
        """Ask PostgreSQL at both ends of each transaction."""
        transaction, session = database.transaction, database.session

        @asynccontextmanager
        async def counted_transaction() -> AsyncIterator[Connection]:
            async with transaction() as connection:
                before, commit = await _rows_read(connection), connection.commit
                ends: list[int] = []

                async def counting_commit() -> None:
                    ends.append(await _rows_read(connection))
                    await commit()

                with pytest.MonkeyPatch.context() as patched:
                    # A unit of work commits by itself, with the last that it writes.
                    patched.setattr(connection, "commit", counting_commit)
                    yield connection
                self._read += (ends or [await _rows_read(connection)])[0] - before

        @asynccontextmanager
        async def counted_session() -> AsyncIterator[Any]:
            async with session() as opened:
                async with driver_connection(opened) as connection:
                    before = await _rows_read(connection)
                yield opened
                async with driver_connection(opened) as connection:
                    self._read += await _rows_read(connection) - before

        patch.setattr(database, "transaction", counted_transaction)
        patch.setattr(database, "session", counted_session)

    def taken(self) -> int:
        """The rows read since this was asked last."""
        read, self._read = self._read, 0
        return read


async def _rows_read(connection: Connection) -> int:
    """By this session and not yet in the statistics of the server, earlier transactions' too."""
    cursor = await connection.execute(ROWS_READ)
    (row,) = await cursor.fetchall()
    return int(row["read"] or 0)


@pytest.fixture
def rows_read(service: Any, monkeypatch: pytest.MonkeyPatch) -> RowsRead:
    found = RowsRead()
    found.watch(service.app.state.database, monkeypatch)
    return found


def joining(service: Any, incident: Any, alerts: Iterable[Any], **given: Any) -> list[Any]:
    return [
        service.event(
            "alert.opened", incident=incident, alert=alert, fingerprint=str(alert), **given
        )
        for alert in alerts
    ]


async def taken(service: Any, alerts: int) -> str:
    """An incident with so many alerts, which somebody has acknowledged."""
    incident = str(new_id())
    ids = [new_id() for _ in range(alerts)]
    for start in range(0, alerts, 500):
        await service.alert_events(*joining(service, incident, ids[start : start + 500]))
    await service.patch(incident, status="acknowledged")
    return incident


async def test_another_alert_reads_as_many_rows_whatever_number_there_are(
    service: Any, rows_read: RowsRead
) -> None:
    small, large = await taken(service, 1), await taken(service, MANY)
    # So that the planner knows the tables as they are, as it does where somebody uses them.
    service.database.query("ANALYZE incidents, alerts, timeline, processed_events")

    async def cost(incident: str) -> list[int]:
        alert, read = new_id(), []
        opened = joining(service, incident, [alert])
        for event in (
            *opened,
            *opened,
            service.event("alert.updated", incident=incident, alert=alert, severity="critical"),
            service.event("alert.resolved", incident=incident, alert=alert),
        ):
            rows_read.taken()
            (result,) = await service.alert_events(event)
            assert result["outcome"] in {"applied", "duplicate"}
            read.append(rows_read.taken())
        return read

    await cost(small)
    costs = await cost(small), await cost(large)
    # A few more or less: versions of a row that no vacuum has removed yet.
    assert costs[1] == pytest.approx(costs[0], abs=10)
    assert max(costs[1]) < 50


@pytest.mark.parametrize(("what", "at_most"), [("", 1), ("/timeline", 52), ("/alerts", 52)])
async def test_looking_at_it_reads_no_more_than_is_shown(
    service: Any, rows_read: RowsRead, what: str, at_most: int
) -> None:
    incident = await taken(service, MANY)
    service.database.query("ANALYZE incidents, alerts, timeline")
    rows_read.taken()
    response = await service.client.get(
        f"/api/v1/incidents/{incident}{what}", headers=service.person(role=Role.VIEWER)
    )
    assert response.status_code == 200
    assert 1 <= rows_read.taken() <= at_most


async def test_a_storm_in_one_batch_is_told_once(service: Any) -> None:
    incident = await taken(service, 1)
    (feed_before,), (owed_before,) = (
        service.database.query(f"SELECT count(*) FROM {table}")[0]  # noqa: S608 - two names
        for table in ("feed", "outbox")
    )
    await service.alert_events(*joining(service, incident, [new_id() for _ in range(100)]))
    assert service.database.query("SELECT count(*) FROM feed") == [(feed_before + 1,)]
    assert service.database.query("SELECT count(*) FROM outbox") == [(owed_before + 1,)]
    assert len(await service.timeline(incident)) == 102


async def test_the_counts_that_are_kept_are_those_of_the_alerts(
    service: Any, clock: ManualClock
) -> None:
    chance = random.Random(11)  # noqa: S311 - a storm that is the same every time
    incidents = [new_id() for _ in range(4)]
    known: list[tuple[UUID, UUID]] = []
    for _ in range(12):
        events = []
        for _ in range(20):
            clock.advance(seconds=1)
            kind = chance.choice(
                ["alert.opened", "alert.opened", "alert.updated", "alert.resolved"]
            )
            incident, alert = chance.choice(incidents), new_id()
            if kind != "alert.opened" and known and chance.random() < 0.9:
                incident, alert = chance.choice(known)
            if kind == "alert.opened" and known and chance.random() < 0.2:
                incident, alert = chance.choice(known)
            known.append((incident, alert))
            events.append(
                service.event(
                    kind,
                    incident=incident,
                    alert=alert,
                    severity=chance.choice(["critical", "high", "low"]),
                    auto_resolve=chance.random() < 0.97,
                )
            )
        await service.alert_events(*events)
        assert service.database.query(KEPT) == service.database.query(COUNTED)
    unresolved = [
        str(one)
        for (one,) in service.database.query(
            "SELECT id FROM incidents WHERE status <> 'resolved' ORDER BY number"
        )
    ]
    source, target, *_ = unresolved
    response = await service.client.post(
        f"/api/v1/incidents/{source}/merge", json={"into": target}, headers=service.person()
    )
    assert response.status_code == 200
    assert service.database.query(KEPT) == service.database.query(COUNTED)
    await service.patch(target, status="resolved")
    assert service.database.query(KEPT) == service.database.query(COUNTED)


async def test_what_the_release_before_changed_is_counted_anew(service: Any) -> None:
    incident, ours, theirs = new_id(), new_id(), new_id()
    await service.alert_events(*joining(service, incident, [ours]))
    # It knows no counts; each change of an incident, an alert that joins too, is a revision.
    service.database.query(
        "INSERT INTO alerts (id, incident_id, integration, fingerprint, service, severity, message,"
        " labels, annotations, links, starts_at, attached_at) "
        "SELECT %(theirs)s, incident_id, integration, 'other', service, severity, message, labels,"
        " annotations, links, starts_at, attached_at FROM alerts WHERE id = %(ours)s",
        {"ours": ours, "theirs": theirs},
    )
    service.database.query(
        "UPDATE incidents SET alert_count = 2, revision = revision + 1 WHERE id = %(incident)s",
        {"incident": incident},
    )
    (first,) = await service.alert_events(
        service.event("alert.resolved", incident=incident, alert=ours)
    )
    assert first["reason"] == "still_firing"
    (last,) = await service.alert_events(
        service.event("alert.resolved", incident=incident, alert=theirs)
    )
    assert last["reason"] == "all_alerts_resolved"
    assert (await service.get(incident))["status"] == "resolved"
