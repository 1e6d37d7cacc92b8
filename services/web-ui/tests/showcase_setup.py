"""What is set up in the showcase: the people, teams, schedules, policies and services of a shop."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import httpx
from stub_neighbour import StubNeighbour
from web_ui_fakes import World

from shared.contracts.wire import Ref


@dataclass(frozen=True)
class Shop:
    """Three teams and their people; ``out`` has no working contact method, ``boss`` sets up."""

    teams: Mapping[Ref, Sequence[Ref]]
    out: Ref
    boss: Ref

    @property
    def people(self) -> list[Ref]:
        """Everybody, by their names."""
        everybody = {one for members in self.teams.values() for one in members}
        return sorted(everybody, key=lambda one: one.name)


def fill(world: World, shop: Shop) -> None:
    """Fills the pages of the set-up."""
    (first, members), (second, _), (third, _) = shop.teams.items()
    directory = {
        "billing": first,
        "checkout-api": first,
        "kafka": second,
        "kubernetes": second,
        "orders-db": third,
        "warehouse-loader": third,
    }
    now = world.clock.now()
    ask = world.configuration
    people = [_person(who, shop, now) for who in shop.people]
    teams = [_team(each, of, now, catch_all=each == second) for each, of in shop.teams.items()]
    schedules = [_schedule(each, of, now) for each, of in shop.teams.items()]
    policies = [_policy(each, shop.boss) for each in shop.teams]
    services = [_service(name, each, now) for name, each in directory.items()]
    for path, items in (
        ("people", people),
        ("teams", teams),
        ("schedules", schedules),
        ("policies", policies),
        ("services", services),
    ):
        ask.on("GET", f"/api/v1/{path}", _listed(items))
        for each in items:
            ask.on("GET", f"/api/v1/{path}/{each['id']}", each)
    ask.on("GET", "/api/v1/oncall/current", _duty(first, members[0], members[1], now))
    _settle_calendar(ask, _calendar(first, members, now))
    ask.on("GET", "/api/v1/coverage", _coverage(first, shop.out, now))
    ask.on("POST", "/api/v1/coverage/preview", _coverage(first, shop.out, now, broken=True))
    ask.on("GET", "/api/v1/me/sessions", _listed(_sessions(now)))
    ask.on("GET", "/api/v1/tokens", _listed(_tokens(shop.boss, now)))
    ask.on("GET", "/api/v1/audit", _listed(_audit(first, members, shop.boss, now)))


def _settle_calendar(ask: StubNeighbour, of_team: dict[str, Any]) -> None:
    """What is asked for of one team; the calendars of all are those that were settled before."""
    path = "/api/v1/oncall/calendar"
    of_all = ask.answers.get(("GET", path), _listed([]))

    def calendar(request: httpx.Request) -> Any:
        if "team" in request.url.params:
            return of_team
        return of_all(request) if callable(of_all) else of_all

    ask.on("GET", path, calendar)


def _id(kind: str, name: str) -> str:
    return str(uuid5(UUID(int=12), f"{kind} {name}"))


def _ref(one: Ref) -> dict[str, Any]:
    return {"id": str(one.id), "name": one.name}


def _listed(items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"items": list(items), "next_cursor": None}


def _person(who: Ref, shop: Shop, now: datetime) -> dict[str, Any]:
    login = who.name.split()[0].lower()
    method = {
        "id": _id("method", who.name),
        "channel": "ntfy",
        "target": "https://ntfy.example.com/...",
        "enabled": who != shop.out,
        "verified_at": now.isoformat(),
        "verified_by": "Administrator" if who == shop.boss else None,
    }
    return {
        **_ref(who),
        "login": None if who == shop.out else login,
        "email": f"{login}@example.com",
        "role": "admin" if who == shop.boss else "responder",
        "can_sign_in": who != shop.out,
        "time_zone": "Europe/Paris",
        "language": "fr" if who.name.startswith("L") else None,
        "clock": None,
        "working_hours": None,
        "quiet_hours": None,
        "status_updates": True,
        "contact_methods": [method],
        "notification_rules": [],
    }


def _team(team: Ref, members: Sequence[Ref], now: datetime, *, catch_all: bool) -> dict[str, Any]:
    return {
        **_ref(team),
        "catch_all": catch_all,
        "members": [_ref(one) for one in members],
        "created_at": now.isoformat(),
    }


def _schedule(team: Ref, members: Sequence[Ref], now: datetime) -> dict[str, Any]:
    monday = (now - timedelta(days=now.weekday())).replace(hour=9, minute=0, second=0)
    everyday = {
        "name": "Week",
        "role": "primary",
        "kind": "weekly",
        "every": 1,
        "length_days": 7,
        "participants": [_ref(one) for one in members],
        "start": monday.strftime("%Y-%m-%dT%H:%M:%S"),
        "hours": [],
        "on_holidays": "as_usual",
    }
    nights = {"days": ["fri", "sat"], "start": "18:00:00", "end": "09:00:00"}
    weekend = {**everyday, "name": "Weekend nights", "kind": "daily", "hours": [nights]}
    return {
        "id": _id("schedule", team.name),
        "name": team.name,
        "team": _ref(team),
        "time_zone": "Europe/Paris",
        "layers": [everyday, weekend],
        "holidays": {"country": "FR", "subdivision": None, "dates": []},
        "intended_gaps": [],
        "change": None,
    }


def _policy(team: Ref, boss: Ref) -> dict[str, Any]:
    def target(kind: str, **of: Any) -> dict[str, Any]:
        return {"kind": kind, "person": None, "team": None, "url": None, **of}

    def step(minutes: int, *targets: dict[str, Any], **when: Any) -> dict[str, Any]:
        return {
            "delay_minutes": minutes,
            "targets": list(targets),
            "severities": None,
            "hours": None,
            **when,
        }

    return {
        "id": _id("policy", team.name),
        "name": f"{team.name}, day and night",
        "team": _ref(team),
        "repeat": 2,
        "steps": [
            step(5, target("primary")),
            step(10, target("secondary"), target("webhook", url="https://chat.example.com/...")),
            step(
                30,
                target("team"),
                target("person", person=_ref(boss)),
                severities=["critical", "high"],
            ),
        ],
        "fallback": _ref(boss),
        "acknowledge_timeout_minutes": 60,
    }


def _service(name: str, team: Ref, now: datetime) -> dict[str, Any]:
    policy = {"id": _id("policy", team.name), "name": f"{team.name}, day and night"}
    return {
        "id": _id("service", name),
        "name": name,
        "team": _ref(team),
        "policy": policy if name == "checkout-api" else None,
        "created_at": now.isoformat(),
    }


def _duty(team: Ref, primary: Ref, secondary: Ref, now: datetime) -> dict[str, Any]:
    return {
        "team": _ref(team),
        "primary": _ref(primary),
        "secondary": _ref(secondary),
        "until": (now + timedelta(hours=30)).isoformat(),
    }


def _calendar(team: Ref, members: Sequence[Ref], now: datetime) -> dict[str, Any]:
    ada, jun, lea = members
    turns = ((ada, jun, 30), (jun, lea, 168), (lea, ada, 100), (None, None, 12), (lea, ada, 56))
    items, start = [], now
    for primary, secondary, hours in turns:
        end = start + timedelta(hours=hours)
        items.append(
            {
                "start": start.isoformat(),
                "end": end.isoformat(),
                "primary": _ref(primary) if primary else None,
                "secondary": _ref(secondary) if secondary else None,
                "kind": "override" if primary == jun else "layer",
                "gap": primary is None,
            }
        )
        start = end
    return {"team": _ref(team), "time_zone": "Europe/Paris", "items": items}


def _coverage(team: Ref, out: Ref, now: datetime, *, broken: bool = False) -> dict[str, Any]:
    hole = {
        "level": "broken",
        "reason": "nobody_on_call",
        "why": "nobody on call",
        "services": ["checkout-api", "billing"],
        "team": _ref(team),
        "policy": f"{team.name}, day and night",
        "step": 0,
        "start": (now + timedelta(days=12)).isoformat(),
        "end": (now + timedelta(days=12, hours=12)).isoformat(),
    }
    weak = {
        **hole,
        "level": "weak",
        "reason": "no_contact_method",
        "step": 1,
        "person": _ref(out),
        "severities": ["critical"],
    }
    holes = [hole, weak] if broken else [weak]
    return {
        "at": now.isoformat(),
        "until": (now + timedelta(days=30)).isoformat(),
        "ok": not broken,
        "broken": int(broken),
        "weak": 1,
        "holes": holes,
    }


def _sessions(now: datetime) -> list[dict[str, Any]]:
    agents = (
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18 like Mac OS X) Version/18 Safari/604",
    )
    return [
        {
            "id": _id("session", agent),
            "created_at": (now - timedelta(days=2 * place)).isoformat(),
            "expires_at": (now + timedelta(days=7)).isoformat(),
            "last_seen_at": (now - timedelta(hours=place)).isoformat(),
            "agent": agent,
            "current": not place,
        }
        for place, agent in enumerate(agents)
    ]


def _tokens(boss: Ref, now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "id": _id("token", name),
            "name": name,
            "role": role,
            "created_by": boss.name,
            "created_at": (now - timedelta(days=40)).isoformat(),
            "expires_at": (now + timedelta(days=50)).isoformat() if name == "Terraform" else None,
            "revoked_at": now.isoformat() if name == "Old importer" else None,
        }
        for name, role in (
            ("Terraform", "admin"),
            ("Status page", "viewer"),
            ("Old importer", "responder"),
        )
    ]


def _audit(team: Ref, members: Sequence[Ref], boss: Ref, now: datetime) -> list[dict[str, Any]]:
    ada, jun, lea = map(_ref, members)
    actor = {"kind": "person", **_ref(boss)}
    changes = (
        (
            "team.changed",
            str(team.id),
            {"members": [ada, jun]},
            {"members": [ada, jun, lea]},
        ),
        (
            "person.created",
            lea["id"],
            None,
            {"name": lea["name"], "role": "responder", "time_zone": "Europe/Paris", "login": "lea"},
        ),
        (
            "policy.changed",
            _id("policy", team.name),
            {"repeat": 1, "fallback": None},
            {"repeat": 2, "fallback": _ref(boss)},
        ),
    )
    return [
        {
            "seq": len(changes) - place,
            "at": (now - timedelta(hours=3 * place + 1)).isoformat(),
            "actor": actor,
            "action": action,
            "subject_kind": action.partition(".")[0],
            "subject_id": subject,
            "before": before,
            "after": after,
        }
        for place, (action, subject, before, after) in enumerate(changes)
    ]
