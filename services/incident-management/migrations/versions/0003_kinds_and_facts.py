"""Timeline rows hold facts, not sentences; who chose a severity; what an alert said last.

Sentences of the past are taken apart where the facts make the very same sentence again; what
cannot be stays as kind ``legacy`` with its text.
"""

import re
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from shared.contracts.incidents import OWN_WORDS, IncidentKind
from shared.migrations import extend_counters
from shared.words.catalogues import ENGLISH, speaking
from shared.words.timeline import Happening, sentence

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ROWS_AT_ONCE = 5_000

_TOGETHER = r"in one message with (?P<with_others>[0-9]+) others"

# What the sentences of the release before held besides the facts that their rows have already.
_FACTS = {
    "incident.opened": (
        r"Opened by an alert, for the incident before it takes no more new ones: (?P<title>.*)",
        r"Opened by an alert that came again: (?P<title>.*)(?P<recurrence_of>)",
        r"Opened by an alert: (?P<title>.*)",
        r"Opened: (?P<title>.*)",
        r".* opened it\.",
    ),
    "incident.acknowledged": (r"(?P<by>.*) acknowledged\.", r".* paused work on it\."),
    "incident.resolved": (r"(?P<by>.*) resolved\.", r"Resolved by itself: .*"),
    "incident.unchanged": (
        r".* which it was already by (?P<since_by>.*) at (?P<since_at>.*) UTC\. Nothing changed\.",
        r".* which it was already at (?P<since_at>.*) UTC\. Nothing changed\.",
        r".* Nothing changed\.",
    ),
    "incident.merged": (r".*, with (?P<alerts>[0-9]+) alerts?\.",),
    "incident.absorbed": (r".*, with (?P<alerts>[0-9]+) alerts?\.",),
    "alert.attached": (
        r"Another alert belongs to it: (?P<title>.*)\. It is \w+, the incident was (?P<was>\w+)\.",
        r"Another alert belongs to it: (?P<title>.*)\.",
    ),
    "alert.resolved": (r"An alert stopped firing: (?P<title>.*)\.",),
    "page.started": (r"Paging team .* by policy (?P<policy>.*)\.",),
    "page.requested": (r"(?P<by>.*?) escalated: (?P<why>.*)\.", r"(?P<by>.*) escalated\."),
    "page.target": (
        r"Step .* is paged \(.*\), from (?P<from>.*) UTC on: it can wait\.",
        r"Step .* is paged \(.*\)\.",
    ),
    "page.gap": (r"Step [0-9]+ \((?P<target>\w+)\) of team .* found nobody: .*\.",),
    "page.exhausted": (r"Policy (?P<policy>.*) was run to its end and nobody acknowledged\.",),
    "page.stopped": (
        r"The escalation stopped: .*\. (?P<cancelled>[0-9]+) unsent notifications were cancelled\.",
        r"The escalation stopped: .*\.",
    ),
    "notification.sent": (
        rf".* was notified by \S+: (?P<outcome>.*), {_TOGETHER}\.",
        r".* was notified by \S+: (?P<outcome>.*)\.",
    ),
    "notification.failed": (
        rf".* could not be notified by \S+: (?P<outcome>.*), {_TOGETHER}\.",
        r".* could not be notified by \S+: (?P<outcome>.*)\.",
    ),
}
_NUMBERS = frozenset({"alerts", "cancelled", "with_others"})
_INSTANTS = frozenset({"since_at", "from"})


def upgrade() -> None:
    extend_counters(op)
    op.execute("ALTER TABLE timeline ALTER COLUMN text SET DEFAULT ''")
    op.execute("ALTER TABLE incidents ADD COLUMN severity_chosen boolean NOT NULL DEFAULT false")
    # An incident opened by hand has the severity that somebody gave it.
    op.execute("UPDATE incidents SET severity_chosen = true WHERE origin = 'manual'")
    op.execute("ALTER TABLE alerts ADD COLUMN updated_at timestamptz")
    op.execute("ALTER TABLE alerts ADD COLUMN update_said_at timestamptz")
    take_apart(op.get_bind())


def take_apart(connection: sa.Connection) -> None:
    """Turn the sentences of every row into facts, a part of the table at a time."""
    after = 0
    while True:
        rows = connection.execute(
            sa.text(
                "SELECT seq, kind, actor, text, reason, data FROM timeline "
                "WHERE seq > :after ORDER BY seq LIMIT :limit"
            ),
            {"after": after, "limit": ROWS_AT_ONCE},
        ).all()
        if not rows:
            return
        changes = [
            {"seq": row.seq, **change}
            for row in rows
            if (change := _apart(row.kind, row.actor, row.text, row.reason, row.data))
        ]
        if changes:
            connection.execute(
                sa.text(
                    "UPDATE timeline SET kind = :kind, text = :text, data = :data WHERE seq = :seq"
                ).bindparams(sa.bindparam("data", type_=sa.JSON)),
                changes,
            )
        after = rows[-1].seq


def _apart(
    kind: str, actor: dict[str, Any] | None, text: str, reason: str, data: dict[str, Any]
) -> dict[str, Any] | None:
    """The kind, text and facts that a row has from now on; None when it stays as it is."""
    if kind in OWN_WORDS or not text:
        return None
    who = actor["name"] if actor else None
    for facts in _readings(kind, text):
        complete = {**data, **facts}
        if sentence(speaking(ENGLISH), Happening(kind, who, reason, complete)) == text:
            return {"kind": kind, "text": "", "data": complete}
    return {"kind": IncidentKind.LEGACY.value, "text": text, "data": {**data, "kind": kind}}


def _readings(kind: str, text: str) -> Iterator[dict[str, Any]]:
    yield {}
    for pattern in _FACTS.get(kind, ()):
        found = re.fullmatch(pattern, text, re.DOTALL)
        if found is not None:
            yield {name: _value(name, value) for name, value in found.groupdict().items()}


def _value(name: str, value: str) -> Any:
    if name in _NUMBERS:
        return int(value)
    if name in _INSTANTS:
        return value.replace(" ", "T") + "+00:00"
    # That an alert came again was said without saying of what.
    return True if name == "recurrence_of" else value
