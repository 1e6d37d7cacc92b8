"""What a channel is: the addresses it takes, how they are shown, and how a message travels.

It tries once, and says whether trying again makes sense.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self, TypeAlias

import structlog

from oncall_service.settings import OncallSettings
from shared.clock import Clock
from shared.contracts.oncall import NEWS

_log = structlog.get_logger(__name__)

# What the two buttons of a message say.
ACKNOWLEDGE, OPEN = "Acknowledge", "Open"


@dataclass(frozen=True, slots=True)
class Message:
    """What is said, independent of how it travels.

    ``facts`` are the machine-readable fields (incident_id, severity, service, ...).
    ``acknowledge_url`` takes the incident for its reader by a POST; empty where none is to be
    taken.
    """

    title: str
    text: str
    url: str
    facts: dict[str, Any]
    acknowledge_url: str = ""


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
    """What sending needs of a channel; tests pass their own."""

    async def send(self, outgoing: Outgoing) -> Result:
        """Try once. Failures are results, never exceptions."""
        ...


class Channel(ABC):
    """A way for messages to travel; a resource of the application.

    ``name`` is what the API, the rows and /metrics call it. With ``signs`` each contact method has
    a secret, and every message is signed with it; with ``takes_secret`` it may have one that the
    other side gave out. With ``sealed_target`` who knows the address can use it: it is stored
    sealed (notifications/sealing.py). Without ``verifies`` an address cannot be a wrong one.
    """

    name: ClassVar[str]
    signs: ClassVar[bool] = False
    takes_secret: ClassVar[bool] = False
    sealed_target: ClassVar[bool] = False
    verifies: ClassVar[bool] = True

    @classmethod
    @abstractmethod
    def configured(cls, settings: OncallSettings, clock: Clock) -> Self:
        """The channel as this installation has set it up."""

    @staticmethod
    @abstractmethod
    def validate(target: str) -> None:
        """Look at an address by itself.

        Raises:
            ValueError: it is none of this channel, with the reason; empty where one is needed.
        """

    @staticmethod
    def address(target: str, *, email: str | None, settings: OncallSettings) -> str:  # noqa: ARG004
        """The address to keep for a person with this ``email``, from one that is valid.

        Raises:
            ValueError: there is none, or this installation does not allow it.
        """
        return target

    @staticmethod
    def shown(target: str) -> str:
        """An address as everybody may see it."""
        return target

    async def start(self) -> None:  # noqa: B027 - most need nothing
        """Open what sending needs."""

    async def stop(self) -> None:  # noqa: B027
        """Close it."""

    @abstractmethod
    async def send(self, outgoing: Outgoing) -> Result:
        """Try once. Failures are results, never exceptions."""


def noted(channel: str, outgoing: Outgoing, result: Result) -> Result:
    """A result; of a failure the log has what is not for everybody."""
    if isinstance(result, Failed):
        key, reason = outgoing.idempotency_key, result.inside
        _log.info("message_not_taken", channel=channel, key=key, reason=reason)
    return result


def is_news(message: Message) -> bool:
    """Whether it asks for nothing: what others did, or a bundle of only that."""
    kinds = [one.get("kind") for one in message.facts.get("incidents", [message.facts])]
    return all(kind in NEWS for kind in kinds)


def cut(text: str, most: int) -> str:
    """A text of at most so many bytes; what is left out shows as an ellipsis."""
    encoded = text.encode()
    if len(encoded) <= most:
        return text
    return encoded[: most - 3].decode(errors="ignore") + "\u2026"
