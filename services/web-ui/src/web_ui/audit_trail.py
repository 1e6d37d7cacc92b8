"""The records that two services keep of changes, as one: newest first, page by page. Pure.

Each service has its own pages and cursors. What is older than all that the other has told so far is
held back until the other has told as much, so that the order holds over the pages too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.contracts.audit import AuditEntry
from shared.contracts.wire import Page
from web_ui.reading import say, word

PAGE_SIZE = 50
OVER = "over"

KINDS: Mapping[str, str] = {
    "person": "/people",
    "team": "/teams",
    "schedule": "/schedules",
    "policy": "/policies",
    "service": "/services",
    "override": "",
    "swap": "",
    "token": "",
    "integration": "/integrations",
    "silence": "/silences",
    "inhibition_rule": "",
    "heartbeat": "",
    "inbox": "/inbox",
}
"""What changes are of, and below which address each has its page; empty: none has."""


@dataclass(frozen=True)
class Place:
    """Where a service's record goes on: its cursor, and how many from there were shown before."""

    cursor: str | None = None
    shown: int = 0
    over: bool = False

    @classmethod
    def of(cls, text: str) -> "Place":
        """From an address; what is none of ours is the beginning."""
        if text == OVER:
            return cls(over=True)
        count, _, cursor = text.partition(".")
        return cls(cursor or None, int(count)) if count.isdecimal() and len(count) < 4 else cls()

    @property
    def text(self) -> str:
        """For an address; empty at the beginning."""
        if self.over:
            return OVER
        return f"{self.shown}.{self.cursor or ''}" if self.shown or self.cursor else ""


@dataclass(frozen=True)
class Told:
    """What a service told from a place on; None: it is at its end, or does not answer."""

    place: Place
    page: Page[AuditEntry] | None

    @property
    def left(self) -> Sequence[AuditEntry]:
        """What was not shown before."""
        return self.page.items[self.place.shown :] if self.page else ()

    def is_told(self, shown: int) -> bool:
        """Whether, after so many more, there is only more on its next page."""
        return shown >= len(self.left) and self.page is not None and bool(self.page.next_cursor)

    def after(self, shown: int) -> Place:
        """The place after so many more."""
        if self.page is None:
            return self.place
        if shown < len(self.left):
            return Place(self.place.cursor, self.place.shown + shown)
        following = self.page.next_cursor
        return Place(following) if following else Place(over=True)


def merged(told: Sequence[Told]) -> tuple[list[AuditEntry], list[Place]]:
    """The newest of all, and where each goes on."""
    found: list[AuditEntry] = []
    counts = [0] * len(told)
    while len(found) < PAGE_SIZE:
        heads = [
            (one.left[count].at, number)
            for number, (one, count) in enumerate(zip(told, counts, strict=True))
            if count < len(one.left)
        ]
        # What a service has not told yet may be newer than all that the other has.
        if not heads or any(one.is_told(count) for one, count in zip(told, counts, strict=True)):
            break
        _, number = max(heads)
        found.append(told[number].left[counts[number]])
        counts[number] += 1
    return found, [one.after(count) for one, count in zip(told, counts, strict=True)]


@dataclass(frozen=True)
class Difference:
    """A field that differs; empty: it was not there, or is not any more."""

    field: str
    before: str
    after: str


# Every entry says when it was, and of what; nothing is learnt from them twice.
_SAID_ALREADY = frozenset({"id", "created_at"})


def differences(entry: AuditEntry) -> list[Difference]:
    """Field by field, in the order of their names; what is empty before and after says nothing."""
    before, after = entry.before or {}, entry.after or {}
    found = (
        Difference(word(name), _text(before.get(name)), _text(after.get(name)))
        for name in sorted({*before, *after} - _SAID_ALREADY)
    )
    return [each for each in found if each.before != each.after]


def _text(value: Any) -> str:
    """A value as somebody reads it: a thing by its name, else by its fields that say something."""
    if value is None or value in ({}, [], ""):
        return ""
    if isinstance(value, bool):
        return str(say("yes") if value else say("no"))
    if isinstance(value, dict):
        if value.keys() <= {"id", "name"}:
            return str(value.get("name", ""))
        fields = ((word(name), _text(each)) for name, each in value.items())
        return ", ".join(f"{name}: {text}" for name, text in fields if text)
    if isinstance(value, list):
        whole = any(isinstance(each, dict) and not each.keys() <= {"id", "name"} for each in value)
        return (" · " if whole else ", ").join(map(_text, value))
    return str(value)
