"""What may hold alerts back, as one transaction sees it: silences first, then inhibition."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from alert_ingestion.inhibition import Rule
from alert_ingestion.model import CANARY, Alert, Reason, ReceivedAlert
from alert_ingestion.silencing import Silence, labels_of, silenced
from alert_ingestion.store import inhibition
from shared.database import Connection

_LOOK_AGAIN_AFTER: Final = timedelta(seconds=60)
"""What inhibits an alert may end at the moment at which that is held: it is looked at again."""


@dataclass(slots=True)
class Noise:
    """Silences and rules in force, and under which keys of a rule an alert fires."""

    silences: list[Silence] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    inhibiting: set[tuple[UUID, str]] = field(default_factory=set)

    def apply(self, alert: Alert, now: datetime) -> Alert:
        """``alert`` held back by whatever holds it at ``now``, or by nothing."""
        reason, by, until = self._hold(alert, now)
        if reason is None and alert.held is None:
            return alert
        since = alert.held_since if reason is alert.held else now
        return replace(
            alert,
            held=reason,
            held_by=by,
            held_since=since if reason is not None else None,
            held_until=until,
        )

    def _hold(
        self, alert: Alert, now: datetime
    ) -> tuple[Reason | None, tuple[UUID, ...], datetime | None]:
        if alert.integration_id == CANARY or not (self.silences or self.rules):
            return None, (), None
        labels = labels_of(alert)
        hold = silenced(labels, alert.integration_id, self.silences, now)
        if hold is not None:
            return Reason.SILENCED, hold.by, hold.until
        by = tuple(
            rule.id
            for rule in self.rules
            if any((rule.id, key) in self.inhibiting for key in rule.target_keys(labels))
        )
        if by:
            return Reason.INHIBITED, by, now + _LOOK_AGAIN_AFTER
        return None, (), None


async def inhibiting(
    connection: Connection,
    rules: list[Rule],
    *,
    firing: Iterable[ReceivedAlert],
    known: Collection[Alert] = (),
) -> set[tuple[UUID, str]]:
    """Under which keys alerts fire that inhibit those received (``firing``), or stored.

    What is received together counts together: it does not matter whether an alert stands before or
    after the one that inhibits it.
    """
    if not rules:
        return set()
    received = list(firing)
    both: list[ReceivedAlert | Alert] = [*received, *known]
    wanted = {
        (rule.id, key) for one in both for rule in rules for key in rule.target_keys(labels_of(one))
    }
    found = await inhibition.of_keys(connection, wanted)
    for one in received:
        found.update(sources(rules, one))
    return found


def sources(rules: list[Rule], alert: Alert | ReceivedAlert) -> list[tuple[UUID, str]]:
    """The rules by which an alert inhibits others, and its keys."""
    if not rules:
        return []
    labels = labels_of(alert)
    keyed = [(rule.id, rule.source_key(labels)) for rule in rules]
    return [(rule_id, key) for rule_id, key in keyed if key is not None]
