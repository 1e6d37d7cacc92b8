"""Which silences hold an alert back? Pure rules over (labels, silences, now)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias
from uuid import UUID

from alert_ingestion.matchers import Matchers, all_match
from alert_ingestion.model import Alert, ReceivedAlert
from alert_ingestion.windows import Span, Window

_LONGEST_NAME: Final = 200

State: TypeAlias = Literal["pending", "active", "expired"]
"""Of a silence: before and between its windows, within one, and when it is over."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Alerts that match page nobody during its span.

    ``integration_id``: only those of one integration; None for those of every one.
    """

    id: UUID
    matchers: Matchers
    span: Span
    author: str
    comment: str
    created_at: datetime
    updated_at: datetime
    integration_id: UUID | None = None

    def state(self, now: datetime) -> State:
        """Whether it holds alerts back at ``now``, will again, or is over."""
        if self.span.ends_at <= now:
            return "expired"
        return "pending" if holding_window(self.span, now) is None else "active"

    def covers(self, labels: Mapping[str, str], integration_id: UUID) -> bool:
        """Whether it is about an alert with these labels, whatever the time."""
        return covers(self.matchers, self.integration_id, labels, integration_id)


@dataclass(frozen=True, slots=True)
class Hold:
    """What holds an alert back, and when to look again at the latest."""

    by: tuple[UUID, ...]
    until: datetime


def covers(
    matchers: Matchers, of: UUID | None, labels: Mapping[str, str], integration_id: UUID
) -> bool:
    """Whether matchers, of one integration or (``of`` is None) of all, are about an alert."""
    return of in (None, integration_id) and all_match(matchers, labels)


def labels_of(alert: ReceivedAlert | Alert) -> dict[str, str]:
    """What matchers look at: the sender's labels, and what an alert without them is called by.

    ``service`` and ``severity`` are ours where the sender has no such labels, ``alertname`` is the
    message then; the sender's own win, so that what is silenced at Prometheus' words stays so.
    """
    own = {
        "service": alert.service,
        "severity": alert.severity.value,
        "alertname": alert.message[:_LONGEST_NAME],
    }
    return {**own, **alert.labels}


def holding_window(span: Span, now: datetime) -> Window | None:
    """``span.window(now)``, worked out again only when it has changed since the last time."""
    known = _known.get(span)
    if known is None or not known[0] <= now < known[1]:
        window = span.window(now)
        changes = window.ends_at if window is not None else span.next_start(now)
        if window is not None and span.recurrence is not None:
            # Windows may overlap, and one that begins within this one may end later.
            following = span.next_start(now)
            changes = min(window.ends_at, following or window.ends_at)
        known = (now, changes or datetime.max.replace(tzinfo=UTC), window)
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[span] = known
    return known[2]


_known: dict[Span, tuple[datetime, datetime, Window | None]] = {}
_MOST_KNOWN: Final = 1_000


def silenced(
    labels: Mapping[str, str], integration_id: UUID, silences: Iterable[Silence], now: datetime
) -> Hold | None:
    """The silences that hold an alert with these labels back at ``now``; None when none does.

    It is looked at again when the first of them ends: another one may hold it then.
    """
    holding: list[tuple[UUID, datetime]] = []
    for silence in silences:
        if not silence.covers(labels, integration_id):
            continue
        window = holding_window(silence.span, now)
        if window is not None:
            holding.append((silence.id, window.ends_at))
    if not holding:
        return None
    return Hold(tuple(sorted(one for one, _ in holding)), min(end for _, end in holding))
