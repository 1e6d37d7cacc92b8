"""Fixtures for every test of the repository; loaded by ``-p vigie_testing.plugin``.

    def test_something(clock): ...                      # ManualClock, Monday 2026-03-02 09:00 UTC
    def test_store(make_database):
        database = make_database("alert-ingestion")     # its own, migrated, dropped afterwards
        settings = Settings(**database.settings(), callers={...})

The PostgreSQL server behind it starts with the first test that needs a database, is shared by all
xdist workers and is gone when the session is.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from shared import counters
from vigie_local.ports import find_free
from vigie_testing import cluster as clusters
from vigie_testing import databases, snapshots
from vigie_testing.clock import ManualClock
from vigie_testing.databases import Database

_SESSION = pytest.StashKey[tuple[Path, int]]()


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands still at 2026-03-02 09:00 UTC until the test moves it."""
    return ManualClock()


@pytest.fixture(autouse=True)
def _counters_begin_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test looks at /metrics when it has counted, not two scrapes later."""
    monkeypatch.setattr(counters, "HELD_SECONDS", 0.0)


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Find ports on which nobody listens."""
    return find_free


@pytest.fixture(scope="session")
def postgres_cluster(request: pytest.FixtureRequest) -> clusters.Cluster:
    """The session's PostgreSQL server (roles and passwords included)."""
    folder, pid = request.config.stash[_SESSION]
    return clusters.obtain(folder, pid)


@pytest.fixture
def make_database(postgres_cluster: clusters.Cluster) -> Iterator[Callable[[str], Database]]:
    """Make databases for this test: ``make_database("oncall-service")``."""
    made = []

    def make(service: str) -> Database:
        made.append(databases.create(postgres_cluster, service))
        return made[-1]

    yield make
    for database in made:
        databases.drop(database)


@pytest.fixture
def restore_snapshot(
    postgres_cluster: clusters.Cluster, tmp_path: Path
) -> Iterator[Callable[[str], tuple[Database, Path]]]:
    """Make the database an earlier release left: ``restore_snapshot("oncall-service")``.

    Answers it with the folder of that release's migrations.
    """
    made = []

    def restore(service: str) -> tuple[Database, Path]:
        made.append(snapshots.restore(postgres_cluster, service, tmp_path / service))
        return made[-1]

    yield restore
    for database, _ in made:
        databases.drop(database)


def pytest_configure(config: pytest.Config) -> None:
    """The controller chooses the session's folder; xdist workers are told below."""
    worker = getattr(config, "workerinput", None)
    if worker is not None:
        config.stash[_SESSION] = Path(worker["vigie_folder"]), worker["vigie_pid"]
    else:
        config.stash[_SESSION] = clusters.new_session_folder(), os.getpid()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell an xdist worker which session it belongs to."""
    folder, pid = node.config.stash[_SESSION]
    node.workerinput["vigie_folder"] = str(folder)
    node.workerinput["vigie_pid"] = pid


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """The controller, which ends last, stops the server."""
    if not hasattr(config, "workerinput") and _SESSION in config.stash:
        clusters.release(config.stash[_SESSION][0])
