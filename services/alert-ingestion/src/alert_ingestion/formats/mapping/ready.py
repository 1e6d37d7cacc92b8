"""Mappings that are ready for senders which people name: a data file each, with examples."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, Final

import msgspec

_PACKAGE: Final = "alert_ingestion.formats.mapping"


@dataclass(frozen=True, slots=True)
class Example:
    """A body as the sender makes it, and what it says; ``expected`` is None for no alert."""

    title: str
    payload: Any
    expected: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Ready:
    """A mapping for one sender; ``docs`` is the page that says how to point it at Vigie."""

    name: str
    title: str
    docs: str
    mapping: Mapping[str, Any]
    examples: tuple[Example, ...]


@lru_cache(maxsize=1)
def ready() -> Mapping[str, Ready]:
    """Every ready mapping by its name, in the order of the names."""
    files = resources.files(_PACKAGE).joinpath("ready").iterdir()
    found = [
        msgspec.json.decode(file.read_bytes(), type=Ready)
        for file in files
        if file.name.endswith(".json")
    ]
    return {one.name: one for one in sorted(found, key=lambda one: one.name)}
