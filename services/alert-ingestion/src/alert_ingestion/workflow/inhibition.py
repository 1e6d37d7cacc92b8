"""Rules of inhibition are made and ended; what they held back is looked at again then."""

from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from alert_ingestion.inhibition import Rule
from alert_ingestion.silencing import labels_of
from alert_ingestion.store import alerts
from alert_ingestion.store import inhibition as store
from shared.asking import answer
from shared.batches import parts
from shared.database import Connection
from shared.errors import Conflict, NotFound

MOST: Final = 100
"""Rules in force: each is held against each alert that comes."""

_NOTED_AT_ONCE: Final = 1_000


async def make(connection: Connection, rule: Rule) -> None:
    """Store a new rule; alerts that fire already inhibit others by it.

    Raises:
        Conflict: there are too many rules.
    """
    rules = await answer(connection, store.in_force())
    if len(rules) >= MOST:
        raise Conflict(f"There are {MOST} rules; end some of them first.")
    await store.insert(connection, rule)
    sources = [
        (rule.id, alert.id, key)
        async for alert in alerts.every_firing(connection)
        if (key := rule.source_key(labels_of(alert))) is not None
    ]
    for some in parts(sources, _NOTED_AT_ONCE):
        await store.fire(connection, some)


async def existing(connection: Connection, rule_id: UUID) -> Rule:
    """A rule, locked.

    Raises:
        NotFound: there is none.
    """
    rule = await store.by_id(connection, rule_id)
    if rule is None:
        raise NotFound(f"There is no inhibition rule {rule_id}.")
    return rule


async def end(connection: Connection, rule: Rule, now: datetime) -> Rule:
    """End a rule; one that has ended stays as it is."""
    if rule.ended_at is not None:
        return rule
    await store.end(connection, rule.id, now)
    await alerts.look_again(connection, [rule.id], now)
    return replace(rule, ended_at=now)
