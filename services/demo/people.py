"""Who the demonstration is about: seven people, two teams, their rotations and policies."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from api import Api

ZONE = "Europe/Paris"


@dataclass(frozen=True)
class Team:
    """A team, in the order of its rotation, and the services it answers for."""

    name: str
    members: tuple[str, ...]
    services: tuple[str, ...]


TEAMS = (
    Team(
        "Payments",
        ("Amina Benali", "Jonas Weber", "Sofia Rossi"),
        ("checkout", "payments-api", "ledger", "fraud-check"),
    ),
    Team(
        "Platform",
        ("Lucas Moreau", "Ines Alaoui", "Tomasz Nowak", "Maya Patel"),
        ("api-gateway", "postgres", "search", "object-storage", "edge-proxy"),
    ),
)


def login(name: str) -> str:
    """``Amina Benali`` signs in as ``amina.benali``."""
    return name.lower().replace(" ", ".")


def team_of(service: str) -> Team:
    """Who answers for a service."""
    return next(team for team in TEAMS if service in team.services)


def on_call(team: Team, at: datetime, first: datetime) -> str:
    """Who had the pager: turns of a week from ``first`` on (``at`` may lie before it)."""
    return team.members[((at - first) // timedelta(weeks=1)) % len(team.members)]


def first_hand_off(now: datetime) -> datetime:
    """The Monday, 09:00 on the clock, at least three weeks back: the rotations begin there."""
    monday = now - timedelta(days=now.weekday(), weeks=3)
    return monday.replace(hour=9, minute=0, second=0, microsecond=0, tzinfo=None)


def ensure(api: Api, now: datetime, password: str) -> dict[str, dict[str, str]]:
    """Create what is missing, by name; {name of a person: {id, name}}.

    All of them sign in with ``password``.
    """
    person = _creator(api, "people")
    ids = {
        name: person(
            {
                "name": name,
                "login": login(name),
                "email": f"{login(name)}@example.com",
                "time_zone": ZONE,
                "role": "responder",
                "password": password,
                "contact_methods": [{"channel": "log"}],
            }
        )
        for team in TEAMS
        for name in team.members
    }
    start = first_hand_off(now).isoformat()
    create_team, policy = _creator(api, "teams"), _creator(api, "policies")
    schedule, service = _creator(api, "schedules"), _creator(api, "services")
    for team in TEAMS:
        create_team({"name": team.name, "members": list(team.members)})
        schedule(
            {
                "name": f"{team.name} on call",
                "team": team.name,
                "time_zone": ZONE,
                **_layers(team, start),
            }
        )
        policy({"name": f"{team.name} escalation", "team": team.name, **_policy(team)})
        for name in team.services:
            service({"name": name, "team": team.name})
    return {name: {"id": found["id"], "name": name} for name, found in ids.items()}


def _layers(team: Team, start: str) -> dict[str, Any]:
    """A weekly rotation; whoever comes next week is secondary this week."""
    rotation = {"kind": "weekly", "start": start}
    later = [*team.members[1:], team.members[0]]
    return {
        "layers": [
            {"name": "Primary", "role": "primary", "participants": list(team.members), **rotation},
            {"name": "Secondary", "role": "secondary", "participants": later, **rotation},
        ]
    }


def _policy(team: Team) -> dict[str, Any]:
    return {
        "repeat": 2,
        "steps": [
            {"target": "primary", "delay_minutes": 5},
            {"target": "secondary", "delay_minutes": 10},
        ],
        "fallback": team.members[0],
    }


def _creator(api: Api, kind: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A function that creates one of a kind unless its name is taken; either way, the thing."""
    known = {item["name"].casefold(): item for item in api.items(f"/api/v1/{kind}")}

    def create(body: dict[str, Any]) -> dict[str, Any]:
        found = known.get(body["name"].casefold())
        return found if found is not None else api.post(f"/api/v1/{kind}", body)

    return create
