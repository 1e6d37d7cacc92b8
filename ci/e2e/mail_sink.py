"""A mail server of this machine that delivers nothing: what was sent can be read here."""

from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

from aiosmtpd.controller import Controller

from vigie_local.ports import find_free


class MailSink:
    """Every mail that came, in order."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Take one in, as aiosmtpd calls it."""
        mail = message_from_bytes(envelope.content, policy=policy.default)
        self.mails.append(cast(EmailMessage, mail))
        return "250 taken"

    def to(self, address: str) -> list[EmailMessage]:
        """What somebody got."""
        return [mail for mail in self.mails if address in str(mail["To"])]


@contextmanager
def mail_sink() -> Iterator[tuple[int, MailSink]]:
    """A mail server: its port, and what it was given."""
    sink = MailSink()
    controller = Controller(sink, hostname="127.0.0.1", port=find_free())
    controller.start()
    try:
        yield controller.port, sink
    finally:
        controller.stop()


def addresses_in(mail: EmailMessage, path: str) -> list[str]:
    """The addresses of pages below ``path`` that the plain part of a mail has on lines."""
    part = mail.get_body(("plain",))
    assert part is not None
    return [line for line in str(part.get_content()).splitlines() if path in line]
