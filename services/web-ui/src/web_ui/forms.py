"""What a form was filled in with, and what a neighbour found wrong with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from litestar import Request

from shared.errors import Conflict, FieldError, Forbidden, Invalid, NotFound, Problem, TooMany
from web_ui.clients import Down
from web_ui.notices import Notice, down, unanswered
from web_ui.reading import say

REFUSALS = (Conflict, Forbidden, Invalid, NotFound, TooMany, Down)
"""What a neighbour may answer to a form that is no fault of ours."""


@dataclass(frozen=True)
class Filled:
    """The fields of a form by their names; a field may come several times."""

    values: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def one(self, name: str, default: str = "") -> str:
        """The field without the blanks around it; ``default`` where it is not there."""
        return next(iter(self.values.get(name, ())), default).strip()

    def many(self, name: str) -> list[str]:
        """Every value of it that is not empty."""
        return [value for value in self.values.get(name, ()) if value.strip()]

    def has(self, name: str) -> bool:
        """Whether it was sent: of a checkbox, whether it is ticked."""
        return name in self.values

    def number(self, name: str) -> int | None:
        """The field as a whole number; None when it is empty.

        Raises:
            Invalid: it is something else.
        """
        text = self.one(name)
        if not text:
            return None
        try:
            return int(text)
        except ValueError:
            raise Invalid([FieldError(name, "must be a whole number")]) from None


async def filled(request: Request[Any, Any, Any]) -> Filled:
    """The form of a request."""
    sent = await request.form()
    return Filled({name: [str(value) for value in sent.getall(name)] for name in sent})


@dataclass(frozen=True)
class Wrong:
    """What is wrong with the fields of a form, by their names."""

    fields: Mapping[str, str] = field(default_factory=dict)

    def at(self, name: str) -> str:
        """What is wrong with a field; empty: nothing."""
        return self.fields.get(name, "")


def wrong(error: Problem) -> Wrong:
    """Each field that was found wrong: ``steps.0.delay_minutes`` is also there as its last part."""
    if not isinstance(error, Invalid):
        return Wrong()
    found: dict[str, str] = {}
    for each in error.errors:
        message = str(say(each.message))
        path = each.field.removeprefix("body.")
        found[path] = message
        found.setdefault(path.rpartition(".")[2], message)
    return Wrong(found)


def refusal(error: Problem) -> Notice:
    """Why a form changed nothing."""
    if isinstance(error, Down):
        return Notice(
            "error", say("Perhaps not done. {detail}", detail=unanswered(error)), down(error).text
        )
    if isinstance(error, Invalid) and error.errors:
        return Notice("error", say("Nothing was changed."), "; ".join(map(_said, error.errors)))
    return Notice("error", say("Nothing was changed."), say(error.detail))


def _said(error: FieldError) -> str:
    """A field and what is wrong with it; a name that has a word is said by that."""
    name = error.field.rpartition(".")[2].replace("_", " ")
    return (
        f"{say(name)}: {say(error.message)}" if name and name != "body" else str(say(error.message))
    )
