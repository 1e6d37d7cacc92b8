"""Bringing in what happened elsewhere: whole past incidents, as ``POST /internal/v1/import``.

For demonstrations and for moving over from another tool. An import tells nobody: no page, no
event. The statistics of the API count the incidents at their own times, once however often they
are sent; the counters on /metrics do not, for those say what happens now.
"""

from itertools import pairwise
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, model_validator

from shared.contracts.identity import Actor
from shared.contracts.incident_api import NoteText
from shared.contracts.incidents import OWN_WORDS, IncidentKind
from shared.contracts.wire import Command, Instant, Line, Outcome, Ref, Severity, Text, Wire

IMPORT_PATH = "/internal/v1/import"
IMPORT_LIMIT = 500


class PastEntry(Command):
    """One thing that happened; ``kind`` is ``note`` unless said otherwise (``page.target`` ...).

    Its words are ``text``, or are made from the facts in ``data`` where the kind is one of ours.
    """

    at: Instant
    text: NoteText | None = None
    kind: Line = IncidentKind.NOTE
    data: dict[Text, Any] = {}
    actor: Actor | None = None
    reason: Text = ""

    @model_validator(mode="after")
    def _says_something(self) -> "PastEntry":
        if self.text is None and (self.kind in OWN_WORDS or not self.data):
            raise ValueError("text is missing, or data with the facts of the kind")
        return self


class PastIncident(Command):
    """An incident that is over. ``id`` is the sender's: sending it again changes nothing.

    Its entries of creation, acknowledgement, work and resolution are written from its times;
    ``timeline`` holds whatever else happened.
    """

    id: UUID
    title: Line
    service: Line
    severity: Severity
    team: Line | None = None
    assignee: Ref | None = None
    created_at: Instant
    acknowledged_at: Instant | None = None
    acknowledged_by: Line | None = None
    in_progress_at: Instant | None = None
    resolved_at: Instant
    resolved_by: Line | None = None
    alert_count: int = Field(1, ge=0, le=1_000_000)
    recurrence_of: UUID | None = None
    timeline: Annotated[list[PastEntry], Field(max_length=200)] = []

    @model_validator(mode="after")
    def _in_order(self) -> "PastIncident":
        instants = [
            ("created_at", self.created_at),
            ("acknowledged_at", self.acknowledged_at),
            ("in_progress_at", self.in_progress_at),
            ("resolved_at", self.resolved_at),
        ]
        known = [(name, instant) for name, instant in instants if instant is not None]
        for (earlier, start), (later, end) in pairwise(known):
            if end < start:
                raise ValueError(f"{later} must not be before {earlier}")
        return self


class Import(Command):
    """Up to 500 past incidents, all or none."""

    incidents: Annotated[list[PastIncident], Field(min_length=1, max_length=IMPORT_LIMIT)]


class ImportResult(Wire):
    """``outcome`` is ``duplicate`` for an id that was already there; it is left as it is."""

    id: UUID
    number: int
    outcome: Outcome


class ImportResults(Wire):
    """One result an incident, in the order of the request."""

    results: list[ImportResult]
