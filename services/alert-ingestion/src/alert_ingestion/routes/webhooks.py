from datetime import datetime
from typing import Any

from litestar import Request, Response, post
from pydantic import BaseModel

from alert_ingestion.formats import webhook
from alert_ingestion.formats.reading import Reading
from alert_ingestion.formats.webhook import WebhookAlert
from alert_ingestion.model import Policy
from alert_ingestion.routes.alertmanager import refuse_partly
from alert_ingestion.routes.documented import json_body
from alert_ingestion.routes.keys import body_of, integration_key
from alert_ingestion.routes.parameters import TheIngestion


class Taken(BaseModel):
    """``received`` alerts are stored; the sender says it left out ``truncated`` more."""

    received: int
    truncated: int


_Body = json_body(
    {
        "type": "object",
        "required": ["alerts"],
        "properties": {
            "version": {"type": "string"},
            "status": {"type": "string", "enum": ["firing", "resolved"]},
            "externalURL": {"type": "string"},
            "truncatedAlerts": {"type": "integer"},
            "alerts": {
                "type": "array",
                "items": WebhookAlert.model_json_schema(by_alias=True),
            },
        },
    },
    description="A notification of webhook version 4; unknown fields are kept in the raw inbox.",
    example={
        "version": "4",
        "status": "firing",
        "externalURL": "http://alertmanager:9093",
        "truncatedAlerts": 0,
        "alerts": [
            {
                "status": "firing",
                "labels": {"alertname": "HighErrorRate", "service": "checkout"},
                "annotations": {"summary": "Error rate above 5 %"},
                "startsAt": "2026-03-02T09:00:00Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "fingerprint": "c3f27f36bbd4a1d5",
            }
        ],
    },
)


def _read(body: bytes, now: datetime, _policy: Policy) -> Reading:
    return webhook.read(body, now)


@post(
    "/api/v1/webhooks/alertmanager",
    operation_class=_Body,
    status_code=200,
    tags=["alerts in"],
    security=[{"bearer": []}],
)
async def alertmanager_webhook(
    request: Request[Any, Any, Any], ingestion: TheIngestion
) -> Response[Taken]:
    """Take a notification of Alertmanager's webhook receiver."""
    return await _take(request, ingestion, "alertmanager-webhook")


@post(
    "/api/v1/webhooks/grafana",
    operation_class=_Body,
    status_code=200,
    tags=["alerts in"],
    security=[{"bearer": []}],
)
async def grafana_webhook(
    request: Request[Any, Any, Any], ingestion: TheIngestion
) -> Response[Taken]:
    """Take a notification of Grafana's webhook contact point."""
    return await _take(request, ingestion, "grafana-webhook")


async def _take(
    request: Request[Any, Any, Any], ingestion: TheIngestion, format_name: str
) -> Response[Taken]:
    key = integration_key(request)
    reading, receipts = await ingestion(key, format_name, body_of(request), _read)
    refuse_partly(reading)
    return Response(Taken(received=len(receipts), truncated=reading.truncated), status_code=200)
