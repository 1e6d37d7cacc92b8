"""Tests that share something expensive run on one worker: xdist_group does what it says."""

import os
import subprocess
import sys
from pathlib import Path

_MODULE = """
import pytest

@pytest.mark.xdist_group("shared")
@pytest.mark.parametrize("number", range(8))
def test_one_of_a_group(number, worker_id):
    with open("workers", "a") as file:
        file.write(worker_id + "\\n")
"""


def test_a_group_stays_on_one_worker(tmp_path: Path) -> None:
    """Pytest and pytest-xdist agree on this by a private name, and lost it once without a word."""
    (tmp_path / "test_group.py").write_text(_MODULE)
    command = [sys.executable, "-m", "pytest", "-p", "xdist", "-n", "2", "--dist=loadgroup"]
    # No other plugin, which would take most of the time.
    alone = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        command, cwd=tmp_path, env=alone, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    workers = (tmp_path / "workers").read_text().split()
    assert len(workers) == 8
    assert len(set(workers)) == 1, workers
