"""Whether a message speaks of an alert we have: pure rules, time is an argument."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alert_ingestion import deduplication
from alert_ingestion.deduplication import Effect
from alert_ingestion.model import Alert, AlertStatus, Reason, ReceivedAlert
from shared.contracts.wire import Severity
from shared.identifiers import new_id

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def received(**changes: Any) -> ReceivedAlert:
    values = {
        "fingerprint": "f",
        "service": "checkout",
        "severity": Severity.CRITICAL,
        "message": "it burns",
        "starts_at": NOW,
        "starts_at_given": True,
        "ends_at": NOW + 5 * MINUTE,
        "ends_at_is_timeout": True,
        **changes,
    }
    return ReceivedAlert(**values)


def stored(**changes: Any) -> Alert:
    values = {
        "id": new_id(),
        "integration_id": new_id(),
        "integration": "prometheus",
        "auto_resolve": True,
        "fingerprint": "f",
        "service": "checkout",
        "severity": Severity.CRITICAL,
        "message": "it burned",
        "correlation_key": "k",
        "incident_id": new_id(),
        "status": AlertStatus.FIRING,
        "starts_at": NOW,
        "starts_at_given": True,
        "occurrences": (NOW,),
        "first_seen": NOW,
        "last_seen": NOW,
        "ends_at": NOW + 5 * MINUTE,
        "ends_at_is_timeout": True,
        **changes,
    }
    return Alert(**values)


def resolved(reason: Reason, **changes: Any) -> Alert:
    return stored(
        status=AlertStatus.RESOLVED,
        resolved_reason=reason.value,
        resolved_at=NOW + MINUTE,
        **changes,
    )


def by_hand(**changes: Any) -> Alert:
    return resolved(Reason.RESOLVED_BY_HAND, suppressed=True, **changes)


def test_an_unknown_alert_opens() -> None:
    assert deduplication.match(received(), None).effect is Effect.OPEN


def test_an_open_alert_is_repeated_whatever_start_the_sender_gives() -> None:
    for start in (NOW, NOW + MINUTE, NOW - MINUTE):
        match = deduplication.match(received(starts_at=start), stored())
        assert (match.effect, match.reason) == (Effect.REPEAT, Reason.STILL_FIRING)


def test_what_a_person_resolved_stays_suppressed_for_the_same_start() -> None:
    match = deduplication.match(received(), by_hand())
    assert (match.effect, match.reason) == (Effect.SUPPRESS, Reason.RESOLVED_BY_HAND)


def test_both_starts_of_a_pair_of_senders_stay_suppressed() -> None:
    alert = deduplication.repeated(stored(), received(starts_at=NOW + MINUTE), NOW + MINUTE)
    closed = replace(
        alert,
        status=AlertStatus.RESOLVED,
        suppressed=True,
        resolved_reason=Reason.RESOLVED_BY_HAND.value,
    )
    for start in (NOW, NOW + MINUTE):
        assert deduplication.match(received(starts_at=start), closed).effect is Effect.SUPPRESS
    assert deduplication.match(received(starts_at=NOW + 2 * MINUTE), closed).effect is Effect.OPEN


def test_a_new_start_after_a_resolve_by_hand_is_a_new_alert() -> None:
    later = received(starts_at=NOW + 2 * MINUTE)
    assert deduplication.match(later, by_hand()).effect is Effect.OPEN


def test_a_format_without_starts_opens_again_after_a_resolve_by_hand() -> None:
    trigger = received(starts_at=NOW + 2 * MINUTE, starts_at_given=False)
    assert deduplication.match(trigger, by_hand(starts_at_given=False)).effect is Effect.OPEN
    # Even if the server's clock happens to give the same instant.
    same_instant = received(starts_at_given=False)
    assert deduplication.match(same_instant, by_hand()).effect is Effect.OPEN


@pytest.mark.parametrize("reason", [Reason.RESOLVED_BY_SENDER, Reason.TIMED_OUT])
def test_what_ended_by_itself_and_fires_again_is_a_new_alert(reason: Reason) -> None:
    assert deduplication.match(received(), resolved(reason)).effect is Effect.OPEN


@pytest.mark.parametrize(
    ("latest", "effect", "reason"),
    [
        (None, Effect.NOTHING, Reason.NO_OPEN_ALERT),
        (stored(), Effect.RESOLVE, Reason.RESOLVED_BY_SENDER),
        (by_hand(), Effect.CLEAR, Reason.RESOLVED_BY_SENDER),
        (resolved(Reason.RESOLVED_BY_SENDER), Effect.NOTHING, Reason.ALREADY_RESOLVED),
        (stored(starts_at=NOW + 3 * MINUTE), Effect.NOTHING, Reason.OLDER_OCCURRENCE),
        # Our own clock gave this start: it proves nothing about the sender's.
        (
            stored(starts_at=NOW + 3 * MINUTE, starts_at_given=False),
            Effect.RESOLVE,
            Reason.RESOLVED_BY_SENDER,
        ),
    ],
)
def test_a_resolve_ends_what_is_live_and_nothing_else(
    latest: Alert | None, effect: Effect, reason: Reason
) -> None:
    message = received(resolved=True, ends_at=NOW + MINUTE, ends_at_is_timeout=False)
    match = deduplication.match(message, latest)
    assert (match.effect, match.reason) == (effect, reason)


def test_a_repetition_keeps_the_earliest_start_and_the_newest_words() -> None:
    again = deduplication.repeated(
        stored(),
        received(starts_at=NOW - MINUTE, annotations={"summary": "worse"}, message="worse"),
        NOW + MINUTE,
    )
    assert again.starts_at == NOW - MINUTE
    assert again.annotations == {"summary": "worse"}
    assert again.message == "worse"
    assert again.count == 2
    assert again.last_seen == NOW + MINUTE


@pytest.mark.parametrize(
    ("before", "incoming", "merged"),
    [
        # (minutes from NOW, is a timeout); the cases of Alertmanager's types.Alert.Merge
        ((5, True), (6, True), (6, True)),
        ((5, True), (3, False), (3, False)),
        ((60, False), (6, True), (60, False)),
        ((60, False), (30, False), (60, False)),
        ((4, False), (6, True), (6, True)),
        ((5, True), (None, False), (None, False)),
        ((None, False), (6, True), (6, True)),
    ],
)
def test_a_later_explicit_end_beats_a_timeout(
    before: tuple[int | None, bool],
    incoming: tuple[int | None, bool],
    merged: tuple[int | None, bool],
) -> None:
    def end(pair: tuple[int | None, bool]) -> dict[str, Any]:
        minutes, is_timeout = pair
        instant = None if minutes is None else NOW + minutes * MINUTE
        return {"ends_at": instant, "ends_at_is_timeout": is_timeout}

    again = deduplication.repeated(stored(**end(before)), received(**end(incoming)), NOW)
    assert {"ends_at": again.ends_at, "ends_at_is_timeout": again.ends_at_is_timeout} == end(merged)


def test_a_sender_whose_starts_mean_nothing_does_not_grow_the_alert_for_ever() -> None:
    alert = stored()
    for minute in range(100):
        alert = deduplication.repeated(alert, received(starts_at=NOW + minute * MINUTE), NOW)
    assert len(alert.occurrences) == 16
    assert alert.occurrences[-1] == NOW + 99 * MINUTE


def test_resolving_what_was_resolved_by_hand_only_ends_the_suppression() -> None:
    before = by_hand()
    over = deduplication.resolved(
        before, reason=Reason.RESOLVED_BY_SENDER, ended_at=NOW + 4 * MINUTE, now=NOW + 5 * MINUTE
    )
    assert not over.suppressed
    assert over.resolved_at == before.resolved_at
    assert over.resolved_reason == "resolved_by_hand"
    assert over.ends_at == NOW + 4 * MINUTE
