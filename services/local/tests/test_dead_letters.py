"""Letters that were set aside are found and replayed with the operator's command."""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from shared.identifiers import new_id
from vigie_local import dead_letters
from vigie_testing.databases import Database


def letters(database: Database, *arguments: str) -> list[dict[str, Any]]:
    """What a service's own command prints, in that service's environment."""
    done = subprocess.run(
        [sys.executable, "-m", "shared.dead_letters", database.schema, *arguments],
        env=database.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def database(make_database: Callable[[str], Database]) -> Database:
    made = make_database("incident-management")
    for key, dead in (("one", True), ("two", True), ("three", False)):
        made.query(
            "INSERT INTO outbox (id, topic, key, payload, urgency, created_at, available_at, dead, "
            "attempts, last_error) VALUES (%(id)s, 'oncall', %(key)s, '{}', 5, now(), now(), "
            "%(dead)s, 3, 'refused: 400')",
            {"id": new_id(), "key": key, "dead": dead},
        )
    return made


def test_they_are_listed_with_what_is_known_of_them(database: Database) -> None:
    one, two = letters(database)
    assert (one["key"], two["key"]) == ("one", "two")
    assert (one["topic"], one["attempts"], one["last_error"]) == ("oncall", 3, "refused: 400")


def test_one_of_them_is_replayed_by_its_id_and_then_the_rest(database: Database) -> None:
    one, _ = letters(database)
    assert letters(database, "--replay", one["id"]) == [{"replayed": 1}]
    assert [letter["key"] for letter in letters(database)] == ["two"]
    assert letters(database, "--replay") == [{"replayed": 1}]
    assert letters(database) == []
    [(due,)] = database.query("SELECT count(*) FROM outbox WHERE NOT dead")
    assert due == 3


def test_a_database_that_is_not_there_is_said(database: Database) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "shared.dead_letters", database.schema],
        env={**database.environment(), "VIGIE_DATABASE_PORT": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "database" in done.stderr


def test_with_compose_each_service_is_asked_in_its_own_container() -> None:
    command = dead_letters.command_in_compose("oncall-service", ["--replay"])
    assert command == [
        *("docker", "compose", "exec", "-T", "oncall-service"),
        *("python", "-m", "shared.dead_letters", "oncall", "--replay"),
    ]
