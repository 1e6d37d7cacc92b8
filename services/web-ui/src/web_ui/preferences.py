"""What a form of My settings changes, as oncall-service takes it. Pure.

A list is replaced whole there, so a form that adds to it or takes away says the rest again.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from shared.errors import FieldError, Invalid, NotFound
from web_ui.people import Hours, Person, Rule
from web_ui.reading import say, sentence

Form = Mapping[str, Sequence[str]]
Changes = dict[str, Any]

HOURS = ("quiet_hours", "working_hours")
WEEKDAYS = (
    sentence("mon"),
    sentence("tue"),
    sentence("wed"),
    sentence("thu"),
    sentence("fri"),
    sentence("sat"),
    sentence("sun"),
)
READING = "clock"
"""The form of how somebody reads: language, clock and time zone."""

_MINUTES = TypeAdapter(int)


def changes(what: str, person: Person, form: Form) -> Changes:
    """The changes that the form ``what`` asks for.

    Raises:
        NotFound: there is no such form.
        Invalid: it is not filled in so that it makes sense.
    """
    if what not in _FORMS:
        raise NotFound(say("There is no such form."))
    return _FORMS[what](person, form)


def mark(item: Rule | Hours) -> str:
    """What a form names a rule or a window by: itself, so that no other one is taken for it."""
    return item.model_dump_json()


def _clock(_person: Person, form: Form) -> Changes:
    return {
        "time_zone": _one(form, "time_zone").strip(),
        "language": _one(form, "language") or None,
        "clock": _one(form, "clock") or None,
        "status_updates": "status_updates" in form,
    }


def _add_rule(person: Person, form: Form) -> Changes:
    try:
        minutes = _MINUTES.validate_strings(_one(form, "delay_minutes") or "0")
    except ValidationError:
        raise Invalid(
            [FieldError("delay_minutes", sentence("must be a number of minutes"))]
        ) from None
    rule = {
        "contact_method_id": _one(form, "contact_method_id"),
        "delay_minutes": minutes,
        "severities": list(form.get("severities", ())) or None,
    }
    return {"notification_rules": [*_stored(person.notification_rules), rule]}


def _remove_rule(person: Person, form: Form) -> Changes:
    return {"notification_rules": _stored(_without(person.notification_rules, form))}


def _add_hours(person: Person, form: Form) -> Changes:
    kind = _kind(form)
    window = {
        "days": list(form.get("days", ())) or list(WEEKDAYS),
        "start": _one(form, "start"),
        "end": _one(form, "end"),
    }
    return {kind: [*_stored(getattr(person, kind) or ()), window]}


def _remove_hours(person: Person, form: Form) -> Changes:
    kind = _kind(form)
    # No window is not none that ever fits: nothing waits then.
    return {kind: _stored(_without(getattr(person, kind) or (), form)) or None}


def _kind(form: Form) -> str:
    kind = _one(form, "kind")
    if kind not in HOURS:
        raise Invalid([FieldError("kind", sentence("must be quiet or working hours"))])
    return kind


def _one(form: Form, name: str) -> str:
    return next(iter(form.get(name, ())), "")


def _without(items: Sequence[Rule | Hours], form: Form) -> list[Rule | Hours]:
    return [item for item in items if mark(item) != _one(form, "item")]


def _stored(items: Sequence[Rule | Hours]) -> list[dict[str, Any]]:
    return [item.model_dump(mode="json") for item in items]


_FORMS: Mapping[str, Callable[[Person, Form], Changes]] = {
    READING: _clock,
    "add-rule": _add_rule,
    "remove-rule": _remove_rule,
    "add-hours": _add_hours,
    "remove-hours": _remove_hours,
}
