"""Mail over SMTP. The Message-ID comes from the idempotency key, so repetitions show."""

import hashlib
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, parseaddr

import aiosmtplib

from oncall_service.notifications.channels.base import Failed, Outgoing, Result, Sent
from shared.clock import Clock

TIMEOUT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class MailServer:
    """How mail leaves; an empty host means that none is configured."""

    host: str
    port: int
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)
    start_tls: bool | None = None


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
    message.set_content(f"{outgoing.message.text}\n\n{outgoing.message.url}\n")
    return message


class EmailChannel:
    """Hands a mail to the configured server."""

    def __init__(self, clock: Clock, server: MailServer) -> None:
        self._clock = clock
        self._server = server

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
