"""Apprise: more than a hundred ways to reach people, each by a URL (github.com/caronc/apprise).

The operator says which schemes may be used. Apprise blocks, connects by itself and follows what a
URL says, so it sends in confined threads.
"""

import logging
import re
from functools import partial
from typing import Any, Self
from urllib.parse import urlsplit

from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType
from apprise.common import OverflowMode
from apprise.plugins import N_MGR

from oncall_service.notifications.channels.base import (
    ACKNOWLEDGE,
    Channel,
    Failed,
    Message,
    Outgoing,
    Result,
    Sent,
    is_news,
    noted,
)
from oncall_service.notifications.channels.confined import ConfinedThreads, Sending
from oncall_service.notifications.channels.outside import resolve_name
from oncall_service.notifications.channels.posting import NOT_ALLOWED, refuse_inside
from oncall_service.settings import OncallSettings
from oncall_service.targets import Address, AllowedTargets
from shared.clock import Clock

# Of one sending, everything included; each step of it has the limits below.
SEND_SECONDS = 20.0
CONNECT_SECONDS, READ_SECONDS = 4.0, 8.0

NOT_TAKEN = "Apprise could not deliver it"

# Never, whatever the list says: they reach no person but the machine itself, or read its files.
LOCAL = frozenset(
    {"dbus", "kde", "qt", "glib", "gio", "gnome", "macosx", "windows", "blink1"}
    | {"syslog", "rsyslog", "vapid", "fcm"}
)

TYPES = {
    "critical": NotifyType.FAILURE,
    "high": NotifyType.FAILURE,
    "medium": NotifyType.WARNING,
}

_URL = re.compile(r"(?P<scheme>[a-z0-9][a-z0-9+.-]*)://.+", re.IGNORECASE | re.DOTALL)


class AppriseChannel(Channel):
    """Whatever Apprise can send to, of what ``VIGIE_APPRISE_SCHEMES`` names."""

    name = "apprise"
    sealed_target = True

    def __init__(self, schemes: frozenset[str], targets: AllowedTargets, web_ui_url: str) -> None:
        self._schemes = schemes - LOCAL
        self._targets = targets
        self._threads = ConfinedThreads()
        self._asset = AppriseAsset(
            app_id="Vigie",
            app_desc="Vigie",
            app_url=web_ui_url,
            async_mode=False,
            http_redirects=False,
            allow_templates=False,
            secure_logging=True,
            storage_mode="memory",
        )

    @classmethod
    def configured(cls, settings: OncallSettings, clock: Clock) -> Self:  # noqa: ARG003
        """With the schemes of ``VIGIE_APPRISE_SCHEMES``, to where webhooks may lead."""
        return cls(settings.apprise_allowed, settings.webhook_targets, settings.web_ui_url)

    @staticmethod
    def validate(target: str) -> None:
        """A URL that Apprise can read."""
        scheme = _scheme(target)
        plugin = _plugin(scheme)
        if plugin is None or scheme in LOCAL:
            raise ValueError(
                "must be a URL of Apprise's, of a service that can be reached from here"
            )
        if plugin.parse_url(target) is None or not _is_split(target):
            raise ValueError(f"is no {scheme}:// URL that Apprise can read")

    @staticmethod
    def address(target: str, *, email: str | None, settings: OncallSettings) -> str:  # noqa: ARG004
        """Of a scheme that is allowed; a server of the person's own by its looks alone."""
        scheme = _scheme(target)
        if scheme not in settings.apprise_allowed:
            raise ValueError(f"is of a scheme that is not allowed here ({scheme})")
        if _names_a_host(scheme):
            refuse_inside(target, settings)
        return target

    @staticmethod
    def shown(target: str) -> str:
        """The service, and the server where it is the person's own: the rest is its password."""
        scheme = _scheme(target)
        host = urlsplit(target).hostname if _names_a_host(scheme) else None
        return f"{scheme}://{host}/..." if host else f"{scheme}://..."

    async def start(self) -> None:
        """Keep what Apprise logs out of the log: it may quote the URL."""
        logging.getLogger("apprise").disabled = True

    async def stop(self) -> None:
        """End the threads."""
        await self._threads.stop()

    async def send(self, outgoing: Outgoing) -> Result:
        """Try once; Apprise says no more than whether it worked, so a failure is worth a retry."""
        return noted(self.name, outgoing, await self._send(outgoing))

    async def _send(self, outgoing: Outgoing) -> Result:
        scheme = _scheme(outgoing.target)
        if scheme not in self._schemes:
            return Failed(f"'{scheme}' is not in VIGIE_APPRISE_SCHEMES", retry=False)
        sending = Sending(partial(self._allows, await self._named(outgoing.target)))
        call = partial(_notify, outgoing.target, outgoing.message, self._asset)
        try:
            failure = await self._threads.run(sending, call, SEND_SECONDS)
        except TimeoutError:
            return Failed(NOT_TAKEN, retry=True, inside=f"no result within {SEND_SECONDS:g} s")
        if failure is None:
            return Sent(f"taken by {scheme}")
        # Of a name with two addresses one may have been refused, and the other taken it.
        return Failed(NOT_TAKEN, retry=True, inside=NOT_ALLOWED) if sending.refused else failure

    async def _named(self, target: str) -> frozenset[Address]:
        """The addresses of a server whose name the operator's list has, wherever they are."""
        host = urlsplit(target).hostname
        if not host or not self._targets.names(host):
            return frozenset()
        return frozenset(await resolve_name(host, 443))

    def _allows(self, named: frozenset[Address], address: Address) -> bool:
        return address in named or self._targets.allows("", address)


