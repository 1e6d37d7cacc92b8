"""What looks like a key is masked wherever it would be written down.

A sender that can only set a URL puts its key there, in any way a person may get wrong: under a
misspelt name, behind a semicolon, in the path, encoded once too often. So a value is judged by the
name before it, and everything by its shape.
"""

import re
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import unquote

MASK = "***"

# A key that was encoded more often than this is not found by its name any more, nor by a server.
_MOST_LAYERS = 8

_NAMES = "key|token|secret|passw|auth|credential|session"
_SECRET_NAME = re.compile(_NAMES, re.IGNORECASE)
# Every repetition is bounded: whoever writes the text must not decide how long this takes.
_NAMED = re.compile(
    # KeyError: 'x' tells of no key.
    rf"((?:{_NAMES})(?!error)[\w.\-\[\]]{{0,24}}[\"']?\s{{0,3}}[=:]\s{{0,3}}"
    r"(?:(?:bearer|basic|token)\s{1,3})?[\"']?)([^\s&;,\"'<>()\[\]{}/]+)",
    re.IGNORECASE,
)
# A UUID names a thing and opens nothing. Anything else of 20 characters or more is looked at.
_RUN = re.compile(
    r"(?P<uuid>(?<![\w-])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![\w-]))"
    r"|(?P<run>[A-Za-z0-9_+~-]{20,})",
    re.IGNORECASE,
)
_OURS = re.compile(r"vg[a-z]_")
_CAMEL_CASE = re.compile("[A-Z]?[a-z]{2,}(?:[A-Z]+[a-z]{2,})+|(?:[A-Z]+[a-z]{2,})+")
_PARTS = re.compile(r"[_+~-]")

# Longer than any word; a random text of letters alone is rare, and still masked.
_LONGEST_WORD = 27
_LONGEST_VERSION = 4
_FEWEST_RANDOM = 12

# Written by ourselves, or checked to be hexadecimal.
_HARMLESS_FIELDS = frozenset({"timestamp", "level", "service", "traceparent", "request_id"})


def is_secret_name(name: str) -> bool:
    """Whether what carries this name is for nobody's eyes."""
    return _SECRET_NAME.search(name) is not None


def looks_like_key(text: str) -> bool:
    """Whether some part of ``text`` could be a key or a token of ours, or of a peer."""
    return any(match["run"] and _is_random(match["run"]) for match in _RUN.finditer(text))


def masked(text: str) -> str:
    """``text`` without what looks like a key, by its shape or by the name before it."""
    return _RUN.sub(_unless_harmless, _NAMED.sub(rf"\1{MASK}", text))


def masked_url(text: str) -> str:
    """A part of a URL, decoded as often as it was encoded, and masked."""
    for _ in range(_MOST_LAYERS):
        decoded = unquote(text)
        if decoded == text:
            return masked(text)
        text = decoded
    return MASK


def mask_event(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A processor of structlog: no line leaves with a key in it, whoever wrote it."""
    for name, value in event.items():
        if name not in _HARMLESS_FIELDS:
            event[name] = _cleaned(value)
    return event


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {name: _cleaned(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(item) for item in value]
    return value


def _unless_harmless(match: re.Match[str]) -> str:
    return match[0] if match["uuid"] or not _is_random(match["run"]) else MASK


def _is_random(run: str) -> bool:
    if _OURS.match(run):
        return True
    return sum(len(part) for part in _PARTS.split(run) if _is_no_word(part)) >= _FEWEST_RANDOM


def _is_no_word(part: str) -> bool:
    if _CAMEL_CASE.fullmatch(part):
        return False
    if part.isdigit() or (part.isalpha() and (part.islower() or part.isupper())):
        return len(part) > _LONGEST_WORD
    # Letters and digits, as in a version: v2.
    return len(part) > _LONGEST_VERSION
