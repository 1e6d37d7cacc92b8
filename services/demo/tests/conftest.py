import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

# The checks of the dashboards know every expression that is drawn; and what the tests share.
sys.path[:0] = [str(Path(__file__).parents[3] / "ci"), str(Path(__file__).parent)]

MODULES = ("week", "samples", "health", "recorded", "backfill")


@pytest.fixture(scope="module")
def demo() -> dict[str, ModuleType]:
    """services/demo is run as a folder or an archive, so its modules are top-level names there."""
    folder = str(Path(__file__).parents[1])
    sys.path.insert(0, folder)
    try:
        return {name: importlib.import_module(name) for name in MODULES}
    finally:
        sys.path.remove(folder)


@pytest.fixture(scope="module")
def incidents(demo: dict[str, ModuleType]) -> list[dict[str, Any]]:
    people = demo["week"].people
    persons = {
        name: {"id": f"00000000-0000-7000-8000-{number:012}", "name": name}
        for number, name in enumerate(name for team in people.TEAMS for name in team.members)
    }
    made: list[dict[str, Any]] = demo["week"].past_incidents(
        7, importlib.import_module("past").NOW, persons
    )
    return made
