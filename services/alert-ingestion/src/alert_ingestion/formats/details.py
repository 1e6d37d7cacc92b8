"""What a sender says beside what its format has a field for: kept, as labels or annotations."""

import hashlib
from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec

_LONGEST_LABEL: Final = 200
_LONGEST_IDENTITY: Final = 255


def text(value: Any) -> str:
    """A JSON value as text: a string as it is, nothing for null, the rest as JSON."""
    if isinstance(value, str):
        return value
    # What JMESPath can find within a list is not always JSON: a reference to an expression.
    return "" if value is None else msgspec.json.encode(value, enc_hook=str).decode()


def identity(text: str) -> str:
    """A sender's own identity; one that is too long to be found by has a digest instead."""
    if len(text) <= _LONGEST_IDENTITY:
        return text
    return hashlib.sha256(text.encode()).hexdigest()


def spread(
    details: Mapping[str, Any], *, taken: Collection[str] = ()
) -> tuple[dict[str, str], dict[str, str]]:
    """Labels and annotations from free fields.

    What is short and of one line is a label, by which people silence and correlate; anything else,
    and what carries a ``taken`` name, is an annotation. Empty ones are left out.
    """
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    for name, value in details.items():
        said = text(value)
        if not said or not name:
            continue
        short = len(said) <= _LONGEST_LABEL and said.isprintable()
        is_label = short and name not in taken and not isinstance(value, dict | list)
        (labels if is_label else annotations)[name] = said
    return labels, annotations


def web_link(links: dict[str, Any], name: str, url: Any) -> None:
    """Add a link under a name that no other one has."""
    free, number = name, 1
    while free in links:
        number += 1
        free = f"{name} {number}"
    if url:
        links[free] = url
