"""Alertmanager's API v2, as far as Prometheus and amtool speak it to send alerts."""

from datetime import datetime, timedelta
from typing import Any

from litestar import Request, Response, get, post
from litestar.openapi.datastructures import ResponseSpec

from alert_ingestion.formats import alertmanager
from alert_ingestion.formats.alertmanager import PostableAlert
from alert_ingestion.formats.reading import Reading
from alert_ingestion.model import Policy
from alert_ingestion.routes.documented import json_body
from alert_ingestion.routes.keys import body_of, integration_key
from alert_ingestion.routes.parameters import TheIngestion
from shared.errors import Malformed
from shared.version import VERSION

# Prometheus' `path_prefix` and amtool's --alertmanager.url go before /api/v2; both forms are usual.
PREFIXES = ("", "/alertmanager")

_Body = json_body(
    {
        "type": "array",
        "items": PostableAlert.model_json_schema(by_alias=True),
    },
    description="Alerts as Prometheus sends them.",
    example=[
        {
            "labels": {"alertname": "HighErrorRate", "service": "checkout", "severity": "page"},
            "annotations": {"summary": "Error rate above 5 %"},
            "startsAt": "2026-03-02T09:00:00Z",
            "generatorURL": "http://prometheus:9090/graph",
        }
    ],
)


def _read(body: bytes, now: datetime, policy: Policy) -> Reading:
    timeout = timedelta(seconds=policy.resolve_timeout_seconds)
    return alertmanager.read(body, now, resolve_timeout=timeout)


@post(
    [f"{prefix}/api/v2/alerts" for prefix in PREFIXES],
    operation_class=_Body,
    status_code=200,
    tags=["alerts in"],
    security=[{"bearer": []}],
    responses={200: ResponseSpec(None, description="Stored; the answer is empty.")},
)
async def post_alerts(request: Request[Any, Any, Any], ingestion: TheIngestion) -> Response[None]:
    """Take alerts as Alertmanager does; good ones are stored also when others are refused (400)."""
    key = integration_key(request)
    reading, _ = await ingestion(key, "alertmanager", body_of(request), _read)
    refuse_partly(reading)
    # No bytes instead of None, which would be rendered as JSON: Alertmanager's answer is empty.
    empty: Response[Any] = Response(b"", status_code=200)
    return empty


@get([f"{prefix}/api/v2/status" for prefix in PREFIXES], tags=["alerts in"], sync_to_thread=False)
def status() -> dict[str, Any]:
    """What amtool asks before it sends: that somebody is there who speaks version 2."""
    return {
        "cluster": {"status": "disabled", "peers": []},
        "versionInfo": {"version": f"vigie-{VERSION}"},
        "config": {"original": ""},
        "uptime": "1970-01-01T00:00:00Z",
    }


def refuse_partly(reading: Reading) -> None:
    """Raises Malformed, naming by index what could not be read; the rest is stored by then."""
    if not reading.errors:
        return
    stored = len(reading.alerts)
    raise Malformed(
        f"{stored} stored; refused: "
        + "; ".join(f"{error.field}: {error.message}" for error in reading.errors[:10]),
        errors=[{"field": error.field, "message": error.message} for error in reading.errors],
        stored=stored,
    )
