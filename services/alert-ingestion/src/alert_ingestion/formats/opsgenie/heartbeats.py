"""Opsgenie's heartbeats: GET, PUT or POST /v2/heartbeats/{name}/ping."""

from typing import Final

from alert_ingestion.formats.heartbeat import read, take_apart
from alert_ingestion.formats.opsgenie.answers import answering_alike, heard

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
