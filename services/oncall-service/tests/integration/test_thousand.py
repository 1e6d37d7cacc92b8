"""A thousand incidents at once: everybody hears of theirs within seconds, in few messages."""

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from shared.contracts.wire import Severity
from shared.identifiers import new_id

INCIDENTS, TEAMS = 1_000, 20
WITHIN, BEAT = timedelta(seconds=10), timedelta(seconds=1)
BURST = 3
# What incident-management delivers at a time; it does not wait for the messages.
AT_A_TIME = 100


async def staff(oncall: Any) -> None:
    """Teams of one person each, who answers for the service of the same name."""
    for number in range(TEAMS):
        name = f"Team {number}"
        person = {"name": name, "contact_methods": [{"channel": "log"}]}
        await oncall.ok("PUT", f"/api/v1/people/{name}", json=person)
        team = {"name": name, "members": [name]}
        await oncall.ok("PUT", f"/api/v1/teams/{name}", json=team)
        steps = [{"target": "person", "person": name, "delay_minutes": 30}]
        policy = {"name": name, "team": name, "steps": steps}
        await oncall.ok("PUT", f"/api/v1/policies/{name}", json=policy)
        await oncall.ok("PUT", f"/api/v1/services/{name}", json={"name": name, "team": name})


@dataclass
class Storm:
    """What was said so far: of which incidents, and to whom in how many messages and bundles."""

    oncall: Any
    heard_of: set[str] = field(default_factory=set)
    messages: Counter[str] = field(default_factory=Counter)
    bundles: Counter[str] = field(default_factory=Counter)

    async def send(self) -> None:
        """One cycle of whoever sends."""
        assert await self.oncall.app.state.engines["sending"].cycle()
        for outgoing in self.oncall.phones.rang:
            self.messages[outgoing.person] += 1
            self.bundles[outgoing.person] += outgoing.idempotency_key.startswith("bundle:")
        self.heard_of.update(self.oncall.told_of())


@pytest.mark.parametrize("severities", [("low",), tuple(Severity)], ids="/".join)
async def test_of_a_thousand_incidents_each_is_said_within_ten_seconds_in_a_burst_a_person(
    oncall: Any, incident_event: Any, severities: tuple[str, ...]
) -> None:
    await staff(oncall)
    dice = random.Random(7)  # noqa: S311 - a test that can be repeated
    events = [
        incident_event(
            id=str(new_id()),
            number=number,
            service=f"Team {dice.randrange(TEAMS)}",
            severity=dice.choice(severities),
        )
        for number in range(INCIDENTS)
    ]
    storm = Storm(oncall)
    for first in range(0, INCIDENTS, AT_A_TIME):
        await oncall.hear(*events[first : first + AT_A_TIME])
        # Whoever sends is woken by each batch, and does not know that more will come.
        await storm.send()
    for _ in range(int(WITHIN / BEAT)):
        oncall.clock.advance(BEAT)
        await storm.send()
    assert storm.heard_of == {one["incident"]["id"] for one in events}
    assert len(storm.messages) == TEAMS
    assert max(storm.messages.values()) <= BURST
    assert set(storm.bundles.values()) == {1}
