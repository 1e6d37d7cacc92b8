"""What was sent to the wrong address: which format it is of, and where that is taken."""

from typing import Any, Final

import msgspec

from alert_ingestion.formats import FORMATS
from alert_ingestion.formats.format import RIGHT_ADDRESS, Format
from shared.errors import Problem

# A body is decoded once more for it, which a refusal should not cost much of.
_LARGEST: Final = 1024 * 1024


def direct(problem: Problem, body: bytes, sent_to: Format) -> None:
    """Let a refusal name the right address, where the body is right in another format."""
    form = _format_of(body, sent_to) if len(body) <= _LARGEST else None
    if form is not None:
        problem.extra[RIGHT_ADDRESS] = form.paths[0]
        problem.detail = f"This is {form.called}: send it to {form.paths[0]}."


def _format_of(body: bytes, sent_to: Format) -> Format | None:
    try:
        value: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if sent_to.recognises is not None and sent_to.recognises(value):
        # It came to where it belongs, and is wrong in itself.
        return None
    return next((form for form in FORMATS if form.recognises and form.recognises(value)), None)
