"""The channel of a laptop: the page is a log line, which cannot fail."""

import structlog

from oncall_service.notifications.channels.base import Outgoing, Result, Sent

_log = structlog.get_logger(__name__)


class LogChannel:
    """Writes the message to the service's own log."""

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
