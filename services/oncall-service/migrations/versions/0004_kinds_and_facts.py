"""Notifications hold what a message is about and what became of it as facts, not as words.

Words of the past are taken apart where the facts make the very same words again; what cannot be
stays as kind ``legacy`` and is sent and shown as it is. Events that are still owed to
incident-management keep their sentence, which it takes as well.

Rolled back, the release before this one sends what is still owed, under the incident's own title
and without its text (``title``, ``text`` and ``url`` of ``message`` are there for it), and shows no
reason beside what was cancelled. What it writes meanwhile is read as ``legacy``.
"""

import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

from shared.contracts.oncall import MessageKind
from shared.migrations import extend_counters
from shared.words import outcomes
from shared.words.catalogues import ENGLISH, speaking
from shared.words.messages import worded

revision = "oncall_0004"
down_revision = "oncall_0003"

ROWS_AT_ONCE = 5_000

# What the words of the release before held besides the facts that stood beside them already.
_TITLE = {
    "page": r"\[[A-Z]+\] INC-[0-9]+ (?P<incident_title>.*)",
    "more_alerts": r"\[[A-Z]+\] [0-9]+ more alerts? on INC-[0-9]+ (?P<incident_title>.*)",
}
_WORST = r"\nThe worst of them: (?P<worst_severity>[a-z]+): (?P<worst_message>.*)\nService: "
_TOGETHER = re.compile(r"(?P<said>.*), in one message with (?P<others>[0-9]+) others", re.DOTALL)
_NOT_SENT = re.compile(r"not sent: (?P<reason>.*)")
_NOBODY = "nobody in this installation has a contact method"


def upgrade() -> None:
    extend_counters(op)
    op.execute("ALTER TABLE notifications ADD COLUMN outcome_facts jsonb NOT NULL DEFAULT '{}'")
    take_apart(op.get_bind())


def downgrade() -> None:
    op.drop_column("notifications", "outcome_facts")


def take_apart(connection: sa.Connection) -> None:
    """Turn the words of every row into facts, a part of the table at a time."""
    after = None
    while True:
        rows = connection.execute(
            sa.text(
                "SELECT id, person_name, message, outcome, outcome_detail FROM notifications "
                "WHERE CAST(:after AS uuid) IS NULL OR id > CAST(:after AS uuid) "
                "ORDER BY id LIMIT :limit"
            ),
            {"after": after, "limit": ROWS_AT_ONCE},
        ).all()
        if not rows:
            return
        changes = []
        for row in rows:
            detail, facts = outcome_apart(row.outcome, row.outcome_detail)
            changes.append(
                {
                    "id": row.id,
                    "message": message_apart(row.message, row.person_name),
                    "detail": detail,
                    "facts": facts,
                }
            )
        connection.execute(
            sa.text(
                "UPDATE notifications SET message = :message, outcome_detail = :detail, "
                "outcome_facts = :facts WHERE id = :id"
            ).bindparams(
                sa.bindparam("message", type_=sa.JSON), sa.bindparam("facts", type_=sa.JSON)
            ),
            changes,
        )
        after = rows[-1].id


def message_apart(message: Mapping[str, Any], person: str) -> dict[str, Any]:
    """A message as it is stored from now on."""
    if not message:
        return {}
    kind = message["facts"].get("kind", "")
    facts = {name: value for name, value in message["facts"].items() if name != "kind"}
    facts |= _found(_TITLE.get(kind), message["title"])
    if kind == MessageKind.MORE_ALERTS:
        facts |= _found(f".*{_WORST}.*", message["text"])
    said = worded(speaking(ENGLISH), kind, person, facts)
    if (said.title, said.text) != (message["title"], message["text"]):
        return {**message, "kind": MessageKind.LEGACY}
    return {
        "kind": kind,
        "facts": facts,
        "title": facts.get("incident_title", ""),
        "text": "",
        "url": message["url"],
    }


def outcome_apart(outcome: str, detail: str) -> tuple[str, dict[str, Any]]:
    """What the channel said, and our own facts."""
    said, facts = detail, {}
    if found := _TOGETHER.fullmatch(detail):
        said, facts = found["said"], {"with_others": int(found["others"])}
    elif outcome == "cancelled" and (found := _NOT_SENT.fullmatch(detail)):
        said, facts = "", {"reason": found["reason"].replace(" ", "_")}
    elif outcome == "failed" and detail == _NOBODY:
        said, facts = "", {"reason": "nobody_at_all"}
    # One other was "1 others" to the release before.
    as_before = detail.replace("with 1 others", "with 1 other")
    again = outcomes.of_message(speaking(ENGLISH), outcome, said, facts)
    return (said, facts) if again == as_before else (detail, {})


def _found(pattern: str | None, text: str) -> dict[str, str]:
    found = re.fullmatch(pattern, text, re.DOTALL) if pattern else None
    return found.groupdict() if found else {}
