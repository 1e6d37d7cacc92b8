"""Who changed what, as the services that keep a record of it answer."""

from datetime import datetime
from typing import Any

from shared.contracts.identity import Actor
from shared.contracts.wire import Text, Wire


class AuditEntry(Wire):
    """Who changed what: of two states only what differs; nothing ever changes or removes it.

    ``action`` is what was changed and how: ``silence.created``. ``before`` is null for what is new,
    ``after`` for what is gone.
    """

    seq: int
    at: datetime
    actor: Actor
    action: Text
    subject_kind: Text
    subject_id: Text
    before: dict[str, Any] | None
    after: dict[str, Any] | None
