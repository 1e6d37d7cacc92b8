from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, post
from litestar.openapi.datastructures import ResponseSpec
from pydantic import BaseModel

from alert_ingestion.formats import native
from alert_ingestion.formats.native import NativeAlert
from alert_ingestion.formats.reading import Reading
from alert_ingestion.model import Action, AlertStatus, Policy, Reason, Receipt
from alert_ingestion.routes.documented import json_body
from alert_ingestion.routes.keys import body_of, integration_key
from alert_ingestion.routes.parameters import TheIngestion


class Reply(BaseModel):
    """What became of an alert.

    ``status`` is the alert's. ``reason`` says why: of a ``duplicate_suppressed`` for example
    ``still_firing`` or ``resolved_by_hand``. The ids are null when a resolve found nothing open.
    """

    alert_id: UUID | None
    incident_id: UUID | None
    status: AlertStatus
    action: Action
    reason: Reason


class Replies(BaseModel):
    """One reply an alert, in the order of the request."""

    results: list[Reply]


_ALERT = NativeAlert.model_json_schema(ref_template="#/components/schemas/{model}")
_ALERT.pop("$defs", None)

_Body = json_body(
    {"oneOf": [_ALERT, {"type": "array", "items": _ALERT, "minItems": 1, "maxItems": 500}]},
    description="One alert, or an array of up to 500; of an array all are taken, or none.",
    example={
        "service": "checkout",
        "severity": "critical",
        "message": "Error rate above 5 %",
        "labels": {"region": "eu-west-1"},
        "dedup_key": "checkout-error-rate",
    },
)


@post(
    "/api/v1/alerts",
    operation_class=_Body,
    operation_id="send_alerts",
    tags=["alerts in"],
    security=[{"bearer": []}],
    responses={
        201: ResponseSpec(
            # Litestar documents a union as well, and declares a class.
            Reply | Replies,  # type: ignore[arg-type]
            description="Stored; an array gets `results` of what one alert gets.",
            # Made-up examples need a generator that is not in the image, and change at every start.
            generate_examples=False,
        )
    },
)
async def send_alerts(
    request: Request[Any, Any, Any], ingestion: TheIngestion
) -> Response[dict[str, Any]]:
    """Send alerts in Vigie's own format; answered when they are stored."""
    key = integration_key(request)
    many = False

    def read(body: bytes, now: datetime, _policy: Policy) -> Reading:
        nonlocal many
        alerts, many = native.read(body, now)
        return Reading(tuple(alerts))

    _, receipts = await ingestion(key, "native", body_of(request), read)
    replies = [_reply(receipt) for receipt in receipts]
    answer = Replies(results=replies) if many else replies[0]
    return Response(answer.model_dump(mode="json"), status_code=201)


def _reply(receipt: Receipt) -> Reply:
    return Reply(
        alert_id=receipt.alert_id,
        incident_id=receipt.incident_id,
        status=receipt.status,
        action=receipt.action,
        reason=receipt.reason,
    )
