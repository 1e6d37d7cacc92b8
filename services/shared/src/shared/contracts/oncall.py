"""What oncall-service owns on the wire: what became of a page.

Sent as ``POST /internal/v1/page-events`` to incident-management, which writes the timeline from
it and sets an empty assignee.
"""

from enum import StrEnum
from typing import Any
from uuid import UUID

from shared.contracts.wire import Instant, Ref, Text, Wire

PAGE_EVENT_VERSION = 1

PAGE_EVENTS_PATH = "/internal/v1/page-events"

NO_STEP_FOR_SEVERITY = "no_step_for_severity"
"""Why a run may end without having paged anybody: its policy has no step for such trouble."""


ASKED_TO_HELP = "asked_to_help"
"""Why somebody is paged whom somebody else asked, outside of the policy's course."""


class PageKind(StrEnum):
    """One step on the way to a person, as the ``type`` of an event and a kind on the timeline.

    docs/timeline.md says what each means and which facts come with it.
    """

    STARTED = "page.started"
    REQUESTED = "page.requested"
    TARGET = "page.target"
    UNREACHABLE = "page.unreachable"
    GAP = "page.gap"
    SKIPPED = "page.skipped"
    EXHAUSTED = "page.exhausted"
    STOPPED = "page.stopped"
    FORGOTTEN = "page.forgotten"
    NOTIFICATION_SENT = "notification.sent"
    NOTIFICATION_FAILED = "notification.failed"


class MessageKind(StrEnum):
    """What a message to a person is about, as it is stored, sent to webhooks and worded."""

    PAGE = "page"
    MORE_ALERTS = "more_alerts"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    BUNDLE = "bundle"
    TEST = "test"
    VERIFICATION = "verification"
    LEGACY = "legacy"
    """The words of a release that stored words, which could not be taken apart."""


NEWS = frozenset({MessageKind.ACKNOWLEDGED, MessageKind.RESOLVED})
"""Kinds that ask for nothing: others took care of what somebody was paged for."""


class PageEvent(Wire):
    """One step on the way to a person.

    ``type`` is one of ``PageKind``. ``assign`` says that an empty assignee becomes ``person``.
    ``data`` holds the other facts of the kind; ``detail`` is the sentence of a release that sent
    sentences.
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
    data: dict[Text, Any] = {}
    detail: Text = ""
    reason: str = ""
    context: dict[Text, Text] = {}


class PageEvents(Wire):
    """A batch, applied in order."""

    events: list[PageEvent]
