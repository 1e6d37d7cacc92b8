"""What the form of an escalation policy is filled in with, and the policy it asks for. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from web_ui.configured import Policy, PolicyStep, PolicyTarget
from web_ui.form_parts import Deed, deed, done, parts, whole
from web_ui.forms import Filled
from web_ui.reading import sentence

WEBHOOK = "webhook"
WITHOUT_TEAM: Mapping[str, str] = {
    "primary": sentence("Whoever is primary"),
    "secondary": sentence("Whoever is secondary"),
    "team": sentence("Everybody of the team"),
}
"""Of the policy's own team; with ``:`` and an id after them, of another."""

HOURS: Mapping[str, str] = {
    "": sentence("At any hour"),
    "within": sentence("Within their working hours alone"),
    "outside": sentence("Outside of their working hours alone"),
}


@dataclass(frozen=True)
class TargetFields:
    """Somebody to page: ``whom`` is a kind, and after ``:`` the id of a person or another team."""

    whom: str = "primary"
    url: str = ""

    def command(self) -> dict[str, Any]:
        """As oncall-service takes it."""
        kind, _, which = self.whom.partition(":")
        if kind == WEBHOOK:
            return {"kind": kind, "url": self.url}
        if kind == "person":
            return {"kind": kind, "person": which}
        return {"kind": kind, "team": which} if which else {"kind": kind}


FIRST_TARGET = TargetFields()
CALLED = TargetFields(WEBHOOK)


@dataclass(frozen=True)
class StepFields:
    """A step as it is typed."""

    delay: str = "5"
    targets: Sequence[TargetFields] = (FIRST_TARGET,)
    severities: Sequence[str] = ()
    hours: str = ""

    def command(self, at: str) -> dict[str, Any]:
        """As oncall-service takes it; ``at`` names it where something is wrong with it."""
        return {
            "delay_minutes": whole(self.delay, f"{at}.delay_minutes"),
            "targets": [target.command() for target in self.targets],
            "severities": list(self.severities) or None,
            "hours": self.hours or None,
        }


TO_BEGIN_WITH = (StepFields(), StepFields("10", (TargetFields("secondary"),)))


@dataclass(frozen=True)
class PolicyFields:
    """A policy as it is typed."""

    name: str = ""
    team: str = ""
    repeat: str = "1"
    steps: Sequence[StepFields] = TO_BEGIN_WITH
    fallback: str = ""
    timeout: str = ""

    def command(self) -> dict[str, Any]:
        """As oncall-service takes it.

        Raises:
            Invalid: a number is none.
        """
        name = "acknowledge_timeout_minutes"
        return {
            "name": self.name,
            "team": self.team,
            "repeat": whole(self.repeat or "0", "repeat"),
            "steps": [step.command(f"steps.{place}") for place, step in enumerate(self.steps)],
            "fallback": self.fallback or None,
            name: whole(self.timeout, name) if self.timeout else None,
        }


def read(form: Filled) -> PolicyFields:
    """The form, after the button that was pressed."""
    asked = deed(form)
    steps = parts(form, "steps", "delay_minutes", lambda at: _step(form, at, asked))
    return PolicyFields(
        name=form.one("name"),
        team=form.one("team"),
        repeat=form.one("repeat"),
        steps=done(steps, "steps", asked, StepFields()),
        fallback=form.one("fallback"),
        timeout=form.one("acknowledge_timeout_minutes"),
    )


def _step(form: Filled, at: str, asked: Deed | None) -> StepFields:
    path = f"{at}.targets"
    targets = parts(
        form,
        path,
        "kind",
        lambda one: TargetFields(form.one(f"{one}.kind"), form.one(f"{one}.url")),
    )
    if asked == Deed("add", f"{at}.webhooks"):
        targets = (*targets, CALLED)
    return StepFields(
        delay=form.one(f"{at}.delay_minutes"),
        targets=done(targets, path, asked, FIRST_TARGET),
        severities=form.many(f"{at}.severities"),
        hours=form.one(f"{at}.hours"),
    )


def of(stored: Policy) -> PolicyFields:
    """What is stored."""
    timeout = stored.acknowledge_timeout_minutes
    return PolicyFields(
        name=stored.name,
        team=str(stored.team.id),
        repeat=str(stored.repeat),
        steps=[_of_step(step) for step in stored.steps],
        fallback=str(stored.fallback.id) if stored.fallback else "",
        timeout="" if timeout is None else str(timeout),
    )


def _of_step(step: PolicyStep) -> StepFields:
    return StepFields(
        delay=str(step.delay_minutes),
        targets=[_of_target(target) for target in step.targets],
        severities=[severity.value for severity in step.severities or ()],
        hours=step.hours or "",
    )


def _of_target(target: PolicyTarget) -> TargetFields:
    which = target.person or target.team
    whom = f"{target.kind}:{which.id}" if which else target.kind
    return TargetFields(whom, target.url or "")
