"""What the form of a mapping is filled in with, and the mapping it asks for. Pure.

A mapping says by JMESPath which part of a body is which field of an alert.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.errors import FieldError, Invalid, Problem
from web_ui.forms import Filled, Wrong
from web_ui.ingested import KeptRequest, ReadyMapping
from web_ui.integration_form import lines, pairs
from web_ui.reading import say, sentence

EXPRESSIONS: Mapping[str, str] = {
    "message": sentence("Message"),
    "service": sentence("Service"),
    "severity": sentence("Severity"),
    "fingerprint": sentence("Identity"),
    "resolved": sentence("True of what is over"),
    "ignore": sentence("True of what is about no alert"),
    "group": sentence("Group: one incident each"),
    "starts_at": sentence("Start"),
    "ends_at": sentence("End"),
    "items": sentence("The list of alerts in a body"),
}
NAMED: Mapping[str, str] = {
    "severities": sentence("The sender's words for severities"),
    "labels": sentence("Labels"),
    "annotations": sentence("Annotations"),
    "links": sentence("Links"),
}
DEFAULTS = ("service", "severity", "message", "group")
FIELDS = (
    "ready",
    *EXPRESSIONS,
    *NAMED,
    "decode",
    *(f"default_{name}" for name in DEFAULTS),
    "keep_rest",
)

LAST = 5
"""So many of the last bodies are tried at once."""

TYPED = "typed"
"""The sample that was typed in; others are ``request:<id>`` and ``example:<place>``."""


@dataclass(frozen=True)
class Sample:
    """What a mapping is tried on: which, and its text where one was taken or typed."""

    which: str = ""
    text: str = ""


@dataclass(frozen=True)
class MappingFields:
    """A mapping as it is typed, field by field, and what it is tried on."""

    typed: Mapping[str, str]
    sample: Sample = field(default_factory=Sample)


def of_mapping(stored: Mapping[str, Any] | None) -> MappingFields:
    """The mapping that is stored."""
    document = stored or {}
    defaults = document.get("defaults") or {}
    keep = document.get("keep_rest")
    typed = {
        "ready": document.get("ready") or "",
        **{name: document.get(name) or "" for name in EXPRESSIONS},
        # A line each: JMESPath does not mind where its blanks are lines.
        **{name: lines(_one_line(document.get(name) or {})) for name in NAMED},
        "decode": "\n".join(document.get("decode") or ()),
        **{f"default_{name}": defaults.get(name) or "" for name in DEFAULTS},
        "keep_rest": "" if keep is None else "yes" if keep else "no",
    }
    return MappingFields(typed)


def read(form: Filled) -> MappingFields:
    """What was typed."""
    typed = {name: form.one(name) for name in FIELDS}
    return MappingFields(typed, Sample(form.one("sample"), form.one("payload")))


def command(typed: Mapping[str, str]) -> dict[str, Any] | None:
    """As alert-ingestion takes it; None: no mapping, by the names that senders have in common.

    Raises:
        Invalid: a line is no name and value.
    """
    whole: dict[str, Any] = {"ready": typed["ready"]}
    whole |= {name: typed[name] for name in EXPRESSIONS}
    whole |= {name: pairs(typed[name], name) for name in NAMED}
    whole["decode"] = typed["decode"].replace(",", " ").split()
    defaults = {name: typed[f"default_{name}"] for name in DEFAULTS}
    whole["defaults"] = {name: value for name, value in defaults.items() if value}
    whole = {name: value for name, value in whole.items() if value}
    if typed["keep_rest"]:
        whole["keep_rest"] = typed["keep_rest"] == "yes"
    return whole or None


def payload(text: str) -> Any:
    """A body that was typed.

    Raises:
        Invalid: it is no JSON.
    """
    try:
        body = json.loads(text)
        # What Python reads and no JSON can say: NaN, and half of a character.
        json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise Invalid([FieldError("payload", sentence("is no JSON"))]) from error
    return body


def examples(ready: Sequence[ReadyMapping], name: str) -> list[tuple[str, Any]]:
    """What the sender of a ready mapping sends: titles and bodies."""
    return [
        (each.title, each.payload) for one in ready if one.name == name for each in one.examples
    ]


def requests(kept: Sequence[KeptRequest]) -> list[tuple[str, KeptRequest]]:
    """The last bodies, as samples."""
    return [(f"request:{one.id}", one) for one in kept]


def pretty(body: Any) -> str:
    """A body as somebody reads it."""
    return json.dumps(body, ensure_ascii=False, indent=2)


def wrong_of(error: Problem) -> Wrong:
    """What is wrong, at the field it was typed in: ``mapping.labels.host`` is about ``labels``."""
    if not isinstance(error, Invalid):
        return Wrong()
    found: dict[str, str] = {}
    for each in error.errors:
        parts = each.field.removeprefix("body.").removeprefix("mapping.").split(".")
        name = f"default_{parts[1]}" if parts[0] == "defaults" and len(parts) > 1 else parts[0]
        # A mapping that says nothing of the message is wrong as a whole.
        name = "message" if name == "mapping" else name
        found.setdefault(name, str(say(each.message)))
    return Wrong(found)


def _one_line(document: Mapping[str, Any]) -> dict[str, str]:
    return {name: " ".join(str(value).split("\n")) for name, value in document.items()}
