"""Calendars, overrides, swaps and a run of the time machine, as oncall-service answers them."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import httpx

if TYPE_CHECKING:
    from web_ui_fakes import World

SCHEDULE = {"id": str(uuid4()), "name": "Payments rota"}
OVERRIDE, SWAP = uuid4(), uuid4()


def fill(world: "World", team: Any, people: list[Any]) -> None:
    """A team with a weekly rotation, an override on top, an offer, and a gap ahead."""
    now = world.clock.now().replace(minute=0, second=0, microsecond=0)
    start = now - timedelta(days=now.weekday() + 1, hours=now.hour - 9)
    oncall = world.configuration
    here = {"id": str(team.id), "name": team.name}
    who = [{"id": str(one.id), "name": one.name} for one in people]

    def calendar(_request: httpx.Request) -> Any:
        return {"items": [_calendar(start, here, who)], "next_cursor": None}

    oncall.on("GET", "/api/v1/oncall/calendar", calendar)
    oncall.on(
        "GET",
        "/api/v1/schedules",
        {"items": [_schedule(here, start)], "next_cursor": None},
    )
    oncall.on("GET", "/api/v1/overrides", {"items": [_override(now, here, who[1])]})
    oncall.on("GET", "/api/v1/swaps", {"items": [_swap(now, here, who[2])]})
    oncall.on("GET", "/api/v1/simulate", _simulation(now, here, who))


def _calendar(start: datetime, team: Any, who: list[Any]) -> dict[str, Any]:
    shifts = []
    for number in range(7):
        begin = start + timedelta(days=7 * number)
        first, second = who[number % len(who)], who[(number + 1) % len(who)]
        turn = {"kind": "layer", "layer": "Weekly", "secondary_kind": "layer"}
        whole = {"primary": first, "secondary": second, **turn}
        if number == 1:
            shifts += [
                _shift(begin, 2, whole),
                _shift(
                    begin + timedelta(days=2), 1, {**whole, "primary": who[2], "kind": "override"}
                ),
                _shift(begin + timedelta(days=3), 4, whole),
            ]
        elif number == 3:
            shifts += [
                _shift(begin, 5, whole),
                _shift(begin + timedelta(days=5), 2, {"gap": True}),
            ]
        else:
            shifts.append(_shift(begin, 7, whole))
    return {"team": team, "schedule": SCHEDULE, "time_zone": "Europe/Paris", "items": shifts}


def _shift(start: datetime, days: int, more: dict[str, Any]) -> dict[str, Any]:
    end = start + timedelta(days=days)
    return {"start": start.isoformat(), "end": end.isoformat(), **more}


def _schedule(team: Any, start: datetime) -> dict[str, Any]:
    return {
        **SCHEDULE,
        "team": team,
        "time_zone": "Europe/Paris",
        "layers": [],
        "holidays": None,
        "intended_gaps": [],
        "change": None,
        "created_at": start.isoformat(),
    }


def _override(now: datetime, team: Any, person: Any) -> dict[str, Any]:
    return {
        "id": str(OVERRIDE),
        "schedule": SCHEDULE,
        "team": team,
        "person": person,
        "role": "primary",
        "start": (now + timedelta(days=2)).isoformat(),
        "end": (now + timedelta(days=3)).isoformat(),
        "note": "Dentist",
        "kind": "override",
        "created_by": "Ada Okafor",
        "created_at": now.isoformat(),
    }


def _swap(now: datetime, team: Any, giver: Any) -> dict[str, Any]:
    return {
        "id": str(SWAP),
        "schedule": SCHEDULE,
        "team": team,
        "giver": giver,
        "to": None,
        "taker": None,
        "role": "primary",
        "start": (now + timedelta(days=9)).isoformat(),
        "end": (now + timedelta(days=10)).isoformat(),
        "note": "School concert",
        "status": "open",
        "override_id": None,
        "created_at": now.isoformat(),
        "decided_at": None,
    }


def _simulation(now: datetime, team: Any, who: list[Any]) -> dict[str, Any]:
    def entry(minutes: int, kind: str, person: Any, step: int) -> dict[str, Any]:
        at = (now + timedelta(minutes=minutes)).isoformat()
        return {
            "at": at,
            "kind": kind,
            "round": 0,
            "step": step,
            "person": person,
            "reason": "primary_on_call",
            "why": "primary on call",
            "on_call_by": "Weekly",
        }

    message = {
        "channel": "email",
        "target": "ada@example.com",
        "contact_method_id": str(UUID(int=1)),
        "delay_minutes": 0,
        "round": 0,
        "step": 0,
        "reason": "primary_on_call",
        "why": "primary on call",
    }
    return {
        "team": team,
        "policy": "Payments, day and night",
        "severity": "high",
        "at": now.isoformat(),
        "until": (now + timedelta(hours=4)).isoformat(),
        "acknowledged_by": None,
        "acknowledged_at": None,
        "cut": False,
        "sequence": [entry(0, "page", who[0], 0), entry(5, "page", who[1], 1)],
        "messages": [
            {**message, "at": now.isoformat(), "person": who[0]},
            {**message, "at": (now + timedelta(minutes=5)).isoformat(), "person": who[1]},
        ],
    }
