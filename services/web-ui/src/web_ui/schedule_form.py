"""What the forms of a schedule are filled in with, and the schedule they ask for. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from shared.errors import FieldError, Invalid
from web_ui.configured import Schedule, ScheduleLayer
from web_ui.form_parts import Deed, Window, deed, done, parts, whole, windows, windows_of
from web_ui.forms import Filled
from web_ui.preferences import WEEKDAYS
from web_ui.reading import sentence

UNITS: Mapping[str, str] = {
    "hourly": sentence("hours"),
    "daily": sentence("days"),
    "weekly": sentence("weeks"),
    "monthly": sentence("months"),
}
CUSTOM = "custom"
DUTIES = ("primary", "secondary")
ON_HOLIDAYS: Mapping[str, str] = {
    "as_usual": sentence("As on any other day"),
    "off": sentence("Does not count on them"),
    "only": sentence("Counts on them alone"),
}
EFFECTIVE: Mapping[str, str] = {
    "next_handoff": sentence("From the next hand-off on"),
    "now": sentence("At once"),
}
DEFAULT_TIME = "09:00"


@dataclass(frozen=True)
class LayerFields:
    """A layer as it is typed; ``every`` counts units of ``kind``, ``people`` are ids in order."""

    name: str = ""
    role: str = "primary"
    kind: str = "weekly"
    every: str = "1"
    people: Sequence[str] = ()
    start: str = ""
    hours: Sequence[Window] = ()
    on_holidays: str = "as_usual"
    slots: int = 2
    """So many fields for people there are."""

    def command(self, at: str) -> dict[str, Any]:
        """As oncall-service takes it; ``at`` names it where something is wrong with it."""
        every = whole(self.every, f"{at}.every")
        length = {"length_days": every} if self.kind == CUSTOM else {"every": every}
        return {
            "name": self.name or "Rotation",
            "role": self.role,
            "kind": self.kind,
            **length,
            "participants": list(self.people),
            "start": self.start,
            "hours": [window.command() for window in self.hours],
            "on_holidays": self.on_holidays,
        }


@dataclass(frozen=True)
class ScheduleFields:
    """A schedule as it is typed."""

    name: str = ""
    team: str = ""
    time_zone: str = "UTC"
    layers: Sequence[LayerFields] = ()
    country: str = ""
    subdivision: str = ""
    dates: str = ""
    gaps: Sequence[Window] = ()
    effective: str = "next_handoff"

    def command(self) -> dict[str, Any]:
        """As oncall-service takes it.

        Raises:
            Invalid: a number or a day is none.
        """
        return {
            "name": self.name,
            "team": self.team,
            "time_zone": self.time_zone,
            "layers": [layer.command(f"layers.{place}") for place, layer in enumerate(self.layers)],
            "holidays": self._holidays(),
            "intended_gaps": [window.command() for window in self.gaps],
            "effective": self.effective,
        }

    def _holidays(self) -> dict[str, Any] | None:
        dates = self.dates.replace(",", " ").split()
        if not (self.country or self.subdivision or dates):
            return None
        return {
            "country": self.country or None,
            "subdivision": self.subdivision or None,
            "dates": dates,
        }


def read(form: Filled) -> ScheduleFields:
    """The form of a schedule, after the button that was pressed."""
    asked = deed(form)
    layers = parts(form, "layers", "start", lambda at: _layer(form, at, asked))
    first = next((layer.start for layer in layers), "")
    return ScheduleFields(
        name=form.one("name"),
        team=form.one("team"),
        time_zone=form.one("time_zone"),
        layers=done(layers, "layers", asked, LayerFields(start=first)),
        country=form.one("holidays.country"),
        subdivision=form.one("holidays.subdivision"),
        dates=form.one("holidays.dates"),
        gaps=windows(form, "intended_gaps", asked),
        effective=form.one("effective", "next_handoff"),
    )


def _layer(form: Filled, at: str, asked: Deed | None) -> LayerFields:
    people = form.many(f"{at}.participants")
    more = asked is not None and asked.path == f"{at}.participants"
    return LayerFields(
        name=form.one(f"{at}.name"),
        role=form.one(f"{at}.role", "primary"),
        kind=form.one(f"{at}.kind", "weekly"),
        every=form.one(f"{at}.every", "1"),
        people=people,
        start=form.one(f"{at}.start"),
        hours=windows(form, f"{at}.hours", asked),
        on_holidays=form.one(f"{at}.on_holidays", "as_usual"),
        slots=_slots(people) + (2 if more else 0),
    )


def of(stored: Schedule) -> ScheduleFields:
    """What is stored."""
    holidays = stored.holidays
    return ScheduleFields(
        name=stored.name,
        team=str(stored.team.id),
        time_zone=stored.time_zone,
        layers=[_of_layer(layer) for layer in stored.layers],
        country=(holidays.country or "") if holidays else "",
        subdivision=(holidays.subdivision or "") if holidays else "",
        dates="\n".join(day.isoformat() for day in holidays.dates) if holidays else "",
        gaps=windows_of(stored.intended_gaps),
    )


def _of_layer(layer: ScheduleLayer) -> LayerFields:
    people = [str(one.id) for one in layer.participants]
    length = layer.length_days if layer.kind == CUSTOM else layer.every
    return LayerFields(
        name=layer.name,
        role=layer.role,
        kind=layer.kind,
        every=str(length),
        people=people,
        start=f"{layer.start:%Y-%m-%dT%H:%M}",
        hours=windows_of(layer.hours),
        on_holidays=layer.on_holidays,
        slots=_slots(people),
    )


def _slots(people: Sequence[str]) -> int:
    return max(2, len(people) + 1)


@dataclass(frozen=True)
class SimpleFields:
    """The first form of a schedule: one rotation.

    ``length`` counts the days of a custom turn; ``weekday`` is the day of a weekly hand-off.
    """

    name: str = ""
    team: str = ""
    time_zone: str = "UTC"
    kind: str = "weekly"
    length: str = "1"
    people: Sequence[str] = ()
    slots: int = 4
    weekday: str = "mon"
    time: str = DEFAULT_TIME
    start: str = ""

    def command(self) -> dict[str, Any]:
        """As oncall-service takes it.

        Raises:
            Invalid: a number, a day or a time is none.
        """
        layer = LayerFields(
            kind=self.kind,
            every=self.length if self.kind == CUSTOM else "1",
            people=self.people,
            start=self._first_hand_off().isoformat(timespec="minutes"),
        )
        whole = ScheduleFields(self.name, self.team, self.time_zone, [layer])
        return whole.command()

    def _first_hand_off(self) -> datetime:
        """The last one not after the beginning, so that somebody is on call from then on."""
        try:
            day = date.fromisoformat(self.start)
            at = time.fromisoformat(self.time)
            if self.kind == "weekly":
                day -= timedelta(days=(day.weekday() - WEEKDAYS.index(self.weekday)) % 7)
        except (ValueError, OverflowError):
            wrong = FieldError("start", sentence("must be a day and a time"))
            raise Invalid([wrong]) from None
        return datetime.combine(day, at)


def read_simple(form: Filled) -> SimpleFields:
    """The first form, after the button that was pressed."""
    asked = deed(form)
    people = form.many("participants")
    weekday = form.one("weekday")
    fields = SimpleFields(
        name=form.one("name"),
        team=form.one("team"),
        time_zone=form.one("time_zone"),
        kind=form.one("kind", "weekly"),
        length=form.one("length_days", "1"),
        people=people,
        slots=max(4, len(people) + 1),
        weekday=weekday if weekday in WEEKDAYS else "mon",
        time=form.one("time", DEFAULT_TIME),
        start=form.one("start"),
    )
    return fields if asked is None else replace(fields, slots=fields.slots + 2)
