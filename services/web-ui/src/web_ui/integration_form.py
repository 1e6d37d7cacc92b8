"""What the forms of an integration are filled in with, and what alert-ingestion is asked. Pure.

An empty field is null there: as the settings of alert-ingestion say.
"""

from collections.abc import Mapping
from typing import Any

from shared.errors import FieldError, Invalid
from web_ui.forms import Filled
from web_ui.ingested import Integration
from web_ui.reading import sentence

KINDS: Mapping[str, str] = {
    "any": sentence("Anything"),
    "alertmanager": sentence("Prometheus or Alertmanager"),
    "grafana": sentence("Grafana"),
    "pagerduty": sentence("What speaks to PagerDuty"),
    "opsgenie": sentence("What speaks to Opsgenie"),
    "cloudevents": sentence("CloudEvents"),
    "native": sentence("Vigie's own format"),
    "generic": sentence("Any other JSON"),
}
NUMBERS = (
    "resolve_timeout_seconds",
    "correlation_window_seconds",
    "correlation_max_age_seconds",
    "storm_incidents",
    "flap_openings",
    "requests_per_minute",
)
LISTS = ("correlation_labels", "service_labels")
SWITCHES = ("auto_resolve", "confirm_subscriptions")
READY = "ready:"
"""Before the name of a ready mapping, where a form asks for the kind of a sender."""


def fresh(form: Filled) -> dict[str, Any]:
    """An integration to come, as alert-ingestion takes it."""
    kind, ready = form.one("kind", "any"), ""
    if kind.startswith(READY):
        kind, ready = "generic", kind.removeprefix(READY)
    given: dict[str, Any] = {"name": form.one("name"), "kind": kind}
    if not ready:
        return given
    return {**given, "mapping": {"ready": ready}, "confirm_subscriptions": ready in CONFIRMING}


CONFIRMING = {"aws-cloudwatch"}
"""Senders that ask first whether they may send."""


def changes(form: Filled) -> dict[str, Any]:
    """The settings of one, as alert-ingestion takes them.

    Raises:
        Invalid: a number is none, or a line of severities.
    """
    return {
        "name": form.one("name"),
        "kind": form.one("kind"),
        **{name: form.has(name) for name in SWITCHES},
        **{name: form.number(name) for name in NUMBERS},
        **{name: form.one(name).replace(",", " ").split() or None for name in LISTS},
        "severities": pairs(form.one("severities"), "severities") or None,
    }


def typed(stored: Integration) -> dict[str, str]:
    """The settings that are stored, as they are typed; a switch that is off is empty."""
    return {
        "name": stored.name,
        "kind": stored.kind,
        **{name: "1" if getattr(stored, name) else "" for name in SWITCHES},
        **{name: _text(getattr(stored, name)) for name in NUMBERS},
        **{name: ", ".join(getattr(stored, name) or ()) for name in LISTS},
        "severities": lines(stored.severities or {}),
    }


def refilled(form: Filled) -> dict[str, str]:
    """What was typed, to be shown again."""
    names = ("name", "kind", *NUMBERS, *LISTS, "severities")
    return {
        **{name: form.one(name) for name in names},
        **{name: "1" if form.has(name) else "" for name in SWITCHES},
    }


def pairs(text: str, field: str) -> dict[str, str]:
    """Lines of ``name = value``; empty ones say nothing.

    Raises:
        Invalid: a line is something else, or a name comes twice.
    """
    found: dict[str, str] = {}
    for line in filter(str.strip, text.splitlines()):
        name, sign, value = (part.strip() for part in line.partition("="))
        if not (name and sign and value):
            raise Invalid([FieldError(field, sentence("must be lines of name = value"))])
        if name in found:
            raise Invalid([FieldError(field, sentence("names one thing twice"))])
        found[name] = value
    return found


def lines(stored: Mapping[str, Any]) -> str:
    """The same the other way round."""
    return "\n".join(f"{name} = {value}" for name, value in stored.items())


def _text(value: object) -> str:
    return "" if value is None else str(value)
