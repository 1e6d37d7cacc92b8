"""What oncall-service owns on the wire: what became of a page.

Sent as ``POST /internal/v1/page-events`` to incident-management, which writes the timeline from
it and sets an empty assignee.
"""

from uuid import UUID

from shared.contracts.wire import Instant, Ref, Text, Wire

PAGE_EVENT_VERSION = 1

PAGE_EVENTS_PATH = "/internal/v1/page-events"


class PageEvent(Wire):
    """One step on the way to a person.

    ``type``: ``page.started`` (an escalation runs: ``team`` is set), ``page.target`` (a step chose
    ``person``; ``assign`` says that an empty assignee becomes them), ``page.gap`` (nobody on call,
    the fallback was taken), ``notification.sent``, ``notification.failed``, ``page.exhausted`` (all
    repeats done, nobody acknowledged), ``page.stopped``, ``page.requested`` (a
    person asked to escalate). ``detail`` is a sentence for the timeline.
    """

    event_id: UUID
    version: int = PAGE_EVENT_VERSION
    type: str
    occurred_at: Instant
    incident_id: UUID
    team: Ref | None = None
    person: Ref | None = None
    assign: bool = False
    step: int | None = None
    channel: Text | None = None
    detail: Text = ""
    reason: str = ""
    context: dict[Text, Text] = {}


class PageEvents(Wire):
    """A batch, applied in order."""

    events: list[PageEvent]
