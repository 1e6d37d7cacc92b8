"""What one transaction knows and changes while it works through a batch of alerts."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog

from alert_ingestion import handover, metrics, storms
from alert_ingestion.correlation import correlation_key
from alert_ingestion.model import (
    Alert,
    Change,
    FollowUp,
    Group,
    Integration,
    KnownIncident,
    Reason,
    ReceivedAlert,
)
from alert_ingestion.store import (
    activity,
    alerts,
    changes,
    entries,
    groups,
    heartbeats,
    incidents,
    inhibition,
    integrations,
    locks,
    minutes,
    silences,
)
from alert_ingestion.store.activity import Activity
from alert_ingestion.store.entries import Entry
from alert_ingestion.store.heartbeats import Heartbeat
from alert_ingestion.workflow import noise
from alert_ingestion.workflow.changes import (
    News,
    Opening,
    told_at_opening,
    told_while_open,
)
from alert_ingestion.workflow.noise import Noise
from shared import context
from shared.asking import at_once
from shared.contracts.wire import Severity
from shared.database import Connection, Database
from shared.work import Work, on_connection

_log: Final = structlog.get_logger(__name__)

Identity = tuple[UUID, str]


@dataclass(slots=True)
class Lately:
    """How many groups were opened lately, by integration and severity, and by key.

    An integration that is not among ``by_integration`` is far from a storm, or has no limit.
    """

    by_integration: dict[UUID, dict[Severity, int]] = field(default_factory=dict)
    by_key: dict[str, int] = field(default_factory=dict)

    def count(self, group: Group) -> None:
        """One more was opened."""
        if group.integration_id in self.by_integration and group.severity is not None:
            opened = self.by_integration[group.integration_id]
            opened[group.severity] = opened.get(group.severity, 0) + 1
        self.by_key[group.correlation_key] = self.by_key.get(group.correlation_key, 0) + 1


class AlertWork(Work):
    """Loaded under locks, changed in memory alert by alert, saved in a few set-based statements.

    Nothing here decides; the rules are alert_ingestion.deduplication and .correlation.
    """

    def __init__(self, connection: Connection, now: datetime) -> None:
        super().__init__(now)
        self.connection = connection
        self._latest: dict[Identity, Alert] = {}
        self._groups: dict[str, Group] = {}
        self._incidents: dict[UUID, KnownIncident] = {}
        self._inserted: dict[UUID, Alert] = {}
        self._updated: dict[UUID, Alert] = {}
        self._new_incidents: dict[UUID, KnownIncident] = {}
        self._new_groups: dict[UUID, Group] = {}
        self._slid: set[UUID] = set()
        self._closed: set[UUID] = set()
        self._unknown_severities: dict[UUID, str] = {}
        self._maybe_emptied: set[UUID] = set()
        self._heartbeats: dict[str, UUID] = {}
        self._back: set[str] = set()
        self._activity: dict[UUID, Activity] = {}
        self._received = 0
        self._changes: list[News] = []
        self._openings: dict[UUID, Opening] = {}
        self._entries: list[Entry] = []
        self._inhibit: set[tuple[UUID, UUID, str]] = set()
        self._inhibit_no_more: set[UUID] = set()
        self.noise = Noise()
        self.lately = Lately()
        self.expected: Mapping[str, Heartbeat] = {}

    async def load_heartbeats(self, names: Collection[str]) -> None:
        """Read what is expected of those of ``names`` that are."""
        self.expected = await heartbeats.expected_among(self.connection, names)

    async def load(
        self,
        identities: Iterable[Identity],
        keys: Iterable[str],
        firing: Sequence[tuple[Integration, ReceivedAlert]] = (),
        *,
        held_of: Mapping[UUID, Integration] | None = None,
    ) -> None:
        """Read what is known about alerts, and lock all that decides about them to the commit.

        ``firing`` are those of them that were received, by their integrations; ``held_of`` the
        integrations of those that were held back, and may be placed now.
        """
        now = self.now
        coming = [(by, correlation_key(one, by)) for by, one in firing if not by.is_canary]
        limits = _limits([*(by for by, _ in coming), *(held_of or {}).values()])
        async with at_once(self.connection) as ask:
            await ask(locks.identities(identities))
            known = await ask(alerts.latest(identities))
            opened = await ask(groups.opened_by(limits, now - storms.WITHIN))
            silences_now = await ask(silences.in_force(now))
            rules = await ask(inhibition.in_force())
        coming += [
            (held_of[alert.integration_id], alert.correlation_key)
            for alert in known().values()
            if held_of is not None and alert.integration_id in held_of
        ]
        count = Counter(by.id for by, _ in coming)
        self.lately.by_integration = {
            one: opened().get(one, {})
            for one, limit in limits.items()
            if sum(opened().get(one, {}).values()) + count[one] > limit
        }
        keys = {
            *keys,
            *(alert.correlation_key for alert in known().values()),
            *(storms.key_of(one) for one in self.lately.by_integration),
        }
        async with at_once(self.connection) as ask:
            await ask(locks.correlation_keys(keys))
            # Again, now that nobody can resolve or merge their incidents behind our back. They are
            # the same ones: nobody can make another, for their identities are locked.
            latest = await ask(alerts.again(alert.id for alert in known().values()))
            open_groups = await ask(groups.open_of(keys))
            lately = await ask(groups.opened_lately(*_flapping(coming, now)))
        self._latest, self._groups = latest(), open_groups()
        self.lately.by_key = lately()
        self._incidents = await incidents.locked(
            self.connection,
            {
                *(
                    alert.incident_id
                    for alert in self._latest.values()
                    if alert.incident_id is not None
                ),
                *(group.incident_id for group in self._groups.values()),
            },
        )
        held = [alert for alert in self._latest.values() if alert.held is not None]
        received = [one for by, one in firing if not by.is_canary]
        self.noise = Noise(
            silences_now(),
            rules(),
            await noise.inhibiting(self.connection, rules(), firing=received, known=held),
        )

    def was_decided(self, alert: Alert, reason: Reason, **facts: Any) -> None:
        """Something was decided about an alert that no incident's timeline tells."""
        self._entries.append(Entry(alert.id, self.now, reason.value, facts))

    def latest(self, identity: Identity) -> Alert | None:
        """The newest alert of an identity."""
        return self._latest.get(identity)

    def group(self, key: str) -> Group | None:
        """The open group of a key."""
        return self._groups.get(key)

    def incident(self, incident_id: UUID | None) -> KnownIncident | None:
        """What is known of an incident."""
        return None if incident_id is None else self._incidents.get(incident_id)

    def add_incident(self, incident: KnownIncident) -> None:
        """A new incident, whose id was allocated here."""
        self._incidents[incident.id] = incident
        self._new_incidents[incident.id] = incident

    def open_group(self, group: Group) -> None:
        """A group takes over its key; the one that had it takes nothing new."""
        before = self._groups.get(group.correlation_key)
        if before is not None and self._new_groups.pop(before.id, None) is None:
            self._closed.add(before.id)
        self._groups[group.correlation_key] = group
        self._new_groups[group.id] = group
        self.lately.count(group)

    def slide(self, group: Group) -> None:
        """A new fingerprint joined: the window starts anew."""
        moved = replace(group, last_new_at=self.now)
        self._groups[group.correlation_key] = moved
        if group.id in self._new_groups:
            self._new_groups[group.id] = moved
        else:
            self._slid.add(group.id)

    def add(self, alert: Alert) -> None:
        """A new alert."""
        self._latest[alert.identity] = alert
        self._inserted[alert.id] = alert
        self._fires(alert)

    def open_alert(self, alert: Alert, reason: Reason, *, joins: bool) -> None:
        """An alert belongs to its incident from now on, which incident-management will hear of.

        ``joins``: others belong to it already.
        """
        if alert.incident_id in self._new_incidents:
            self._openings.setdefault(alert.incident_id, Opening(alert, context.current()))
        self.owe(
            handover.opened(
                alert,
                recurrence_of=self._recurrence_of(alert),
                reason=reason,
                joins=joins,
                now=self.now,
            )
        )

    def _fires(self, alert: Alert) -> None:
        self._inhibit.update(
            (rule_id, alert.id, key) for rule_id, key in noise.sources(self.noise.rules, alert)
        )

    def change(self, alert: Alert) -> None:
        """An alert that is known, changed."""
        self._latest[alert.identity] = alert
        (self._inserted if alert.id in self._inserted else self._updated)[alert.id] = alert

    def update(self, before: Alert, alert: Alert) -> None:
        """An alert that fires says something else, which incident-management will hear of."""
        self.change(alert)
        if before.labels != alert.labels or before.severity is not alert.severity:
            self._inhibit_no_more.add(alert.id)
            self._fires(alert)
        if alert.incident_id is not None:
            self.owe(
                handover.updated(
                    alert,
                    before=before.severity,
                    recurrence_of=self._recurrence_of(alert),
                    now=self.now,
                )
            )

    def note_unknown_severity(self, integration_id: UUID, word: str) -> None:
        """A sender used a word for a severity that nobody knows."""
        self._unknown_severities[integration_id] = word

    def note_heartbeat(self, name: str, integration_id: UUID, *, is_back: bool = False) -> None:
        """Somebody says that they are alive; ``is_back``: and ends the alert that they are not."""
        self._heartbeats[name] = integration_id
        if is_back:
            self._back.add(name)

    def note_received(self, severity: Severity) -> None:
        """An alert was received, whatever became of it."""
        self.increments.inc(metrics.RECEIVED, severity=severity.value)
        self._received += 1

    def note_activity(
        self, integration: Integration, *, requests: int = 0, alerts: int = 0, dead: int = 0
    ) -> None:
        """An integration sent something."""
        if integration.is_canary:
            return
        seen = self._activity.setdefault(integration.id, Activity())
        seen.requests += requests
        seen.alerts += alerts
        seen.dead += dead

    def end(self, alert: Alert, reason: Reason) -> None:
        """An alert that stopped firing, which incident-management will hear of."""
        self.change(alert)
        self._inhibit_no_more.add(alert.id)
        self._inhibit = {one for one in self._inhibit if one[1] != alert.id}
        if not alert.is_canary:
            self.increments.inc(metrics.RESOLVED, reason=reason.value)
        if alert.incident_id is None:
            return
        self._maybe_emptied.add(alert.incident_id)
        self.owe(
            handover.resolved(
                alert,
                recurrence_of=self._recurrence_of(alert),
                reason=reason,
                now=self.now,
            )
        )

    def pass_on(self, alert: Alert, said: FollowUp) -> None:
        """Somebody did something with an alert at its sender; incident-management hears of it."""
        if alert.incident_id is not None:
            self.owe(
                handover.passed_on(
                    alert,
                    said,
                    recurrence_of=self._recurrence_of(alert),
                    now=self.now,
                )
            )

    def note_change(self, integration: Integration, change: Change) -> None:
        """A service was changed, says an integration; incidents of that service hear of it."""
        self._changes.append(News(integration, change, context.current()))

    async def write_rows(self) -> None:
        """The alerts, their groups and their incidents."""
        connection = self.connection
        await groups.close(connection, self._closed, reason=Reason.WINDOW_PASSED, now=self.now)
        await groups.slide(connection, self._slid, self.now)
        await incidents.insert(connection, list(self._new_incidents.values()))
        await groups.insert(connection, list(self._new_groups.values()))
        # Before the inserts: an identity has one live alert at any time.
        await alerts.update(connection, list(self._updated.values()))
        await alerts.insert(connection, list(self._inserted.values()))
        await entries.insert(connection, self._entries)
        # After what they held back is stored, which is to be looked at again.
        await inhibition.stop(connection, sorted(self._inhibit_no_more), self.now)
        await inhibition.fire(connection, self._inhibit)
        if self._maybe_emptied:
            emptied = await incidents.mark_emptied(connection, self._maybe_emptied)
            await groups.close_of_incidents(
                connection, emptied, reason="all_alerts_resolved", now=self.now
            )
        await self._write_changes()
        await activity.add(connection, self._activity, self.now)
        await minutes.add(connection, self._received, self.now)
        for integration_id, word in sorted(self._unknown_severities.items()):
            await integrations.note_unknown_severity(connection, integration_id, word, self.now)
        if left := await heartbeats.note(connection, self._heartbeats, self._back, self.now):
            _log.warning("heartbeats_not_taken", left_out=len(left))

    async def _write_changes(self) -> None:
        told = [(news.integration.id, news.change) for news in self._changes]
        await changes.insert(self.connection, told, self.now)
        self.owe(
            *await told_at_opening(self.connection, list(self._openings.values()), self.now),
            *await told_while_open(self.connection, self._changes, self._openings, self.now),
        )

    def _recurrence_of(self, alert: Alert) -> UUID | None:
        incident = self.incident(alert.incident_id)
        return None if incident is None else incident.recurrence_of


def _limits(senders: Iterable[Integration]) -> dict[UUID, int]:
    """Of those integrations that can be in a storm."""
    return {
        by.id: by.policy.storm_incidents
        for by in senders
        if by.policy.storm_incidents and not by.is_canary
    }


def _flapping(
    coming: Sequence[tuple[Integration, str]], now: datetime
) -> tuple[set[str], datetime]:
    """The keys whose openings are counted, and since when: the longest window of any of them."""
    counted = [(by.policy, key) for by, key in coming if by.policy.flap_openings]
    window = max((policy.flap_window_seconds for policy, _ in counted), default=0)
    return {key for _, key in counted}, now - timedelta(seconds=window)


def transaction(database: Database, now: datetime) -> AbstractAsyncContextManager[AlertWork]:
    """A unit of work on alerts that happens at ``now``.

    Raises:
        Unavailable: the database is in trouble; nothing was changed.
    """
    return on_connection(database, lambda connection: AlertWork(connection, now))
