"""Which incident an alert belongs to, and when an incident is over because its alerts are.

Pure rules with named reasons. Events come at least once and, in a bad hour, in the wrong order;
an alert fires once and is resolved once, so resolved wins, and the instant at which something
occurred decides, never the instant at which it was delivered.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
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
class Gravity:
    """How grave an incident is: now, at its worst so far, and whether a person chose it."""

    severity: Severity
    worst: Severity
    chosen: bool = False


def weigh(firing: Mapping[Severity, int], gravity: Gravity) -> Gravity:
    """How grave an incident is whose alerts fire in these numbers, by severity.

    As grave as the gravest of them; when none fires it stays as it was. A person's own choice
    stands until something worse than anything before comes.
    """
    gravest = next((severity for severity in Severity if firing.get(severity, 0) > 0), None)
    if gravest is None:
        return gravity
    is_worst = is_worse(gravest, gravity.worst)
    if gravity.chosen and not is_worst:
        return gravity
    return Gravity(gravest, gravest if is_worst else gravity.worst)


@dataclass(frozen=True)
class Effect:
    """What news of an alert means to an incident that is not over.

    ``rises``: the incident is graver than before. ``tells``: whoever has taken it does not know of
    this. ``reopens``: it is worse than anything that was taken, so it has to be taken again.
    """

    rises: bool
    tells: bool
    reopens: bool


def effect(status: Status, before: Gravity, after: Gravity, *, is_new: bool) -> Effect:
    """What became of an incident's gravity means; ``is_new``: it has not had this fingerprint."""
    rises = is_worse(after.severity, before.severity)
    worst_yet = is_worse(after.worst, before.worst)
    return Effect(
        rises=rises,
        tells=status in TAKEN and (is_new or rises),
        reopens=status is Status.ACKNOWLEDGED and worst_yet and (is_new or rises),
    )


UPDATES_SAID_EVERY = timedelta(minutes=15)


def worth_saying(*, severity_changed: bool, said_at: datetime | None, now: datetime) -> bool:
    """Whether the timeline says that an alert says something else than before.

    Many senders put a measured value into their text, and repeat it every minute.
    """
    return severity_changed or said_at is None or now - said_at >= UPDATES_SAID_EVERY


class Standing(StrEnum):
    """Whether an incident is over by rule, and why (not)."""

    STILL_FIRING = "still_firing"
    KEPT_OPEN_BY_POLICY = "kept_open_by_policy"
    NO_ALERTS = "no_alerts"
    ALL_ALERTS_RESOLVED = "all_alerts_resolved"


@dataclass(frozen=True)
class Ends:
    """The alerts of an incident, counted: how many there are, how many fire, when the last ended.

    ``agree``: every integration lets the end of its alerts end an incident.
    """

    alerts: int
    firing: int
    last: datetime | None
    agree: bool


def latest(*ends: datetime | None) -> datetime | None:
    """The last of these instants; None when there is none."""
    return max((end for end in ends if end is not None), default=None)


@dataclass(frozen=True)
class Conclusion:
    """``at`` is the instant the last alert ended, when the incident is over by rule."""

    standing: Standing
    at: datetime | None = None


def conclude(ends: Ends) -> Conclusion:
    """Whether an incident ends by itself: no alert of it fires, and every integration agrees."""
    if ends.alerts == 0:
        return Conclusion(Standing.NO_ALERTS)
    if ends.firing > 0:
        return Conclusion(Standing.STILL_FIRING)
    if not ends.agree:
        return Conclusion(Standing.KEPT_OPEN_BY_POLICY)
    return Conclusion(Standing.ALL_ALERTS_RESOLVED, ends.last)


TITLE_LENGTH = 300


def title_of(message: str, *, service: str, severity: Severity) -> str:
    """An incident's title from its first alert: the first line that says something, cut to fit."""
    first = next((line.strip() for line in message.splitlines() if line.strip()), "")
    title = first or f"{severity.value} alert for {service}"
    return title if len(title) <= TITLE_LENGTH else title[: TITLE_LENGTH - 1].rstrip() + "…"
