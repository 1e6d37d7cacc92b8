"""What the tests of the set-up pages share: people, a team, and what a browser sends of a form."""

import re
from typing import Any
from uuid import uuid4

from web_ui_fakes import World

EVIL = '"><script>alert(1)</script>'
LEA = {"id": str(uuid4()), "name": "Léa Fontaine"}
JUN = {"id": str(uuid4()), "name": "Jun Watanabe"}
PAYMENTS = {"id": str(uuid4()), "name": "Payments"}


def listed(*items: dict[str, Any]) -> dict[str, Any]:
    return {"items": list(items), "next_cursor": None}


def coverage(*holes: dict[str, Any]) -> dict[str, Any]:
    return {
        "at": "2026-11-27T00:00:00Z",
        "until": "2026-12-27T00:00:00Z",
        "ok": not holes,
        "broken": len(holes),
        "weak": 0,
        "holes": list(holes),
    }


HOLE = {
    "level": "broken",
    "reason": "nobody_on_call",
    "why": "nobody on call",
    "services": ["checkout"],
    "team": PAYMENTS,
    "policy": "Payments",
    "start": "2026-11-28T00:00:00Z",
    "end": "2026-11-29T00:00:00Z",
}


def fields_of(page: str) -> dict[str, list[str]]:
    """What a browser would send of the form of the schedule, but for its button."""
    form = page.split('<form class="card card__body stack"')[1].split("</form>", maxsplit=1)[0]
    found: dict[str, list[str]] = {}
    for name, value in re.findall(
        r'<input class="input"[^>]*? name="([^"]+)"[^>]*? value="([^"]*)"', form
    ):
        found.setdefault(name, []).append(value)
    for name, value in re.findall(r'type="hidden" name="([^"]+\.[^"]+)" value="([^"]*)"', form):
        found.setdefault(name, []).append(value)
    for name, value in re.findall(r'type="checkbox" name="([^"]+)" value="([^"]+)" checked', form):
        found.setdefault(name, []).append(value)
    for name, text in re.findall(
        r'<textarea[^>]*? name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.DOTALL
    ):
        found.setdefault(name, []).append(text)
    for name, options in re.findall(
        r'<select[^>]*? name="([^"]+)".*?>(.*?)</select>', form, re.DOTALL
    ):
        chosen = re.search(r'value="([^"]*)" selected', options)
        first = re.search(r'value="([^"]*)"', options)
        value = chosen or first
        found.setdefault(name, []).append(value[1] if value else "")
    return found


def everybody(*refs: dict[str, Any]) -> dict[str, Any]:
    rest = {
        "login": None,
        "email": None,
        "role": "responder",
        "can_sign_in": False,
        "time_zone": "UTC",
        "language": None,
        "clock": None,
        "working_hours": None,
        "quiet_hours": None,
        "status_updates": True,
        "contact_methods": [],
        "notification_rules": [],
    }
    return listed(*({**ref, **rest} for ref in refs))


def choosable(world: World) -> None:
    """Two people and a team to choose from."""
    ask = world.configuration
    ask.on("GET", "/api/v1/people", everybody(LEA, JUN))
    team = {**PAYMENTS, "catch_all": False, "members": [], "created_at": "2026-11-01T00:00:00Z"}
    ask.on("GET", "/api/v1/teams", listed(team))
