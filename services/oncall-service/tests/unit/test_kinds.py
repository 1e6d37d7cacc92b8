"""What this service emits is what its contract names, and can be said in words."""

import ast
from pathlib import Path

import oncall_service
from oncall_service.paging.reasons import Reason
from shared.contracts.oncall import MessageKind, PageKind
from shared.words.names import NAMES

PACKAGE = Path(oncall_service.__file__).parent

# Why nothing was done: in logs and results, and in no sentence.
UNSAID = {
    Reason.ALREADY_PAGING,
    Reason.ALREADY_EXHAUSTED,
    Reason.DUPLICATE_EVENT,
    Reason.STALE_REVISION,
    Reason.NOTHING_TO_STOP,
    Reason.ALREADY_ASKED,
}


def _named_in_code(enumeration: str) -> set[str]:
    return {
        node.attr
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == enumeration
    }


def test_every_kind_of_page_event_is_emitted() -> None:
    assert _named_in_code("PageKind") == {kind.name for kind in PageKind}


def test_every_kind_of_message_is_made() -> None:
    assert _named_in_code("MessageKind") == {kind.name for kind in MessageKind}


def test_every_reason_in_a_sentence_has_its_word_in_the_catalogue() -> None:
    said = {reason.replace("_", " ") for reason in set(Reason) - UNSAID}
    assert said - NAMES == set()


def test_no_event_is_named_by_hand() -> None:
    kinds = {kind.value for kind in PageKind}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant):
                assert node.value not in kinds, path
