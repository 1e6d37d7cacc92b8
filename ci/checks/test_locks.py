"""The lock: everything asked for is in it, every file of it is a hash, and no host is named."""

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

FOLDER = Path(__file__).parents[2] / "services/requirements"
RUNS_WITHOUT_AN_IMPORT = {
    "httptools": "uvicorn parses requests with it",
    "uvloop": "uvicorn's event loop",
}
LISTS = ("runtime", "local", "dev")
# Each list builds on the one before it.
PINNED = re.compile(r"^(?P<name>[a-z0-9._-]+)(?:\[(?P<extras>[^]]+)\])?==(?P<version>\S+)")


def _asked(name: str) -> set[str]:
    """The packages that an .in file names, without extras and versions."""
    lines = (FOLDER / f"{name}.in").read_text().splitlines()
    wanted = (line.split("#")[0].strip() for line in lines if not line.startswith("-"))
    return {re.split(r"[\[=<>!~ ]", line)[0].lower() for line in wanted if line}


def _pins(name: str) -> list[re.Match[str]]:
    lines = (FOLDER / f"{name}.txt").read_text().splitlines()
    return [match for match in map(PINNED.match, lines) if match]


def _locked(name: str) -> dict[str, str]:
    return {match["name"]: match["version"] for match in _pins(name)}


@pytest.mark.parametrize("name", LISTS)
def test_everything_that_is_asked_for_is_locked(name: str) -> None:
    assert _asked(name) <= _locked(name).keys()


@pytest.mark.parametrize("name", LISTS)
def test_every_package_has_hashes_and_no_host_is_named(name: str) -> None:
    text = (FOLDER / f"{name}.txt").read_text()
    assert len(re.findall(r"(?m)^[a-z0-9._-]+\S*==.*\\\n +--hash=sha256:", text)) == len(
        _locked(name)
    )
    assert "://" not in text
    assert "--index" not in text


def test_every_extra_that_a_package_asks_for_is_locked() -> None:
    """Otherwise pip before 23.3 takes the newest release for it, whose hash is not in the lock."""
    locked = {
        match["name"]: frozenset((match["extras"] or "").split(",")) for match in _pins("dev")
    }
    asked = [
        (distribution.name, requirement)
        for distribution in metadata.distributions()
        if canonicalize_name(distribution.name) in locked
        for requirement in map(Requirement, distribution.requires or ())
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    ]
    with_extras = [(who, wanted) for who, wanted in asked if wanted.extras]
    assert with_extras, "pytest-cov asks for coverage[toml]: this test looks in the wrong place"
    for who, wanted in with_extras:
        assert wanted.extras <= locked[canonicalize_name(wanted.name)], f"{who} asks for {wanted}"


def test_what_the_services_import_is_what_is_asked_for() -> None:
    """Each names what it imports (deptry compares that); together that is the runtime list."""
    named = {
        re.split(r"[\[=<>!~ ]", dependency)[0]
        for path in FOLDER.parent.glob("*/pyproject.toml")
        for dependency in tomllib.loads(path.read_text(encoding="utf-8"))["project"]["dependencies"]
    }
    assert named | set(RUNS_WITHOUT_AN_IMPORT) == _asked("runtime")


def test_machines_and_images_get_the_same_versions() -> None:
    runtime, local, dev = (_locked(name) for name in LISTS)
    assert runtime.items() <= local.items()
    assert local.items() <= dev.items()
