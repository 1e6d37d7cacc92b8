"""Escalation runs, as the API takes and shows them."""

from enum import StrEnum
from uuid import UUID

from pydantic import Field

from oncall_service.core.fields import Reference
from shared.contracts.wire import Command, Text


class RunStatus(StrEnum):
    """What became of a run."""

    RUNNING = "running"
    STOPPED = "stopped"
    EXHAUSTED = "exhausted"
    COMPLETED = "completed"


class HelpCommand(Command):
    """Ask a person for help with an incident; ``reason`` is what for."""

    person: Reference
    reason: Text = Field("", max_length=500)


class EscalateCommand(Command):
    """Go to the next step at once, or start paging; ``team`` hands the incident to another team."""

    incident_id: UUID
    reason: Text = Field("", max_length=500)
    team: Reference | None = None
