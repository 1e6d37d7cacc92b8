"""An installation of the release that stored words is upgraded, and can go back."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from shared.auth import hash_token
from shared.identifiers import new_id
from vigie_testing import databases
from vigie_testing.databases import SERVICES_FOLDER, Database

MIGRATIONS = SERVICES_FOLDER / "oncall-service" / "migrations"
Restore = Callable[[str], tuple[Database, Path]]

ODD = {
    "title": "Hello",
    "text": "Somebody's own words",
    "url": "https://vigie.example/",
    "facts": {"kind": "page", "severity": "low"},
}
MORE = {
    "title": "[HIGH] 2 more alerts on INC-42 Checkout: is\ndown",
    "text": (
        "Ben, 2 more alerts joined INC-42, which you have: Checkout: is\ndown\n"
        "The worst of them: medium: Disk full: yes\nService: checkout\nSeverity: high"
    ),
    "url": "https://vigie.example/incidents/1",
    "facts": {
        "kind": "more_alerts",
        "count": 2,
        "incident_id": "1",
        "incident_number": 42,
        "severity": "high",
        "service": "checkout",
        "reason": "more_alerts",
    },
}
TEST = {
    "title": "Vigie: test message",
    "text": "Ben, this contact method works. Nothing is wrong.",
    "url": "https://vigie.example/",
    "facts": {"kind": "test"},
}


def add(database: Database, kind: str, message: dict[str, Any], detail: str, outcome: str) -> str:
    """Another notification as the release before wrote it."""
    identifier = str(new_id())
    database.query(
        "INSERT INTO notifications (id, idempotency_key, kind, person_name, channel, shown_target, "
        "reason, message, outcome, outcome_detail, attempts, created_at) "
        "VALUES (%(id)s::uuid, %(id)s, %(kind)s, 'Ben', 'log', '', 'primary_on_call', %(message)s, "
        "%(outcome)s, %(detail)s, 0, now())",
        {
            "id": identifier,
            "kind": kind,
            "message": json.dumps(message),
            "outcome": outcome,
            "detail": detail,
        },
    )
    return identifier


def notifications(database: Database) -> dict[str, tuple[Any, ...]]:
    found = database.query("SELECT id, message, outcome_detail FROM notifications")
    return {str(identifier): row for identifier, *row in found}


async def test_every_notification_reads_as_before_and_is_kept_as_facts(
    restore_snapshot: Restore, start: Any
) -> None:
    database, _ = restore_snapshot("oncall-service")
    odd = add(database, "page", ODD, "as it was", "failed")
    more = add(database, "more_alerts", MORE, "ok, in one message with 2 others", "sent")
    lost = add(database, "page", {}, "nobody in this installation has a contact method", "failed")
    add(database, "test", TEST, "", "pending")
    before = notifications(database)
    async with start(database) as oncall:
        _admit(database, oncall.api_token)
        shown = await oncall.ok("GET", "/api/v1/notifications?limit=100")
        french = await oncall.ok(
            "GET",
            "/api/v1/notifications?outcome=cancelled&limit=100",
            headers={"Accept-Language": "fr"},
        )
    assert {one["id"]: (one["title"], one["detail"]) for one in shown["items"]} == {
        identifier: (message.get("title", ""), detail)
        for identifier, (message, detail) in before.items()
    }
    assert "non envoyé : acquitté" in {one["detail"] for one in french["items"]}
    after = notifications(database)
    kinds = {identifier: message.get("kind") for identifier, (message, _) in after.items()}
    assert (kinds.pop(odd), kinds.pop(lost)) == ("legacy", None)
    assert "legacy" not in kinds.values()
    assert after[more][0]["facts"]["worst_message"] == "Disk full: yes"
    assert after[more][1] == "ok"
    assert not any(detail.startswith("not sent") for _, detail in after.values())


async def test_runs_that_were_going_on_go_on_and_page_nobody_twice(
    restore_snapshot: Restore, start: Any, clock: Any
) -> None:
    database, _ = restore_snapshot("oncall-service")
    [(seen,)] = database.query("SELECT seen FROM clock_marks")
    clock.set(seen)
    [(due,)] = database.query("SELECT min(due_at) FROM escalations WHERE status = 'running'")
    async with start(database) as oncall:
        assert await oncall.tick() == []
        clock.set(max(due, seen))
        assert await oncall.tick() != [], "the step that was due next"


async def test_what_was_owed_before_the_upgrade_is_sent_in_the_same_words(
    restore_snapshot: Restore, start: Any
) -> None:
    database, _ = restore_snapshot("oncall-service")
    database.query(
        "UPDATE notifications SET outcome = 'pending', bundle_id = NULL, finished_at = NULL, "
        "attempts = 0, next_attempt_at = created_at - interval '1 year' WHERE outcome = 'sent' "
        "AND message ->> 'title' LIKE '[CRITICAL]%%'"
    )
    [(before,)] = database.query("SELECT message FROM notifications WHERE outcome = 'pending'")
    async with start(database, web_ui_url=before["url"].partition("/incidents")[0]) as oncall:
        await oncall.app.state.engines["sending"].cycle()
        [sent] = oncall.phones.rang
    assert (sent.message.title, sent.message.text, sent.message.url) == (
        before["title"],
        before["text"],
        before["url"],
    )


async def test_pages_counted_by_name_go_on_under_the_id_of_whoever_has_it(
    restore_snapshot: Restore, start: Any
) -> None:
    database, _ = restore_snapshot("oncall-service")
    by_name = (
        "SELECT labels::jsonb ->> 0, labels::jsonb ->> 1, sum(value) FROM counters "
        "WHERE name = 'oncall_pages_total' GROUP BY 1, 2 ORDER BY 1, 2"
    )
    before = database.query(by_name)
    people = dict(database.query("SELECT id::text, name FROM people"))
    async with start(database) as oncall:
        # A replica of the release before is still at work.
        database.query(
            "INSERT INTO counters (name, labels, shard, value) "
            "VALUES ('oncall_pages_total', '[\"Payments\", \"Somebody\"]', 0, 1)"
        )
        page = (await oncall.client.get("/metrics")).text
    counted = []
    for line in page.splitlines():
        if line.startswith("oncall_pages_total{"):
            labels = dict(re.findall(r'(\w+)="([^"]*)"', line))
            assert labels["hours"] == "unknown"
            value = float(line.rpartition(" ")[2])
            counted.append((labels["team"], people[labels["person_id"]], value))
    known = [row for row in before if row[1] in people.values()]
    assert sorted(counted) == known != []
    kept = database.query(by_name)
    assert set(before) < set(kept), "for a rollback"


def test_the_release_before_starts_on_the_new_schema_and_writes_to_it(
    restore_snapshot: Restore,
) -> None:
    database, old_migrations = restore_snapshot("oncall-service")
    tables = _columns(database)
    databases.migrate(database, MIGRATIONS)
    databases.migrate(database, old_migrations)  # what that release does at its start
    # What may be left out of a new row: only columns that the release before does not know.
    needed = database.query(
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_schema = 'oncall' AND is_nullable = 'NO' AND column_default IS NULL "
        "AND is_identity = 'NO' AND is_generated = 'NEVER'"
    )
    assert [one for one in needed if one[0] in tables and one[1] not in tables[one[0]]] == []
    kept = _columns(database)
    assert {
        table: names - kept[table] for table, names in tables.items() if names - kept[table]
    } == {}


async def test_the_release_before_can_send_what_this_one_owes(
    crew: Any, incident_event: Any
) -> None:
    event = incident_event()
    await crew.hear(event)
    [(message,)] = crew.database.query("SELECT message FROM oncall.notifications")
    # What it reads of a message, without which it sends nothing.
    assert (message["title"], message["text"]) == ("page: Checkout is down", "")
    assert message["url"].endswith(event["incident"]["id"])
    assert message["facts"]["severity"] == "critical"


async def test_what_the_release_before_writes_during_an_upgrade_is_sent_as_it_is(
    crew: Any, incident_event: Any
) -> None:
    await crew.hear(incident_event())
    crew.database.query(
        "UPDATE oncall.notifications SET message = %(message)s", {"message": json.dumps(ODD)}
    )
    await crew.app.state.engines["sending"].cycle()
    [sent] = crew.phones.rang
    assert (sent.message.title, sent.message.text) == (ODD["title"], ODD["text"])


def _admit(database: Database, token: str) -> None:
    """Let the test in: the token of the snapshot is nobody's."""
    database.query("UPDATE api_tokens SET token_hash = %(hash)s", {"hash": hash_token(token)})


def _columns(database: Database) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for table, column in database.query(
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_schema = 'oncall'"
    ):
        found.setdefault(table, set()).add(column)
    return found
