"""What every format shares: decoding a body, and what became of its parts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from pydantic import ValidationError

from alert_ingestion.model import ReceivedAlert
from shared.errors import FieldError, Malformed, TooLarge

# One transaction stores a request, and holds its locks meanwhile.
MOST_ALERTS: Final = 5000

# An alert travels on to incident-management, whose bodies have a limit of their own.
_LARGEST_ALERT: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Reading:
    """The alerts that could be read, and the parts that could not, by index.

    ``truncated`` is how many alerts the sender says it left out.
    """

    alerts: tuple[ReceivedAlert, ...]
    errors: tuple[FieldError, ...] = ()
    truncated: int = 0


def decode(body: bytes) -> Any:
    """The JSON value of a body.

    Raises:
        Malformed: it is not JSON in UTF-8.
    """
    try:
        return msgspec.json.decode(body)
    except RecursionError:
        raise Malformed("The body is nested too deeply.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(f"The body is not valid JSON in UTF-8: {error}.") from error


def refuse_too_many(items: Sequence[Any], most: int = MOST_ALERTS) -> None:
    """Raises TooLarge for more alerts than one request may hold."""
    if len(items) > most:
        raise TooLarge(f"{len(items)} alerts in one request; send at most {most} at a time.")


def size_error(*parts: Mapping[str, str]) -> str | None:
    """A sentence when the texts of one alert are larger than can be handed on; else None."""
    size = sum(len(key) + len(value) for part in parts for key, value in part.items())
    if size <= _LARGEST_ALERT:
        return None
    return f"labels and annotations hold {size} characters; at most {_LARGEST_ALERT} are accepted"


def field_errors(error: ValidationError, *prefix: str | int) -> list[FieldError]:
    """A model's complaints as dotted paths below ``prefix``."""
    return [
        FieldError(
            ".".join(str(part) for part in (*prefix, *problem["loc"]) if part != "[key]") or "body",
            problem["msg"].removeprefix("Value error, "),
        )
        for problem in error.errors(include_url=False, include_input=False)
    ]
