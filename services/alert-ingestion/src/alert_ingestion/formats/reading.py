"""What every format shares: decoding a body, and what became of its parts."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import msgspec
from pydantic import ValidationError

from alert_ingestion.model import Receipt, Said
from shared.errors import FieldError, Malformed, TooLarge

MOST_ALERTS: Final = 20_000
"""Alerts of one request; senders that do not split send thousands when everything burns."""

# An alert travels on to incident-management, whose bodies have a limit of their own.
_LARGEST_ALERT: Final = 64 * 1024

REPLACEMENT: Final = "\ufffd"
"""Stands for a character that PostgreSQL cannot hold: NUL, or half a surrogate pair."""

_ESCAPE: Final = b"\\u"
_HALVES: Final = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Envelope:
    """A request taken apart: its items as they came, one by one, and what is said beside them.

    ``truncated`` is how many alerts the sender says it left out; ``is_list``: it sent an array.
    """

    items: Sequence[Any]
    beside: Mapping[str, Any] = field(default_factory=dict)
    truncated: int = 0
    is_list: bool = True


@dataclass(frozen=True, slots=True)
class Reading:
    """What could be read, in order, and the parts that could not, by index.

    ``failed`` are the indices of the items that could not, so that they alone can be replayed; None
    when nothing at all could be read.
    """

    said: tuple[Said, ...]
    errors: tuple[FieldError, ...] = ()
    failed: tuple[int, ...] | None = ()

    @property
    def is_whole(self) -> bool:
        """Whether everything could be read."""
        return self.failed == ()


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a request: a receipt for each thing that was said, and the bad parts.

    ``took`` are the seconds until it was stored.
    """

    inbox_id: UUID
    integration: str
    envelope: Envelope
    receipts: tuple[Receipt, ...]
    errors: tuple[FieldError, ...] = ()
    took: float = 0.0


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


def decode_into(body: bytes, kind: type[Any], *, otherwise: str) -> Any:
    """A body as ``kind``, whose msgspec.Raw parts stay undecoded: many alerts cost little so.

    What is no Unicode (bytes that are not UTF-8, half a surrogate pair) is replaced: a sender that
    can send it sends it again, and what is refused is lost.

    Raises:
        Malformed: it is not JSON, or something else (``otherwise`` says what was expected).
    """
    try:
        try:
            return msgspec.json.decode(_utf8(body), type=kind)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError as error:
            return msgspec.json.decode(_mended(body, error), type=kind)
    except msgspec.ValidationError as error:
        raise Malformed(otherwise) from error
    except RecursionError:
        raise Malformed("The body is nested too deeply.") from None


def decode_object(body: bytes, *, otherwise: str) -> dict[str, Any]:
    """The one object that a foreign body is, with what PostgreSQL cannot hold replaced.

    Raises:
        Malformed: it is none (``otherwise`` says what was expected).
    """
    value: dict[str, Any] = _storable_of(body, dict[str, Any], otherwise)
    return value


def decode_any(body: bytes) -> Any:
    """Whatever JSON a foreign body is, with what PostgreSQL cannot hold replaced.

    Raises:
        Malformed: it is none.
    """
    return _storable_of(body, Any, "")


def _storable_of(body: bytes, kind: Any, otherwise: str) -> Any:
    value = decode_into(body, kind, otherwise=otherwise)
    return storable(value) if _ESCAPE in body else value


def decode_item(raw: msgspec.Raw) -> Any:
    """One alert of a foreign body, with what PostgreSQL cannot hold replaced.

    Raises:
        ValueError: it cannot be read.
    """
    try:
        value = msgspec.json.decode(raw)
        # A NUL or half a pair can only come as an escape, which hardly any body has.
        return storable(value) if _ESCAPE in bytes(raw) else value
    except RecursionError:
        raise ValueError("is nested too deeply") from None


def _utf8(body: bytes) -> bytes:
    try:
        body.decode()
    except UnicodeDecodeError:
        return body.decode(errors="replace").encode()
    return body


def _mended(body: bytes, error: msgspec.DecodeError) -> bytes:
    """A body with its halves of surrogate pairs replaced, which the standard library reads."""
    try:
        value = json.loads(_utf8(body))
    except ValueError:
        raise Malformed(f"The body is not valid JSON in UTF-8: {error}.") from error
    return msgspec.json.encode(storable(value))


def storable(value: Any) -> Any:
    """A JSON value whose texts PostgreSQL can hold, names included."""
    if isinstance(value, str):
        return _HALVES.sub(REPLACEMENT, value)
    if isinstance(value, dict):
        return {storable(name): storable(part) for name, part in value.items()}
    if isinstance(value, list):
        return [storable(part) for part in value]
    return value


def read_each(
    items: Sequence[Any], first: int, read_one: Callable[[Any], Said], *prefix: str
) -> Reading:
    """What items say, the first of which has the given index.

    The bad ones, of which ``read_one`` raises a ValueError, are named by index below ``prefix``.
    """
    said: list[Said] = []
    errors: list[FieldError] = []
    failed: list[int] = []
    for index, item in enumerate(items, first):
        try:
            said.append(read_one(item))
        except ValueError as error:
            failed.append(index)
            if isinstance(error, ValidationError):
                errors.extend(field_errors(error, *prefix, index))
            else:
                errors.append(FieldError(".".join((*prefix, str(index))), str(error)))
    return Reading(tuple(said), tuple(errors), tuple(failed))


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
