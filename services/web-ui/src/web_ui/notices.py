"""What a page has to say beside its content: something is down, was refused, or is done."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Literal, TypeVar

from web_ui.clients import Down
from web_ui.reading import say, sentence

Value = TypeVar("Value")

CONSEQUENCE = {
    "incident-management": sentence(
        "Incidents cannot be shown or changed now. Alerts are still accepted and nothing is lost."
    ),
    "oncall-service": sentence(
        "Who is on call cannot be shown now. Incidents can still be handled."
    ),
    "alert-ingestion": sentence(
        "Alerts and what they come through cannot be shown now. Incidents can still be handled."
    ),
}

TRY_AGAIN = sentence("Try again in a moment.")


@dataclass(frozen=True)
class Notice:
    """A box above the content; ``kind`` decides its colour, icon and urgency."""

    kind: Literal["down", "error", "warning", "done"]
    title: str
    text: str = ""


def down(error: Down) -> Notice:
    """A neighbour does not answer, and what that means for the reader."""
    consequence = CONSEQUENCE.get(error.service, TRY_AGAIN)
    return Notice("down", unanswered(error), say(consequence))


def unanswered(error: Down) -> str:
    """That a neighbour does not answer; how exactly is in the log."""
    return str(say("{service} does not answer.", service=error.service))


class Asking:
    """Asks neighbours at the same time; one that is down leaves a hole and a notice."""

    def __init__(self) -> None:
        self._notices: dict[str, Notice] = {}

    @property
    def notices(self) -> list[Notice]:
        """One for each neighbour that did not answer."""
        return list(self._notices.values())

    async def for_(self, answer: Awaitable[Value]) -> Value | None:
        """The answer, or None when the neighbour is down."""
        try:
            return await answer
        except Down as error:
            self._notices.setdefault(error.service, down(error))
            return None
