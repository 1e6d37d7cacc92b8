"""Opsgenie's heartbeats: GET, PUT or POST /v2/heartbeats/{name}/ping."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from alert_ingestion.formats.opsgenie.answers import answering_alike, heard
from alert_ingestion.formats.reading import Envelope, Reading
from alert_ingestion.model import Ping, Policy, Sent


def take_apart(sent: Sent) -> Envelope:
    """The name of who is alive; a body says nothing."""
    return Envelope([sent.path["name"]], is_list=False)


def read(
    _envelope: Envelope, items: Sequence[Any], _first: int, _now: datetime, _policy: Policy
) -> Reading:
    """A heartbeat was heard."""
    [name] = items
    return Reading((Ping(name),))


FORMAT: Final = answering_alike(
    name="opsgenie-heartbeat",
    paths=("/v2/heartbeats/{name:str}/ping",),
    # Opsgenie's own address: its clients ask with any of them.
    methods=("GET", "PUT", "POST"),
    operation_id="opsgenie_heartbeat",
    summary="OpsgenieHeartbeat",
    description="Hear a heartbeat as Opsgenie does.",
    open=take_apart,
    read=read,
    reply=heard,
    schema={},
    body_description="",
    example=None,
    largest_body=64 * 1024,
)
