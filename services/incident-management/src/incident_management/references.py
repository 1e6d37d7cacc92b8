"""How a request names an incident: by id, or by the number people say (42, INC-42)."""

import re
from typing import TypeAlias
from uuid import UUID

Reference: TypeAlias = UUID | int

_NUMBER = re.compile(r"(?:inc-)?([0-9]{1,18})", re.IGNORECASE)


def parse_reference(text: str) -> Reference | None:
    """The id or number in a text; None when it can name no incident."""
    number = _NUMBER.fullmatch(text)
    if number:
        return int(number[1])
    try:
        return UUID(text)
    except ValueError:
        return None
