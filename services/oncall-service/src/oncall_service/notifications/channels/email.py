"""Mail over SMTP, as plain text and as HTML.

The Message-ID comes from the idempotency key, so repetitions show.
"""

import hashlib
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, parseaddr
from typing import Self

import aiosmtplib
from pydantic import TypeAdapter, ValidationError

from oncall_service.core.fields import Email
from oncall_service.notifications.channels.base import (
    ACKNOWLEDGE,
    Channel,
    Failed,
    Message,
    Outgoing,
    Result,
    Sent,
)
from oncall_service.notifications.channels.html_part import html
from oncall_service.settings import OncallSettings
from shared.clock import Clock

TIMEOUT_SECONDS = 15.0

_ADDRESS: TypeAdapter[str] = TypeAdapter(Email)


@dataclass(frozen=True, slots=True)
class MailServer:
    """How mail leaves; an empty host means that none is configured."""

    host: str
    port: int
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)
    start_tls: bool | None = None

    @classmethod
    def of(cls, settings: OncallSettings) -> Self:
        """The server that the settings name."""
        return cls(
            host=settings.smtp_host,
            port=settings.smtp_port,
            sender=settings.smtp_from,
            user=settings.smtp_user,
            password=settings.smtp_password.get_secret_value(),
            start_tls=settings.smtp_starttls,
        )


def compose(outgoing: Outgoing, sender: str, now_clock: Clock) -> EmailMessage:
    """The mail of a notification."""
    message = EmailMessage()
    digest = hashlib.sha256(outgoing.idempotency_key.encode()).hexdigest()[:40]
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    message["Message-ID"] = f"<{digest}@{domain}>"
    message["Date"] = format_datetime(now_clock.now())
    message["From"] = sender
    message["To"] = formataddr((_one_line(outgoing.person), outgoing.target))
    message["Subject"] = _one_line(outgoing.message.title)
    message["Auto-Submitted"] = "auto-generated"
    message["X-Vigie-Idempotency-Key"] = outgoing.idempotency_key
    message.set_content(plain(outgoing.message))
    message.add_alternative(html(outgoing.message), subtype="html")
    return message


def plain(message: Message) -> str:
    """The text, and each address on a line of its own, so that mail programs make links of them."""
    takes = f"{ACKNOWLEDGE}:\n{message.acknowledge_url}" if message.acknowledge_url else ""
    return "\n\n".join(part for part in (message.text, takes, message.url) if part) + "\n"


class EmailChannel(Channel):
    """Hands a mail to the configured server."""

    name = "email"

    def __init__(self, clock: Clock, server: MailServer) -> None:
        self._clock = clock
        self._server = server

    @classmethod
    def configured(cls, settings: OncallSettings, clock: Clock) -> Self:
        """Through the server of ``VIGIE_SMTP_HOST``."""
        return cls(clock, MailServer.of(settings))

    @staticmethod
    def validate(target: str) -> None:
        """An address; without one it is the person's own."""
        try:
            if target:
                _ADDRESS.validate_python(target)
        except ValidationError:
            raise ValueError("must be an email address") from None

    @staticmethod
    def address(target: str, *, email: str | None, settings: OncallSettings) -> str:  # noqa: ARG004
        """The one given, else the person's own."""
        if not (target or email):
            raise ValueError("is needed: the person has no email address")
        return target or email or ""

    async def send(self, outgoing: Outgoing) -> Result:
        """Send once; 4xx replies and trouble on the way are worth a retry (RFC 5321, 4.2.1)."""
        server = self._server
        if not server.host:
            return Failed("no mail server is configured (VIGIE_SMTP_HOST)", retry=False)
        try:
            await aiosmtplib.send(
                compose(outgoing, server.sender, self._clock),
                hostname=server.host,
                port=server.port,
                username=server.user or None,
                password=server.password or None,
                start_tls=server.start_tls,
                timeout=TIMEOUT_SECONDS,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [refusal.code for refusal in error.recipients]
            return Failed(f"recipient refused ({codes})", retry=all(code < 500 for code in codes))
        except aiosmtplib.SMTPResponseException as error:
            return Failed(f"the mail server said {error.code}", retry=error.code < 500)
        except (aiosmtplib.SMTPException, OSError) as error:
            return Failed(f"the mail server cannot be used ({type(error).__name__})", retry=True)
        return Sent(f"taken by {server.host}")


def _one_line(text: str) -> str:
    # A header must not grow a second line, whatever an alert's message contains.
    return " ".join(text.split())[:200]
