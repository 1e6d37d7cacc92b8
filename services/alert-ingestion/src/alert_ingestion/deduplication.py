"""Is this message about an alert we already have? Pure rules over (received, latest alert)."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Final

from alert_ingestion.model import Alert, AlertStatus, Reason, ReceivedAlert

# A pair of Prometheus servers gives one alert two starts; more than a few means a sender whose
# starts are not occurrences at all.
_MOST_OCCURRENCES: Final = 16


# What a person reads of an alert, and what decides whom it wakes.
_SAID: Final = ("severity", "message", "labels", "annotations", "links")


class Effect(Enum):
    """What a received alert does to the latest stored alert of its identity."""

    OPEN = "open"
    REPEAT = "repeat"
    SUPPRESS = "suppress"
    RESOLVE = "resolve"
    CLEAR = "clear"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Match:
    """The effect, and the named reason for it (None for OPEN: correlation names that one)."""

    effect: Effect
    reason: Reason | None


def match(received: ReceivedAlert, latest: Alert | None) -> Match:
    """What ``received`` means, given the latest stored alert of the same identity."""
    return _resolved(received, latest) if received.resolved else _firing(received, latest)


def _firing(received: ReceivedAlert, latest: Alert | None) -> Match:
    if latest is None:
        return Match(Effect.OPEN, None)
    if latest.status is AlertStatus.FIRING:
        return Match(Effect.REPEAT, Reason.STILL_FIRING)
    # A person said that this occurrence is dealt with; only a new one is worth a page. A format
    # without starts cannot repeat an occurrence: each of its triggers after the resolve is new.
    if latest.resolved_reason == Reason.RESOLVED_BY_HAND and is_same_occurrence(received, latest):
        return Match(Effect.SUPPRESS, Reason.RESOLVED_BY_HAND)
    return Match(Effect.OPEN, None)


def _resolved(received: ReceivedAlert, latest: Alert | None) -> Match:
    ending = end(latest)
    if (
        latest is not None
        and ending.effect is not Effect.NOTHING
        and _ended_before(received, latest)
    ):
        return Match(Effect.NOTHING, Reason.OLDER_OCCURRENCE)
    return ending


def end(latest: Alert | None) -> Match:
    """What it means that the sender says an alert is over, without a word of when it began."""
    if latest is None:
        return Match(Effect.NOTHING, Reason.NO_OPEN_ALERT)
    if latest.status is AlertStatus.RESOLVED and not latest.suppressed:
        return Match(Effect.NOTHING, Reason.ALREADY_RESOLVED)
    if latest.suppressed:
        return Match(Effect.CLEAR, Reason.RESOLVED_BY_SENDER)
    return Match(Effect.RESOLVE, Reason.RESOLVED_BY_SENDER)


def is_same_occurrence(received: ReceivedAlert, alert: Alert) -> bool:
    """Whether the sender has given this start for that alert before."""
    return received.starts_at_given and received.starts_at in alert.occurrences


def _ended_before(received: ReceivedAlert, alert: Alert) -> bool:
    # Only between two of the sender's own times: ours and theirs differ by the clocks' skew.
    return (
        received.starts_at_given
        and alert.starts_at_given
        and received.ends_at is not None
        and received.ends_at < alert.starts_at
    )


def repeated(alert: Alert, received: ReceivedAlert, now: datetime) -> Alert:
    """``alert`` after one more message that it fires: earliest start, newest words, merged end.

    Its service and its incident stay as they were when it was correlated.
    """
    ends_at, is_timeout = _merged_end(alert, received)
    return replace(
        alert,
        count=alert.count + 1,
        last_seen=now,
        starts_at=min(alert.starts_at, received.starts_at),
        starts_at_given=alert.starts_at_given or received.starts_at_given,
        occurrences=_with_occurrence(alert.occurrences, received),
        ends_at=ends_at,
        ends_at_is_timeout=is_timeout,
        severity=received.severity,
        severity_original=received.severity_original,
        message=received.message,
        labels=received.labels,
        annotations=received.annotations,
        links=received.links,
    )


def says_something_new(before: Alert, after: Alert) -> bool:
    """Whether a repeat told more than that the alert still fires."""
    return any(getattr(before, name) != getattr(after, name) for name in _SAID)


def _merged_end(alert: Alert, received: ReceivedAlert) -> tuple[datetime | None, bool]:
    # Alertmanager's own rule (types.Alert.Merge): the younger message's end holds, unless the
    # older one named a later end itself.
    named_before = alert.ends_at is not None and not alert.ends_at_is_timeout
    if named_before and received.ends_at is not None and alert.ends_at > received.ends_at:  # type: ignore[operator]
        return alert.ends_at, False
    return received.ends_at, received.ends_at_is_timeout


def _with_occurrence(known: tuple[datetime, ...], received: ReceivedAlert) -> tuple[datetime, ...]:
    if not received.starts_at_given or received.starts_at in known:
        return known
    return (*known, received.starts_at)[-_MOST_OCCURRENCES:]


def suppressed(alert: Alert, received: ReceivedAlert, now: datetime) -> Alert:
    """A resend of what a person resolved: it shows in the count, and changes nothing else."""
    again = repeated(alert, received, now)
    return replace(again, suppressed=True)


def resolved(alert: Alert, *, reason: Reason, ended_at: datetime, now: datetime) -> Alert:
    """``alert`` when its sender stopped: firing, or resolved by hand and still suppressed."""
    over = replace(
        alert, suppressed=False, ends_at=ended_at, ends_at_is_timeout=False, held_until=None
    )
    if reason is Reason.QUIET:
        # It was let go: what comes after this is counted anew.
        over = replace(over, openings=(), flapping=False, held=None, held_since=None)
    if alert.status is AlertStatus.RESOLVED:
        return over
    return replace(over, status=AlertStatus.RESOLVED, resolved_at=now, resolved_reason=reason.value)
