"""The channel of a laptop: the page is a log line, which cannot fail."""

from typing import Self

import structlog

from oncall_service.notifications.channels.base import Channel, Outgoing, Result, Sent
from oncall_service.settings import OncallSettings
from shared.clock import Clock

_log = structlog.get_logger(__name__)


class LogChannel(Channel):
    """Writes the message to the service's own log."""

    name = "log"
    verifies = False

    @classmethod
    def configured(cls, settings: OncallSettings, clock: Clock) -> Self:  # noqa: ARG003
        """There is nothing to set up."""
        return cls()

    @staticmethod
    def validate(target: str) -> None:
        """There is one log, so it has no address."""
        if target:
            raise ValueError("the log takes no target")

    async def send(self, outgoing: Outgoing) -> Result:
        """Log it."""
        _log.info(
            "page",
            person=outgoing.person,
            title=outgoing.message.title,
            url=outgoing.message.url,
            idempotency_key=outgoing.idempotency_key,
            **{
                f"about_{name}": value
                for name, value in outgoing.message.facts.items()
                if not isinstance(value, list)  # a bundle's incidents would be a page of their own
            },
        )
        return Sent("written to the log")
