"""Which incident an alert belongs to, and when an incident is over because its alerts are.

Pure rules with named reasons. Events come at least once and, in a bad hour, in the wrong order;
an alert fires once and is resolved once, so resolved wins, and the instant at which something
occurred decides, never the instant at which it was delivered.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.contracts.incidents import TAKEN, Status
from shared.contracts.wire import Severity, is_worse


class Placement(StrEnum):
    """What becomes of an alert that begins to belong to an incident."""

    OPENS_INCIDENT = "opens_incident"
    JOINS = "joins"
    JOINS_ENDED = "joins_ended"
    REVIVES = "revives"
    RECURS = "recurs"


@dataclass(frozen=True)
class Holder:
    """The incident an alert was sent to, as far as placing the alert needs it."""

    status: Status
    resolved_at: datetime | None = None
    resolved_by_rule: bool = False


def place(holder: Holder | None, *, occurred_at: datetime, has_ended: bool) -> Placement:
    """Where an alert goes that began at ``occurred_at``; ``has_ended``: its end is already known.

    - No incident yet: it opens one.
    - The incident is not over: it joins.
    - It is over and so is the alert: it joins what has ended (nobody needs to be told).
    - The rule ended it because no alert fired, and this one had begun before that: the rule did not
      know, and its resolution is undone. So the order of delivery does not matter.
    - Otherwise it has come again: a recurrence.
    """
    if holder is None:
        return Placement.OPENS_INCIDENT
    if holder.status is not Status.RESOLVED:
        return Placement.JOINS
    if has_ended:
        return Placement.JOINS_ENDED
    premature = holder.resolved_at is not None and occurred_at < holder.resolved_at
    if holder.resolved_by_rule and premature:
        return Placement.REVIVES
    return Placement.RECURS


@dataclass(frozen=True)
class Arrival:
    """What one more alert means to an incident that is not over.

    ``tells``: whoever has taken the incident does not know of this. ``rises``: the incident is as
    grave as its alert from here on. ``reopens``: it is worse than anything that was taken, so it
    has to be taken again.
    """

    severity: Severity
    worst: Severity
    tells: bool
    rises: bool
    reopens: bool


def arrive(
    status: Status, alert: Severity, *, severity: Severity, worst: Severity, is_new: bool
) -> Arrival:
    """What an alert that joins means; ``is_new``: the incident has not had its fingerprint.

    A person's own choice of severity stands until something worse than anything before comes.
    """
    is_worst = is_worse(alert, worst)
    rises = is_worst and is_worse(alert, severity)
    return Arrival(
        severity=alert if rises else severity,
        worst=alert if is_worst else worst,
        tells=is_new and status in TAKEN,
        rises=rises,
        reopens=is_new and is_worst and status is Status.ACKNOWLEDGED,
    )


class Standing(StrEnum):
    """Whether an incident is over by rule, and why (not)."""

    STILL_FIRING = "still_firing"
    KEPT_OPEN_BY_POLICY = "kept_open_by_policy"
    NO_ALERTS = "no_alerts"
    ALL_ALERTS_RESOLVED = "all_alerts_resolved"


@dataclass(frozen=True)
class AlertState:
    """One alert of an incident: when it ended (None: it fires), and its integration's policy."""

    resolved_at: datetime | None
    auto_resolve: bool = True


@dataclass(frozen=True)
class Conclusion:
    """``at`` is the instant the last alert ended, when the incident is over by rule."""

    standing: Standing
    at: datetime | None = None


def conclude(alerts: Iterable[AlertState]) -> Conclusion:
    """Whether an incident ends by itself: no alert of it fires, and every integration agrees."""
    known = list(alerts)
    ends = [alert.resolved_at for alert in known if alert.resolved_at is not None]
    if not known:
        return Conclusion(Standing.NO_ALERTS)
    if len(ends) < len(known):
        return Conclusion(Standing.STILL_FIRING)
    if not all(alert.auto_resolve for alert in known):
        return Conclusion(Standing.KEPT_OPEN_BY_POLICY)
    return Conclusion(Standing.ALL_ALERTS_RESOLVED, max(ends))


TITLE_LENGTH = 300


def title_of(message: str, *, service: str, severity: Severity) -> str:
    """An incident's title from its first alert: the first line that says something, cut to fit."""
    first = next((line.strip() for line in message.splitlines() if line.strip()), "")
    title = first or f"{severity.value} alert for {service}"
    return title if len(title) <= TITLE_LENGTH else title[: TITLE_LENGTH - 1].rstrip() + "…"
