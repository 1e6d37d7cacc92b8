"""Where an alert goes that pages: into an open incident, into one of its own, or with a storm."""

from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from alert_ingestion import flapping, storms
from alert_ingestion.correlation import correlate
from alert_ingestion.model import (
    Action,
    Alert,
    AlertStatus,
    Group,
    Integration,
    KnownIncident,
    Reason,
    Receipt,
)
from alert_ingestion.workflow.work import AlertWork
from shared.identifiers import new_id

STORM_ALERT_LIVES: Final = timedelta(hours=1)
"""How long the alert of a storm nobody looks after any more stays; who does, renews it."""


def place(
    work: AlertWork,
    integration: Integration,
    alert: Alert,
    *,
    before: Alert | None = None,
    senders_group: bool,
    because: Reason | None = None,
) -> Receipt:
    """Give a firing alert that is stored its incident, and hand it over.

    ``before`` is the alert of its identity before it, ``because`` the reason where it is not that
    the alert came just now.
    """
    group = work.group(alert.correlation_key)
    decision = correlate(
        integration.policy,
        group,
        work.incident(before.incident_id if before else None),
        group_has_fingerprint=bool(before and group and before.incident_id == group.incident_id),
        now=work.now,
        senders_group=senders_group,
    )
    if decision.group is not None:
        if decision.slides_window:
            work.slide(decision.group)
        reason = because or decision.reason
        return _put(work, alert, decision.group.incident_id, Action.ATTACHED, reason)
    if _is_storm(work, integration, alert):
        return _into_storm(work, integration, alert)
    if not alert.flapping and _group_flaps(work, integration, alert):
        alert, because = replace(alert, flapping=True), Reason.FLAPPING
        work.was_decided(alert, Reason.FLAPPING)
    incident_id = _new_incident(
        work, integration, alert, alert.correlation_key, decision.recurrence_of
    )
    return _put(work, alert, incident_id, Action.NEW_INCIDENT, because or decision.reason)


def _put(
    work: AlertWork, alert: Alert, incident_id: UUID, action: Action, reason: Reason
) -> Receipt:
    alert = replace(alert, incident_id=incident_id)
    work.change(alert)
    work.open_alert(alert, reason, joins=action is Action.ATTACHED)
    return receipt(action, reason, alert)


def receipt(action: Action, reason: Reason, alert: Alert) -> Receipt:
    """What became of something that was said of an alert."""
    return Receipt(
        action,
        reason,
        alert.status,
        alert.id,
        alert.incident_id,
        fingerprint=alert.fingerprint,
        held_by=alert.held_by,
    )


def _new_incident(
    work: AlertWork,
    integration: Integration,
    alert: Alert,
    key: str,
    repeats: KnownIncident | None,
    *,
    storm: dict[str, int] | None = None,
) -> UUID:
    incident_id = new_id()
    work.add_incident(KnownIncident(incident_id, recurrence_of=repeats.id if repeats else None))
    work.open_group(
        Group(
            new_id(),
            key,
            incident_id,
            opened_at=work.now,
            last_new_at=work.now,
            integration_id=integration.id,
            severity=alert.severity,
            storm=storm,
        )
    )
    return incident_id


def _is_storm(work: AlertWork, integration: Integration, alert: Alert) -> bool:
    opened = work.lately.by_integration.get(integration.id)
    limit = integration.policy.storm_incidents
    return opened is not None and storms.is_storm(opened, alert.severity, limit)


def _group_flaps(work: AlertWork, integration: Integration, alert: Alert) -> bool:
    opened = work.lately.by_key.get(alert.correlation_key, 0) + 1
    return not integration.is_canary and flapping.group_flaps(opened, integration.policy)


def _into_storm(work: AlertWork, integration: Integration, alert: Alert) -> Receipt:
    key = storms.key_of(integration.id)
    decision = correlate(
        integration.policy,
        work.group(key),
        None,
        group_has_fingerprint=False,
        now=work.now,
    )
    if decision.group is None:
        incident_id = _new_incident(
            work, integration, alert, key, decision.recurrence_of, storm={"told": 0}
        )
        storm = _spokesman(integration, alert, key, incident_id, work)
        work.add(storm)
        work.open_alert(storm, Reason.STORM, joins=False)
    else:
        incident_id = decision.group.incident_id
        work.slide(decision.group)
    # Under the key of its storm from now on: by it everything of an incident is locked.
    alert = replace(alert, correlation_key=key)
    return _put(work, alert, incident_id, Action.ATTACHED, Reason.STORM)


def _spokesman(
    integration: Integration, first: Alert, key: str, incident_id: UUID, work: AlertWork
) -> Alert:
    """The alert that stands for a storm, and says of it what no single one of its alerts does."""
    return Alert(
        id=new_id(),
        integration_id=integration.id,
        integration=integration.name,
        auto_resolve=integration.policy.auto_resolve,
        fingerprint=storms.fingerprint_of(incident_id),
        service=first.service,
        severity=first.severity,
        message=storms.begun(integration.name, integration.policy.storm_incidents),
        labels={"alertname": "VigieAlertStorm", "integration": integration.name},
        correlation_key=key,
        incident_id=incident_id,
        status=AlertStatus.FIRING,
        starts_at=work.now,
        first_seen=work.now,
        last_seen=work.now,
        ends_at=work.now + STORM_ALERT_LIVES,
        ends_at_is_timeout=True,
    )
