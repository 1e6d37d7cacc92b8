"""The channels there are. A new one is a module beside this and a line in ``CHANNELS``.

What the API takes, what it documents, the labels on /metrics and what is sent all follow from it.
"""

from enum import StrEnum

from oncall_service.notifications import sealing
from oncall_service.notifications.channels.apprise import AppriseChannel
from oncall_service.notifications.channels.base import Channel
from oncall_service.notifications.channels.email import EmailChannel
from oncall_service.notifications.channels.log import LogChannel
from oncall_service.notifications.channels.ntfy import NtfyChannel
from oncall_service.notifications.channels.webhook import WebhookChannel
from oncall_service.notifications.channels.webpush import WebPushChannel
from oncall_service.settings import OncallSettings
from shared.clock import Clock

CHANNELS: tuple[type[Channel], ...] = (
    LogChannel,
    WebhookChannel,
    EmailChannel,
    NtfyChannel,
    WebPushChannel,
    AppriseChannel,
)

_BY_NAME = {channel.name: channel for channel in CHANNELS}
NAMES = tuple(_BY_NAME)
WITH_SECRET = tuple(channel.name for channel in CHANNELS if channel.signs or channel.takes_secret)

ChannelName = StrEnum("Channel", {name.upper(): name for name in NAMES})  # type: ignore[misc]
ChannelName.__doc__ = "How a message travels."


def of(name: str) -> type[Channel]:
    """The channel of this name; ``KeyError`` for one that this release does not have."""
    return _BY_NAME[name]


def find(name: str) -> type[Channel] | None:
    """Likewise; None for one that this release does not have."""
    return _BY_NAME.get(name)


def shown(name: str, stored: str) -> str:
    """The address of a contact method, as it is stored, as everybody may see it."""
    return sealing.shown(stored) if sealing.is_sealed(stored) else of(name).shown(stored)


def configured(settings: OncallSettings, clock: Clock) -> dict[str, Channel]:
    """Every channel by its name, as this installation has set it up."""
    return {channel.name: channel.configured(settings, clock) for channel in CHANNELS}
