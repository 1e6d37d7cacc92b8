"""What became of a message to a person, in words."""

from collections.abc import Mapping
from typing import Any

from shared.words.catalogues import Say


def of_message(words: Say, outcome: str, said: str, facts: Mapping[str, Any]) -> str:
    """Why a message has this outcome; empty while it has none.

    ``said`` are the channel's own words, as technical as they are. ``facts`` are ours: ``reason``
    of a message that was never sent, and ``with_others``, how many went with it.
    """
    reason = facts.get("reason")
    if reason is None:
        others = facts.get("with_others")
        return together(words, said, others if isinstance(others, int) else 0)
    if outcome == "cancelled":
        return words.say("not sent: {reason}", reason=words.word(str(reason)))
    return words.say("nobody in this installation has a contact method")


def together(words: Say, said: str, others: int) -> str:
    """What the channel said of a message, and with how many others it went."""
    if not others:
        return said
    how = words.many(
        "in one message with {count} other", "in one message with {count} others", others
    )
    return f"{said}, {how}"
