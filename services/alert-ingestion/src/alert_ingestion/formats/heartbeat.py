"""A heartbeat by a request of its own: POST /api/v1/heartbeats/{name}/ping."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel

from alert_ingestion.formats.format import Format
from alert_ingestion.formats.reading import Envelope, Reading, Taken
from alert_ingestion.model import Action, Ping, Policy, Reason, Sent
from shared.errors import Forbidden


class Heard(BaseModel):
    """What became of it: ``heartbeat``, or ``resolved``, when it ended the alert about it."""

    action: Action
    reason: Reason


def take_apart(sent: Sent) -> Envelope:
    """The name of who is alive; a body says nothing."""
    return Envelope([sent.path["name"]], is_list=False)


def read(
    _envelope: Envelope, items: Sequence[Any], _first: int, _now: datetime, _policy: Policy
) -> Reading:
    """A heartbeat was heard."""
    [name] = items
    return Reading((Ping(name),))


def _reply(taken: Taken) -> Heard:
    """What became of it.

    Raises:
        Forbidden: it is expected of another integration, so this says nothing.
    """
    [receipt] = taken.receipts
    if receipt.reason is Reason.HEARTBEAT_OF_ANOTHER:
        raise Forbidden("This heartbeat is expected of another integration: send its key.")
    return Heard(action=receipt.action, reason=receipt.reason)


FORMAT: Final = Format(
    name="heartbeat",
    paths=("/api/v1/heartbeats/{name:str}/ping",),
    operation_id="heartbeat",
    summary="Heartbeat",
    description=(
        "Say that somebody is alive. The first one arms an expected heartbeat; a GET, which a "
        "browser or a scanner can follow, never does."
    ),
    open=take_apart,
    read=read,
    reply=_reply,
    schema={},
    body_description="",
    example=None,
    answer=Heard,
    media_types=("*/*",),
    largest_body=64 * 1024,
)
