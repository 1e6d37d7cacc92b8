"""Where the page of a canary goes (docs/adr/0032): the whole way, and then to nobody.

No person can have this channel, so it is none of the registry: neither the API nor /metrics knows
it. A notification of it has no person and no contact method, and so no pace.
"""

from typing import ClassVar

from oncall_service.notifications.channels.base import Outgoing, Result, Sent


class Nowhere:
    """Takes every message, and does nothing with it."""

    name: ClassVar[str] = "canary"

    async def send(self, outgoing: Outgoing) -> Result:  # noqa: ARG002
        """Succeed: what is tested is the way here."""
        return Sent("it went nowhere")
