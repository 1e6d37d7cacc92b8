"""The demonstration's week: believable, the same for the same seed, accepted by the contract."""

import importlib
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest

from shared.contracts.imports import Import

NOW = datetime(2026, 3, 4, 15, 30, tzinfo=UTC)
SEEDS = range(1, 30)


@pytest.fixture(scope="module")
def week() -> ModuleType:
    """services/demo is run as a folder or an archive, so its modules are top-level names there."""
    folder = str(Path(__file__).parents[1])
    sys.path.insert(0, folder)
    try:
        return importlib.import_module("week")
    finally:
        sys.path.remove(folder)


def _persons(week: ModuleType) -> dict[str, dict[str, str]]:
    return {
        name: {"id": f"00000000-0000-7000-8000-{number:012}", "name": name}
        for number, name in enumerate(n for team in week.people.TEAMS for n in team.members)
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_every_incident_is_accepted_lies_in_the_past_week_and_is_over(
    week: ModuleType, seed: int
) -> None:
    taken = Import(incidents=week.past_incidents(seed, NOW, _persons(week)))
    assert len(taken.incidents) == week.INCIDENTS
    assert len({incident.id for incident in taken.incidents}) == week.INCIDENTS
    for incident in taken.incidents:
        assert incident.created_at >= NOW - timedelta(days=week.DAYS)
        assert incident.resolved_at <= NOW
        assert all(
            incident.created_at <= entry.at <= incident.resolved_at for entry in incident.timeline
        )


def test_the_identities_depend_on_the_seed_and_not_on_the_hour(week: ModuleType) -> None:
    def identities(seed: int, now: datetime) -> list[str]:
        return [incident["id"] for incident in week.past_incidents(seed, now, _persons(week))]

    assert identities(7, NOW) == identities(7, NOW + timedelta(days=3, hours=5))
    assert not set(identities(7, NOW)) & set(identities(8, NOW))


def test_the_week_reaches_up_to_now(week: ModuleType) -> None:
    created = [i["created_at"] for i in week.past_incidents(7, NOW, _persons(week))]
    assert max(created) > (NOW - timedelta(hours=12)).isoformat()
    assert min(created) < (NOW - timedelta(days=6)).isoformat()


def test_every_service_of_the_story_belongs_to_a_team(week: ModuleType) -> None:
    for kind in week.KINDS:
        assert week.people.team_of(kind.service)
    for alert in week.open_alerts(7):
        assert week.people.team_of(alert["service"])


def test_a_rotation_turns_every_week_also_before_it_began(week: ModuleType) -> None:
    team = week.people.TEAMS[0]
    first = datetime(2026, 3, 2, 9, tzinfo=UTC)
    turns = [
        week.people.on_call(team, first + timedelta(weeks=n, hours=1), first) for n in range(-3, 3)
    ]
    assert turns == [*team.members, *team.members]
