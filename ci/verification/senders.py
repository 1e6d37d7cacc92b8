"""The public forms of an alert, as their senders write them: docs of each in SEMANTICS terms.

A form knows how to say "this fires" and "this is over"; everything behind is the same for all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from verification.people import service_name
from verification.web import Service


class Sender(Protocol):
    """One way in through the front door."""

    form: str

    def fire(self, alerts: Service) -> None:
        """Send the alert."""

    def end(self, alerts: Service) -> None:
        """Say that it is over."""


@dataclass
class Native(Sender):
    """POST /api/v1/alerts."""

    run: str
    form: str = "native"

    def fire(self, alerts: Service) -> None:
        """The reply carries both ids at once, whatever the other services do."""
        reply = alerts.call("POST", "/api/v1/alerts", self._body("firing"), expect=201).json
        missing = [
            key for key in ("alert_id", "incident_id", "status", "action") if key not in reply
        ]
        assert not missing, f"alert-ingestion: the reply lacks {', '.join(missing)}"

    def end(self, alerts: Service) -> None:
        """The same alert, resolved."""
        alerts.call("POST", "/api/v1/alerts", self._body("resolved"), expect=201)

    def _body(self, status: str) -> dict[str, Any]:
        return {
            "service": service_name(self.form),
            "severity": "low",
            "message": f"Verification {self.run}",
            "dedup_key": f"verification-{self.run}",
            "status": status,
        }


@dataclass
class Alertmanager(Sender):
    """POST /api/v2/alerts, as Prometheus sends."""

    run: str
    form: str = "alertmanager"

    def __post_init__(self) -> None:
        self._started = datetime.now(UTC)

    def fire(self, alerts: Service) -> None:
        """With an end in the future, as Prometheus does."""
        self._send(alerts, datetime.now(UTC) + timedelta(minutes=4))

    def end(self, alerts: Service) -> None:
        """With an end that has passed."""
        self._send(alerts, datetime.now(UTC))

    def _send(self, alerts: Service, ends: datetime) -> None:
        alert = {
            "labels": _labels(self.form, self.run),
            "annotations": {"summary": f"Verification {self.run}"},
            "startsAt": self._started.isoformat(),
            "endsAt": ends.isoformat(),
            "generatorURL": "http://verification.invalid/",
        }
        alerts.call("POST", "/api/v2/alerts", [alert], expect=200)


@dataclass
class Webhook(Sender):
    """POST /api/v1/webhooks/alertmanager, version 4."""

    run: str
    form: str = "webhook"

    def __post_init__(self) -> None:
        self._started = datetime.now(UTC).isoformat()

    def fire(self, alerts: Service) -> None:
        """A group of one."""
        self._send(alerts, "firing", "0001-01-01T00:00:00Z")

    def end(self, alerts: Service) -> None:
        """The same group, resolved."""
        self._send(alerts, "resolved", datetime.now(UTC).isoformat())

    def _send(self, alerts: Service, status: str, ends: str) -> None:
        alert = {
            "status": status,
            "labels": _labels(self.form, self.run),
            "annotations": {"summary": f"Verification {self.run}"},
            "startsAt": self._started,
            "endsAt": ends,
            "generatorURL": "http://verification.invalid/",
            "fingerprint": f"{self.run:0>16}"[-16:],
        }
        group = {
            "version": "4",
            "groupKey": f"{{}}:{{run={self.run}}}",
            "truncatedAlerts": 0,
            "status": status,
            "receiver": "vigie",
            "groupLabels": {},
            "commonLabels": alert["labels"],
            "commonAnnotations": alert["annotations"],
            "externalURL": "http://verification.invalid",
            "alerts": [alert],
        }
        reply = alerts.call("POST", "/api/v1/webhooks/alertmanager", group)
        assert reply.status in {200, 202}, f"alert-ingestion: the webhook answered {reply.status}"


def _labels(form: str, run: str) -> dict[str, str]:
    return {
        "alertname": "VigieVerification",
        "service": service_name(form),
        "severity": "info",
        "run": run,
    }
