"""Escalation runs, as the API takes and shows them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from oncall_service.core.fields import Reference
from shared.contracts.wire import Command, Ref, Text, Wire


class RunStatus(StrEnum):
    """What became of a run."""

    RUNNING = "running"
    STOPPED = "stopped"
    EXHAUSTED = "exhausted"
    COMPLETED = "completed"


class EscalateCommand(Command):
    """Go to the next step at once, or start paging; ``team`` hands the incident to another team."""

    incident_id: UUID
    reason: Text = Field("", max_length=500)
    team: Reference | None = None


class EscalationView(Wire):
    """A run. ``step`` and ``round`` (from 0) are what it does next, at ``due_at``.

    ``status`` is running, stopped, exhausted or completed (a single step asked for by hand).
    """

    id: UUID
    incident_id: UUID
    team: Ref
    policy: Text
    status: Text
    round: int
    step: int
    steps: int
    due_at: datetime | None
    started_at: datetime
    started_reason: Text
    started_by: Text
    ended_at: datetime | None
    ended_reason: Text | None
