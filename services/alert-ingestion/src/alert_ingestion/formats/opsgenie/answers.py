"""What Opsgenie answers, in the words that its clients read (docs.opsgenie.com/docs/response)."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from pydantic import BaseModel

from alert_ingestion.formats.format import RIGHT_ADDRESS, Format
from alert_ingestion.formats.reading import Taken
from shared import context
from shared.errors import Invalid, Problem, TooMany, Unauthorized

_SAID: Final[Mapping[type[Problem], str]] = {
    Unauthorized: "Could not authenticate",
    Invalid: "Request body is not processable. Please check the errors.",
    TooMany: "You are making too many requests!",
}


class Accepted(BaseModel):
    """The request is stored; ``requestId`` leads to what became of it."""

    result: str = "Request will be processed"
    took: float
    requestId: str  # noqa: N815 - the name that clients read


class Refused(BaseModel):
    """Why a request is refused; ``errors`` are by field."""

    message: str
    took: float
    requestId: str  # noqa: N815 - the name that clients read
    errors: dict[str, str] | None = None


def accepted(taken: Taken) -> bytes:
    """The answer to what was stored."""
    return _said(taken, "Request will be processed")


def heard(taken: Taken) -> bytes:
    """The answer to a heartbeat."""
    return _said(taken, "PONG - Heartbeat received")


def _said(taken: Taken, result: str) -> bytes:
    said = Accepted(result=result, took=round(taken.took, 3), requestId=str(taken.inbox_id))
    return said.model_dump_json().encode()


def refusal(problem: Problem) -> tuple[int, Mapping[str, Any]]:
    """A refusal as Opsgenie words it."""
    directed = RIGHT_ADDRESS in problem.extra
    said = {
        "message": problem.detail if directed else _SAID.get(type(problem), problem.detail),
        "took": 0.0,
        "requestId": context.current().get("request_id", ""),
    }
    if isinstance(problem, Invalid):
        said["errors"] = {error.field: error.message for error in problem.errors}
    return problem.status, said


answering_alike: Final = partial(
    Format, answer=Accepted, status_code=202, refusal=refusal, refused=Refused
)
"""Makes a format whose answers are Opsgenie's."""
