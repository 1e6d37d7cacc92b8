import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from vigie_local.processes import is_alive
from vigie_testing import databases
from vigie_testing.clock import DEFAULT_START, ManualClock
from vigie_testing.cluster import Cluster
from vigie_testing.databases import Database

Make = Callable[[str], Database]


def test_each_database_of_a_test_starts_empty_and_is_its_own(make_database: Make) -> None:
    first, second = make_database("oncall-service"), make_database("oncall-service")
    first.query("CREATE TABLE mine (n int)")
    assert first.name != second.name
    assert second.query("SELECT to_regclass('mine')") == [(None,)]


def test_a_service_may_not_look_into_the_schema_of_another(make_database: Make) -> None:
    database = make_database("oncall-service")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        database.query("CREATE TABLE alerts.intruder (n int)")


def test_a_database_is_gone_after_its_test_whoever_is_still_connected(
    postgres_cluster: Cluster,
) -> None:
    database = databases.create(postgres_cluster, "oncall-service")
    with database.connect() as connection:
        databases.drop(database)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        database.connect()


def test_the_clock_moves_only_when_told() -> None:
    clock = ManualClock()
    assert clock.now() == clock.now() == DEFAULT_START
    assert (clock.advance(minutes=5) - DEFAULT_START).total_seconds() == 300
    with pytest.raises(ValueError, match="does not go back"):
        clock.advance(minutes=-1)
    clock.set(DEFAULT_START)
    assert clock.now() == DEFAULT_START
    with pytest.raises(ValueError, match="aware"):
        clock.set(DEFAULT_START.replace(tzinfo=None))


def test_a_session_leaves_no_server_and_no_folder_even_when_it_is_killed() -> None:
    script = (
        "import os, signal; from vigie_testing import cluster\n"
        "folder = cluster.new_session_folder()\n"
        "found = cluster.obtain(folder, os.getpid())\n"
        "print(folder, found.guardian, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    folder, guardian = run.stdout.split()
    _wait_until_gone(Path(folder), int(guardian))


def _wait_until_gone(folder: Path, guardian: int) -> None:
    deadline = time.monotonic() + 15
    while (is_alive(guardian) or folder.exists()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not is_alive(guardian)
    assert not folder.exists()
