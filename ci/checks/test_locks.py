"""The lock: everything asked for is in it, every file of it is a hash, and no host is named."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "services/shared/requirements"
LISTS = ("runtime", "local", "dev")
# Each list builds on the one before it.
PINNED = re.compile(r"^(?P<name>[a-z0-9._-]+)==(?P<version>\S+)")


def _asked(name: str) -> set[str]:
    """The packages that an .in file names, without extras and versions."""
    lines = (FOLDER / f"{name}.in").read_text().splitlines()
    wanted = (line.split("#")[0].strip() for line in lines if not line.startswith("-"))
    return {re.split(r"[\[=<>!~ ]", line)[0].lower() for line in wanted if line}


def _locked(name: str) -> dict[str, str]:
    lines = (FOLDER / f"{name}.txt").read_text().splitlines()
    found = (PINNED.match(line) for line in lines)
    return {match["name"]: match["version"] for match in found if match}


@pytest.mark.parametrize("name", LISTS)
def test_everything_that_is_asked_for_is_locked(name: str) -> None:
    assert _asked(name) <= _locked(name).keys()


@pytest.mark.parametrize("name", LISTS)
def test_every_package_has_hashes_and_no_host_is_named(name: str) -> None:
    text = (FOLDER / f"{name}.txt").read_text()
    assert len(re.findall(r"(?m)^[a-z0-9._-]+==.*\\\n +--hash=sha256:", text)) == len(_locked(name))
    assert "://" not in text
    assert "--index" not in text


def test_machines_and_images_get_the_same_versions() -> None:
    runtime, local, dev = (_locked(name) for name in LISTS)
    assert runtime.items() <= local.items()
    assert local.items() <= dev.items()
