"""What the form of a heartbeat is filled in with, and what alert-ingestion is asked. Pure."""

from collections.abc import Mapping
from typing import Any

from shared.errors import FieldError, Invalid
from web_ui.forms import Filled
from web_ui.ingested import Heartbeat
from web_ui.reading import sentence

UNITS: Mapping[str, tuple[int, str]] = {
    "minutes": (60, sentence("minutes")),
    "hours": (3600, sentence("hours")),
    "days": (86_400, sentence("days")),
    "seconds": (1, sentence("seconds")),
}
"""How many seconds each is, and its name."""

LENGTHS = ("interval", "grace")
TEXTS = ("name", "integration_id", "service", "severity", "description")
FRESH = {
    "interval": "1",
    "interval_unit": "days",
    "grace": "30",
    "grace_unit": "minutes",
    "severity": "high",
}


def command(form: Filled) -> dict[str, Any]:
    """As alert-ingestion takes it.

    Raises:
        Invalid: a length is no number.
    """
    return {
        "integration_id": form.one("integration_id"),
        **{f"{name}_seconds": _seconds(form, name) for name in LENGTHS},
        "service": form.one("service") or None,
        "severity": form.one("severity"),
        "description": form.one("description"),
        "paused": form.has("paused"),
    }


def name_of(form: Filled) -> str:
    """The name of one to come, which stands in its address.

    Raises:
        Invalid: it cannot.
    """
    name = form.one("name")
    if not name or "/" in name or set(name) <= {"."}:
        raise Invalid([FieldError("name", sentence("is needed, without a slash"))])
    return name


def typed(stored: Heartbeat) -> dict[str, str]:
    """What is expected, as it is typed: in the largest unit that says it wholly."""
    found = {
        "name": stored.name,
        "integration_id": str(stored.integration.id),
        "service": stored.service,
        "severity": stored.severity.value,
        "description": stored.description,
        "paused": "1" if stored.paused else "",
    }
    lengths = {"interval": stored.interval_seconds, "grace": stored.grace_seconds}
    for name, seconds in lengths.items():
        units = sorted(UNITS, key=lambda unit: -UNITS[unit][0])
        unit = next(unit for unit in units if seconds % UNITS[unit][0] == 0)
        unit = unit if seconds else "minutes"
        found |= {name: str(seconds // UNITS[unit][0]), f"{name}_unit": unit}
    return found


def refilled(form: Filled) -> dict[str, str]:
    """What was typed, to be shown again."""
    names = (*TEXTS, *LENGTHS, *(f"{name}_unit" for name in LENGTHS))
    return {name: form.one(name) for name in names} | {"paused": "1" if form.has("paused") else ""}


def fresh() -> dict[str, str]:
    """The form for another one."""
    return refilled(Filled()) | FRESH


def _seconds(form: Filled, name: str) -> int:
    count = form.number(name)
    if count is None:
        raise Invalid([FieldError(name, sentence("is needed"))])
    return count * UNITS.get(form.one(f"{name}_unit"), UNITS["minutes"])[0]
