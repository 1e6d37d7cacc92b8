"""Severities of other systems, in our four words (the table is in the service's README)."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from shared.contracts.wire import Severity

# Prometheus' usual words, PagerDuty, Opsgenie and incident levels (P1, SEV-1), syslog (RFC 5424:
# names and 0 to 7), Zabbix, Sentry, Jira, ServiceNow.
_FOREIGN: Final[Mapping[Severity, tuple[str, ...]]] = {
    Severity.CRITICAL: (
        *("critical", "crit", "fatal", "emergency", "emerg", "alert", "panic", "page"),
        *("disaster", "blocker", "urgent", "highest", "p0", "p1", "sev0", "sev1", "0", "1", "2"),
    ),
    Severity.HIGH: ("error", "err", "high", "major", "severe", "p2", "sev2", "3"),
    Severity.MEDIUM: (
        *("warning", "warn", "medium", "minor", "moderate", "average", "normal"),
        *("p3", "sev3", "4"),
    ),
    Severity.LOW: (
        *("info", "informational", "information", "low", "lowest", "none", "notice", "debug"),
        *("trivial", "ok", "p4", "p5", "sev4", "sev5", "5", "6", "7"),
    ),
}

_BY_WORD: Final = {word: severity for severity, words in _FOREIGN.items() for word in words}

# SEV 2, sev-2, Severity_2 and sev2 are one word.
_BETWEEN: Final = re.compile(r"[\s_.:-]+")
_LEVEL: Final = re.compile(r"(?:severity|sev|s)([0-9])|(?:priority|prio|p)([0-9])")

# A label-only alert says how bad it is in one of these, the first that is there.
_LABELS: Final = ("severity", "priority", "level")


class Reading(NamedTuple):
    """Our severity, the word it was read from (None: there was none), and whether we knew it."""

    severity: Severity
    word: str | None
    known: bool


def normalised(word: str) -> str:
    """A word as it is looked up: without case, spaces, dashes, and with levels written one way."""
    short = _BETWEEN.sub("", word.casefold())
    level = _LEVEL.fullmatch(short)
    if level is None:
        return short
    return f"sev{level[1]}" if level[1] else f"p{level[2]}"


def from_foreign(word: str, own: Mapping[str, Severity]) -> Severity | None:
    """Our severity for another system's word; ``own`` are the integration's, and win.

    None for an unknown word.
    """
    looked_up = normalised(word)
    return own.get(looked_up) or _BY_WORD.get(looked_up)


def from_labels(labels: Mapping[str, str], own: Mapping[str, Severity]) -> Reading:
    """The severity of a label-only alert; an unknown word is medium, never a refusal."""
    for name in _LABELS:
        word = labels.get(name)
        if word:
            found = from_foreign(word, own)
            return Reading(found or Severity.MEDIUM, word, known=found is not None)
    return Reading(Severity.MEDIUM, None, known=True)
