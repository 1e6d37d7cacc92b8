"""What is done with an alert at Opsgenie: POST /v2/alerts/{identifier}/close and the like."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from alert_ingestion.formats import details
from alert_ingestion.formats.format import FOUND, Format
from alert_ingestion.formats.opsgenie.alerts import author_of, identity_of, note_of
from alert_ingestion.formats.opsgenie.answers import accepted, answering_alike
from alert_ingestion.formats.reading import Envelope, Reading, decode_object
from alert_ingestion.model import Ending, FollowUp, FollowUpKind, Nothing, Policy, Said, Sent
from shared.errors import FieldError, Invalid

TYPE: Final = "identifierType"
"""The parameter that says what an identifier is: our id of an alert, or its alias."""

_Said = Callable[[str, Mapping[str, Any]], Sequence[Said]]


def about(sent: Sent) -> UUID | None:
    """The id of the alert that a request names; None when it names an alias."""
    return id_of(sent.path["identifier"]) if sent.query.get(TYPE, "id") == "id" else None


def id_of(text: str) -> UUID | None:
    """The id that a text is; None when it is none of ours."""
    try:
        return UUID(text)
    except ValueError:
        return None


def is_alias(kind: str) -> bool:
    """Whether an identifier of this type is an alias, and not an id.

    Raises:
        Invalid: it is something that we give to no alert.
    """
    if kind not in {"id", "alias"}:
        raise Invalid([FieldError(TYPE, "Name the alert by its id or its alias.")])
    return kind == "alias"


def take_apart(sent: Sent) -> Envelope:
    """What is said about an alert; an empty body says nothing more than its address.

    Raises:
        Invalid: the alert is named by something that we give to none.
    """
    by_alias = is_alias(sent.query.get(TYPE, "id"))
    body = {}
    if sent.body.strip():
        body = decode_object(sent.body, otherwise="The body is a JSON object.")
    alias = identity_of(sent.path["identifier"]) if by_alias else None
    return Envelope([body], beside={"identity": alias or sent.path.get(FOUND)}, is_list=False)


def _reads(say: _Said) -> Any:
    def read(
        envelope: Envelope, items: Sequence[Any], _first: int, _now: datetime, _policy: Policy
    ) -> Reading:
        [body] = items
        identity = envelope.beside["identity"]
        said = say(identity or "", body)
        return Reading(tuple(said) if identity else (Nothing("There is no such alert."),))

    return read


def _closed(identity: str, body: Mapping[str, Any]) -> Sequence[Said]:
    # The note first: nothing is noted about an alert that is over.
    return [*_note(identity, body), Ending(identity)]


def _acknowledged(identity: str, body: Mapping[str, Any]) -> Sequence[Said]:
    mine = FollowUp(identity, FollowUpKind.ACKNOWLEDGED, author=author_of(body))
    return [mine, *_note(identity, body)]


def _noted(identity: str, body: Mapping[str, Any]) -> Sequence[Said]:
    notes = _note(identity, body)
    if not notes:
        raise Invalid([FieldError("note", "Note can not be empty.")])
    return notes


def _note(identity: str, body: Mapping[str, Any]) -> list[Said]:
    note = details.text(body.get("note"))
    return [note_of(identity, note, body)] if note else []


def _format(name: str, what: str, *, say: _Said, required: Sequence[str] = ()) -> Format:
    return answering_alike(
        name=f"opsgenie-{name}",
        paths=(f"/v2/alerts/{{identifier:str}}/{what}",),
        operation_id=f"opsgenie_{name}",
        summary=f"Opsgenie{name.capitalize()}",
        description=(
            f"{name.capitalize()} an alert as Opsgenie's Alert API does, named by its id, or by "
            "its alias with `identifierType=alias`."
        ),
        open=take_apart,
        read=_reads(say),
        reply=accepted,
        about=about,
        query=(TYPE,),
        schema={
            "type": "object",
            "required": list(required),
            "properties": {
                "user": {"type": "string"},
                "note": {"type": "string"},
                "source": {"type": "string"},
            },
        },
        body_description="Who did it, and a note.",
        example={"user": "ada@example.com", "note": "Looking at it."},
        keeps_outcome=True,
    )


CLOSE: Final = _format("close", "close", say=_closed)
ACKNOWLEDGE: Final = _format("acknowledge", "acknowledge", say=_acknowledged)
NOTE: Final = _format("note", "notes", say=_noted, required=["note"])
