"""Severities of other systems, in our four words (the table is in the service's README)."""

from collections.abc import Mapping
from typing import Final

from shared.contracts.wire import Severity

_FOREIGN: Final[Mapping[Severity, tuple[str, ...]]] = {
    Severity.CRITICAL: ("critical", "crit", "fatal", "emergency", "emerg", "page", "p1", "sev1"),
    Severity.HIGH: ("error", "err", "high", "major", "p2", "sev2"),
    Severity.MEDIUM: ("warning", "warn", "medium", "minor", "p3", "sev3"),
    Severity.LOW: ("info", "informational", "information", "low", "none", "notice", "p4", "sev4"),
}

_BY_WORD: Final = {word: severity for severity, words in _FOREIGN.items() for word in words}

# A label-only alert says how bad it is in one of these, the first that is there.
_LABELS: Final = ("severity", "priority", "level")


def from_foreign(word: str) -> Severity:
    """Our severity for another system's word; an unknown word is medium, never a refusal."""
    return _BY_WORD.get(word.strip().casefold(), Severity.MEDIUM)


def from_labels(labels: Mapping[str, str]) -> tuple[Severity, str | None]:
    """The severity of a label-only alert, and the word it was read from."""
    for name in _LABELS:
        word = labels.get(name)
        if word:
            return from_foreign(word), word
    return Severity.MEDIUM, None
