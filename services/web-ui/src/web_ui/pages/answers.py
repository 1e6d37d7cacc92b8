"""What a form leads to: a page that says once what was done, or the same page that says why not."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from litestar.response import Redirect

from shared.errors import Problem
from web_ui.forms import Filled, Wrong, refusal, wrong
from web_ui.notices import Notice
from web_ui.services import Services


@dataclass(frozen=True)
class Reply:
    """What the page says of the form before it; ``form`` None: it is shown for the first time."""

    form: Filled | None = None
    notices: Sequence[Notice] = ()
    wrong: Wrong = field(default_factory=Wrong)
    status: int = 200


FIRST = Reply()
"""No form was sent yet."""


def refused(error: Problem, form: Filled | None = None) -> Reply:
    """Nothing was changed, why, and what was typed."""
    return Reply(form, [refusal(error)], wrong(error), error.status)


def accepted(services: Services, path: str, word: str = "saved", *, topic: str = "") -> Redirect:
    """To ``path``, with a word of receipts.py; whoever looks at ``topic`` sees the change."""
    if topic:
        services.broadcast.publish(topic, "")
    receipt = services.cookies.receipt(word, path)
    return Redirect(path, status_code=303, cookies=[receipt])
