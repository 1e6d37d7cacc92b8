"""An installation of the release that stored sentences is upgraded, and can go back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from shared.contracts.incidents import IncidentKind
from vigie_testing.databases import Database
from vigie_testing.snapshots import starts_and_writes

Restore = Callable[[str], tuple[Database, Path]]

# "1 unsent notifications", and states with their underscores: nobody writes them so any more.
AT_MOST_LEGACY = 0.05


def rows(database: Database) -> dict[int, tuple[Any, ...]]:
    found = database.query("SELECT seq, incident_id, kind, text, data FROM timeline")
    return {seq: (str(incident), kind, text, data) for seq, incident, kind, text, data in found}


async def test_every_timeline_reads_as_before(
    restore_snapshot: Restore, start_service: Callable[..., Any]
) -> None:
    database, _ = restore_snapshot("incident-management")
    before = rows(database)
    service = start_service(database)
    async with service.client:
        seen = {}
        for incident in {incident for incident, *_ in before.values()}:
            for entry in await service.timeline(incident):
                seen[entry["id"]] = entry
    assert {seq: entry["text"] for seq, entry in seen.items()} == {
        seq: text for seq, (_, _, text, _) in before.items()
    }
    for seq, entry in seen.items():
        _, kind, _, _ = before[seq]
        if entry["kind"] == IncidentKind.LEGACY:
            assert entry["data"]["kind"] == kind
        else:
            assert entry["kind"] == kind


async def test_sentences_become_facts_and_only_a_few_cannot(
    restore_snapshot: Restore, start_service: Callable[..., Any]
) -> None:
    database, _ = restore_snapshot("incident-management")
    made = {seq for seq, (_, kind, _, _) in rows(database).items() if kind != "note"}
    # What was imported with words of its own keeps them.
    imported = {
        seq for (seq,) in database.query("SELECT seq FROM timeline WHERE text LIKE '% is paged: %'")
    }
    service = start_service(database)
    async with service.client:
        after = rows(database)
        response = await service.client.get(
            f"/api/v1/incidents/{next(iter(after.values()))[0]}/timeline",
            headers={**service.person(), "Accept-Language": "fr"},
        )
    legacy = {seq for seq in made if after[seq][1] == IncidentKind.LEGACY}
    assert imported <= legacy
    assert len(legacy - imported) <= AT_MOST_LEGACY * len(made)
    assert all(after[seq][2] == "" for seq in made - legacy)
    assert next(entry["text"] for entry in response.json()["items"]).startswith("Ouvert : ")


def test_the_release_before_starts_on_the_new_schema_and_writes_to_it(
    restore_snapshot: Restore,
) -> None:
    database, old_migrations = restore_snapshot("incident-management")
    starts_and_writes(
        database, "incident-management", old_migrations, ["incidents", "alerts", "timeline"]
    )
