"""One installation for all journeys; they run one after the other on one worker."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
# The browser that web-ui's own tests drive.
sys.path.insert(0, str(Path(__file__).parents[2] / "services" / "web-ui" / "tests" / "browser"))

from stack import Stack

from vigie_testing.cluster import new_session_folder


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The four services, PostgreSQL and the supervisor, started once for all journeys."""
    folder = new_session_folder()
    # The journeys with Prometheus start one of their own.
    made = Stack.make(
        folder / "state", VIGIE_PROMETHEUS="off", VIGIE_WEBHOOK_ALLOWED_NETWORKS="127.0.0.1"
    )
    try:
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder)
