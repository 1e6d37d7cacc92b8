"""Alerts and what they come through, as alert-ingestion answers them, for tests and pictures."""

from typing import Any
from uuid import uuid4

CREATED = "2026-11-01T00:00:00Z"
CHECKOUT = "Checkout answers 5xx for more than 4 % of requests"


def integration(**fields: Any) -> dict[str, Any]:
    """A sender that is active and was never heard."""
    return {
        "id": str(uuid4()),
        "name": "Prometheus, Europe",
        "kind": "alertmanager",
        "key_hint": "x9Qa",
        "auto_resolve": True,
        "resolve_timeout_seconds": None,
        "correlation_labels": None,
        "correlation_window_seconds": None,
        "correlation_max_age_seconds": None,
        "service_labels": None,
        "severities": None,
        "storm_incidents": None,
        "flap_openings": None,
        "requests_per_minute": None,
        "mapping": None,
        "confirm_subscriptions": False,
        "created_at": CREATED,
        "paused_at": None,
        "revoked_at": None,
        "previous_key_until": None,
        "last_seen": None,
        "requests": 0,
        "alerts": 0,
        "dead": 0,
        "last_error": None,
        "last_error_at": None,
        "unknown_severity": None,
        "unknown_severity_at": None,
        **fields,
    }


def ref(one: dict[str, Any]) -> dict[str, Any]:
    """It, as others name it."""
    return {"id": one["id"], "name": one["name"]}


def became(**fields: Any) -> dict[str, Any]:
    """What became of something that was sent: a new incident."""
    return {
        "alert_id": str(uuid4()),
        "incident_id": str(uuid4()),
        "status": "firing",
        "action": "new_incident",
        "reason": "new_incident",
        **fields,
    }


def alert(sender: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """An alert that fires and has its incident."""
    return {
        "id": str(uuid4()),
        "incident_id": str(uuid4()),
        "integration": ref(sender),
        "fingerprint": "5c1f0a",
        "service": "checkout-api",
        "severity": "critical",
        "severity_original": "page",
        "message": CHECKOUT,
        "labels": {"alertname": "HighErrorRate", "cluster": "eu-west-1", "app": "checkout-api"},
        "annotations": {"summary": CHECKOUT, "runbook": "https://runbooks.example.com/checkout"},
        "links": {"generator": "https://prometheus.example.com/graph?g0.expr=up"},
        "status": "firing",
        "suppressed": False,
        "count": 14,
        "starts_at": "2026-11-27T08:30:00Z",
        "first_seen": "2026-11-27T08:30:05Z",
        "last_seen": "2026-11-27T08:58:05Z",
        "ends_at": None,
        "ends_at_is_timeout": False,
        "resolved_at": None,
        "resolved_reason": None,
        "correlation_key": "service=checkout-api",
        "held": None,
        "held_by": [],
        "held_since": None,
        "held_until": None,
        "flapping": False,
        **fields,
    }


def kept(sender: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A request that nobody understood."""
    return {
        "id": str(uuid4()),
        "integration": ref(sender),
        "format": "generic",
        "received_at": "2026-11-27T08:58:05Z",
        "request_id": "req-1",
        "size": 42,
        "state": "dead",
        "reason": "not_mapped",
        "detail": "message: says nothing",
        "failed": None,
        "settled_at": None,
        **fields,
    }


def whole(one: dict[str, Any], body: str, **fields: Any) -> dict[str, Any]:
    """It, with its body."""
    return {
        **one,
        "body": body,
        "encoding": "text",
        "is_cut": False,
        "path": {},
        "query": {},
        "headers": {"content-type": "application/json"},
        **fields,
    }


def silence(**fields: Any) -> dict[str, Any]:
    """One that holds now."""
    return {
        "id": str(uuid4()),
        "state": "active",
        "matchers": [{"name": "service", "value": "kafka", "isRegex": False, "isEqual": True}],
        "text": '{service="kafka"}',
        "starts_at": "2026-11-27T08:00:00Z",
        "ends_at": "2026-11-27T12:00:00Z",
        "recurrence": None,
        "window": {"starts_at": "2026-11-27T08:00:00Z", "ends_at": "2026-11-27T12:00:00Z"},
        "next_starts_at": None,
        "integration_id": None,
        "author": "Ada Okafor",
        "comment": "Brokers are moved to new disks",
        "created_at": "2026-11-27T07:55:00Z",
        "updated_at": "2026-11-27T07:55:00Z",
        "holds": 2,
        **fields,
    }


def rule(**fields: Any) -> dict[str, Any]:
    """One that holds."""
    return {
        "id": str(uuid4()),
        "name": "A node that is down explains its services",
        "source": [{"name": "alertname", "value": "NodeDown", "isRegex": False, "isEqual": True}],
        "target": [{"name": "severity", "value": "low|medium", "isRegex": True, "isEqual": True}],
        "equal": ["node"],
        "author": "Ada Okafor",
        "comment": "",
        "created_at": CREATED,
        "ended_at": None,
        "holds": 3,
        **fields,
    }


def heartbeat(sender: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """One that was heard."""
    return {
        "name": "nightly-backup",
        "state": "alive",
        "integration": ref(sender),
        "interval_seconds": 86_400,
        "grace_seconds": 3600,
        "service": "backup",
        "severity": "high",
        "description": "",
        "paused": False,
        "created_at": CREATED,
        "last_at": "2026-11-27T02:31:00Z",
        "missed_from": "2026-11-28T03:31:00Z",
        **fields,
    }
