"""What a channel promises: it tries once, and says whether trying again makes sense."""

from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias


@dataclass(frozen=True, slots=True)
class Message:
    """What is said, independent of how it travels.

    ``facts`` are the machine-readable fields (incident_id, severity, service, ...).
    """

    title: str
    text: str
    url: str
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message on its way to one contact method.

    ``idempotency_key`` is the same for every attempt of one message: a receiver that has seen it
    may drop the repetition. ``secret`` signs, where the channel signs.
    """

    idempotency_key: str
    person: str
    target: str
    secret: str | None
    message: Message


@dataclass(frozen=True, slots=True)
class Sent:
    """The other side took it. ``detail`` says who, for the log of attempts."""

    detail: str


@dataclass(frozen=True, slots=True)
class Failed:
    """It was not taken. ``retry`` says whether the same attempt may succeed later.

    ``detail`` is for everybody; ``inside`` is what only administrators may read, where the reason
    would tell who chose the target about the network that this service is in.
    """

    detail: str
    retry: bool
    inside: str | None = None


Result: TypeAlias = Sent | Failed


class Sender(Protocol):
    """A channel."""

    async def send(self, outgoing: Outgoing) -> Result:
        """Try once. Failures are results, never exceptions."""
        ...
