"""What PagerDuty answers, in the words that its clients read.

The words are those of its documentation of the Events API v2 (responses and retry logic).
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import BaseModel

from alert_ingestion.formats.format import RIGHT_ADDRESS
from shared.errors import FieldError, Invalid, Problem, Unauthorized

# With a bad key and with a bad event alike: its clients know one kind of refusal.
_REFUSED_AS_INVALID: Final = frozenset({400, 401, 403, 422})


class Accepted(BaseModel):
    """``dedup_key`` is the identity of the alert; it is made up where the event has none."""

    status: Literal["success"] = "success"
    message: Literal["Event processed"] = "Event processed"
    dedup_key: str


class ChangeAccepted(BaseModel):
    """The change is stored."""

    status: Literal["success"] = "success"
    message: Literal["Change event processed"] = "Change event processed"


class Refused(BaseModel):
    """Why an event is refused; nothing of it is stored."""

    status: str
    message: str
    errors: list[str]


def refusal(problem: Problem) -> tuple[int, Mapping[str, Any]]:
    """A refusal as PagerDuty words it."""
    if problem.status not in _REFUSED_AS_INVALID:
        return problem.status, {
            "status": problem.title.lower(),
            "message": problem.detail,
            "errors": [problem.detail],
        }
    return 400, {
        "status": "invalid event",
        "message": "Event object is invalid",
        "errors": _errors(problem),
    }


def _errors(problem: Problem) -> list[str]:
    if RIGHT_ADDRESS in problem.extra:
        return [problem.detail]
    if isinstance(problem, Invalid):
        return [error.message for error in problem.errors]
    if isinstance(problem, Unauthorized):
        return [f"'routing_key' is invalid: {problem.detail}"]
    return [problem.detail]


def fault(field: str, given: Any, allowed: str) -> FieldError:
    """A field that is none of the values it may have."""
    if not given:
        return missing(field)
    return FieldError(field, f"'{field}' is invalid (must be one of the following: {allowed})")


def missing(field: str) -> FieldError:
    """A field that is not there."""
    return FieldError(field, f"'{field}' is missing or blank")
