"""Somebody to page who is nobody: a team, a rotation and a policy that belong to verification.

Made with PUT, so that the hundredth run changes nothing. The only contact method is the log: no run
of the chain ever rings a real phone, on the product neither.
"""

from __future__ import annotations

from urllib.parse import quote

from verification.web import Service, VerificationError

NAME = "Vigie verification"
FORMS = ("native", "alertmanager", "webhook")


def service_name(form: str) -> str:
    """The service that alerts of one form speak of."""
    return f"vigie-verification-{form}"


def prepare(oncall: Service) -> str:
    """Make person, team, schedule, policy and directory entries; then ask who is on call."""
    _put(oncall, "people", NAME, {"contact_methods": [{"channel": "log"}]})
    _put(oncall, "teams", NAME, {"members": [NAME]})
    layer = {"kind": "daily", "participants": [NAME], "start": "2026-01-01T00:00:00"}
    _put(oncall, "schedules", NAME, {"team": NAME, "time_zone": "UTC", "layers": [layer]})
    step = {"target": "primary", "delay_minutes": 5}
    _put(oncall, "policies", NAME, {"team": NAME, "steps": [step], "fallback": NAME})
    for form in FORMS:
        _put(oncall, "services", service_name(form), {"team": NAME, "policy": NAME})
    current = oncall.call("GET", f"/api/v1/oncall/current?team={quote(NAME)}", expect=200).json
    primary = (current.get("primary") or {}).get("name")
    if primary != NAME:
        raise VerificationError(f"oncall-service: on call for {NAME!r} is {primary!r}")
    return f"{NAME} is on call"


def _put(oncall: Service, kind: str, name: str, fields: dict[str, object]) -> None:
    path = f"/api/v1/{kind}/{quote(name)}"
    reply = oncall.call("PUT", path, {"name": name, **fields})
    if reply.status not in {200, 201}:
        raise VerificationError(
            f"oncall-service: PUT {path} answered {reply.status}: {reply.body[:300]}"
        )
