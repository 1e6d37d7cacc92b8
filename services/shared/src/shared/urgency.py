"""What goes first where messages wait: first pages before repeats, severity before age.

A rank is one number, the lower the more urgent, so that a table can be ordered by it.
"""

from enum import IntEnum

from shared.contracts.wire import Severity, rank


class Occasion(IntEnum):
    """Why something is said."""

    FIRST_WORD = 0
    """Trouble nobody was told of yet, or the word that stops telling people of it."""
    MORE = 10
    """More of what somebody was told of: repeats, further steps, further alerts."""
    RECORD = 20
    """For the record: nobody waits for it."""


ROUTINE = int(Occasion.MORE)


def urgency(occasion: Occasion, severity: Severity | str) -> int:
    """The rank of something said about trouble of this severity."""
    return occasion + rank(severity)