def _notify(target: str, message: Message, asset: AppriseAsset) -> Failed | None:
    """Send, in a thread of its own; None when it was taken."""
    service = Apprise.instantiate(target, asset=asset, suppress_exceptions=True)
    if service is None:
        return Failed("Apprise cannot read the URL", retry=False)
    # What a URL may say of how it is sent to is not the person's to decide.
    service.redirects, service.optional, service.retry = False, False, 0
    service.socket_connect_timeout = min(service.socket_connect_timeout, CONNECT_SECONDS)
    service.socket_read_timeout = min(service.socket_read_timeout, READ_SECONDS)
    service.overflow_mode = OverflowMode.SPLIT
    box = Apprise(asset=asset)
    box.add(service)
    taken = box.notify(
        body=body(message),
        title=message.title,
        notify_type=kind(message),
        body_format=NotifyFormat.TEXT,
    )
    return None if taken else Failed(NOT_TAKEN, retry=True, inside="Apprise said no")


def body(message: Message) -> str:
    """The text, and what to do about it on lines of their own."""
    lines = [message.text, message.url]
    if message.acknowledge_url:
        lines.append(f"{ACKNOWLEDGE}: {message.acknowledge_url}")
    return "\n".join(line for line in lines if line)


def kind(message: Message) -> NotifyType:
    """Apprise's word for how bad it is, which services show as a colour."""
    if is_news(message):
        return NotifyType.SUCCESS
    return TYPES.get(message.facts.get("severity", ""), NotifyType.INFO)


def _scheme(target: str) -> str:
    match = _URL.fullmatch(target.strip())
    return match["scheme"].lower() if match else ""


def _plugin(scheme: str) -> Any:
    manager: Any = N_MGR
    return manager[scheme] if scheme in manager.schemas() else None


def _is_split(target: str) -> bool:
    try:
        urlsplit(target)
    except ValueError:
        return False
    return True


def _names_a_host(scheme: str) -> bool:
    """Whether URLs of a scheme begin with a server, and not with a token or a number."""
    templates = getattr(_plugin(scheme), "templates", ())
    return bool(templates) and all("{host}" in template for template in templates)
