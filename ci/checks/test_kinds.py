"""What is emitted, documented, shown and translated are the same kinds."""

import ast
import re
from enum import StrEnum
from pathlib import Path

import pytest

from shared.contracts.alerts import AlertKind
from shared.contracts.incidents import OWN_WORDS, IncidentKind
from shared.contracts.oncall import PageKind
from shared.words.timeline import SENTENCES
from web_ui.timeline import LOOKS

ROOT = Path(__file__).parents[2]

# Kind by kind of the one who owns it, and where that one lives.
OWNERS = [
    (IncidentKind, "incident-management"),
    (PageKind, "oncall-service"),
    (AlertKind, "alert-ingestion"),
]


def emitted(kinds: type[StrEnum], service: str) -> set[str]:
    """The members that the owner's code names, its migrations included."""
    files = [
        path
        for folder in ("src", "migrations")
        for path in (ROOT / "services" / service / folder).rglob("*.py")
    ]
    return {
        kinds[node.attr]
        for path in files
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == kinds.__name__
    }


def documented() -> set[str]:
    text = (ROOT / "docs" / "timeline.md").read_text(encoding="utf-8")
    return set(re.findall(r"^\| `([a-z_.]+)` \|", text, re.MULTILINE))


@pytest.mark.parametrize(("kinds", "service"), OWNERS, ids=str)
def test_every_kind_is_emitted_by_its_owner(kinds: type[StrEnum], service: str) -> None:
    assert emitted(kinds, service) == set(kinds)


def test_every_kind_of_a_timeline_is_documented() -> None:
    assert documented() == {*IncidentKind, *PageKind}


def test_every_kind_of_a_timeline_is_shown() -> None:
    assert set(LOOKS) == {*IncidentKind, *PageKind} - {IncidentKind.LEGACY}


def test_every_kind_that_is_nobodys_own_words_has_a_sentence() -> None:
    assert set(SENTENCES) == {*IncidentKind, *PageKind} - OWN_WORDS
