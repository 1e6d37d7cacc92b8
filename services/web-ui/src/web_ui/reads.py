"""What web-ui reads of oncall-service's answers; what it does not show is left out.

incident-management's shapes are shared contracts (``shared.contracts.incident_api``). A test
compares every field here with oncall-service's committed OpenAPI document.
"""

from datetime import datetime
from uuid import UUID

from shared.contracts.identity import Role
from shared.contracts.wire import Ref, Text, Wire


class Session(Wire):
    """A person has signed in; ``token`` acts for them until ``expires_at``."""

    token: Text
    person: Ref
    role: Role
    expires_at: datetime


class Duty(Wire):
    """Who is on call for a team now; ``gap`` when nobody is, and then ``fallback`` is paged.

    ``until`` is the next change; without one the gap is no accident but a team without a rotation.
    """

    team: Ref
    primary: Ref | None = None
    secondary: Ref | None = None
    until: datetime | None = None
    gap: bool = False
    fallback: Ref | None = None


class Shift(Wire):
    """A stretch of a team's final calendar."""

    start: datetime
    end: datetime
    primary: Ref | None = None
    secondary: Ref | None = None
    gap: bool = False


class Calendar(Wire):
    """The coming shifts of a team, without hole or overlap."""

    team: Ref
    schedule: Ref | None = None
    time_zone: Text
    items: list[Shift]


class Notification(Wire):
    """A message to a person and what became of it (pending, sent, failed or cancelled).

    Those with the same ``bundle_id`` travel as one message.
    """

    id: UUID
    kind: Text
    incident_id: UUID | None = None
    person: Ref | None = None
    channel: Text
    target: Text = ""
    reason: Text = ""
    title: Text = ""
    outcome: Text
    detail: Text = ""
    bundle_id: UUID | None = None
    created_at: datetime
    finished_at: datetime | None = None
