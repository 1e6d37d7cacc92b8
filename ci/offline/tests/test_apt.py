"""ci/offline waits for another apt, and for nothing else."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
LOCKED = (
    "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 71 (unattended-upgr)",
    "E: Could not get lock /var/lib/apt/lists/lock - open (11: Resource temporarily unavailable)",
    "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend)",
)
# Fails with what is in `says` until it was asked three times.
APT = """#!/bin/sh
here="$(dirname "$0")"
echo "$*" >>"$here/asked"
[ "$(wc -l <"$here/asked")" -gt 2 ] && [ ! -e "$here/forever" ] && exit 0
cat "$here/says" >&2
exit 100
"""


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder with an apt-get of its own, and a sudo that is never asked for a password."""
    for name, script in (("apt-get", APT), ("sudo", '#!/bin/sh\n[ "$1" = -n ] && shift\n"$@"\n')):
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)
    return tmp_path


def install(machine: Path, seconds: int = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", 'source "$0/ci/offline/lib.sh"; install_packages docker.io', ROOT],
        env={
            "PATH": f"{machine}{os.pathsep}{os.environ['PATH']}",
            "STAGE": "engine",
            "VIGIE_CI_OUT": str(machine / "out"),
            "VIGIE_APT_SECONDS": str(seconds),
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("complaint", LOCKED)
def test_another_apt_is_waited_for(machine: Path, complaint: str) -> None:
    (machine / "says").write_text(f"{complaint}\n")
    done = install(machine)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("waiting for another apt") == 1
    asked = (machine / "asked").read_text().splitlines()
    assert len(asked) == 3
    assert asked[0].endswith("docker.io")


def test_one_that_never_ends_is_named(machine: Path) -> None:
    (machine / "forever").touch()
    (machine / "says").write_text(f"{LOCKED[0]}\n")
    done = install(machine, seconds=1)
    assert done.returncode == 20
    assert "held by process 71" in done.stderr


def test_any_other_fault_is_told_at_once(machine: Path) -> None:
    (machine / "says").write_text("E: Unable to locate package docker.io\n")
    done = install(machine)
    assert done.returncode == 20
    assert "Unable to locate package" in done.stderr
    assert len((machine / "asked").read_text().splitlines()) == 1
