"""What somebody settles for themself, as web-ui asks oncall-service; http_people.py asks it.

The shapes hold what is read here of the person and of what is answered. Failures are those of
clients.py; ``NotFound`` also when a contact method is not the person's.
"""

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any, Protocol
from uuid import UUID

from shared.contracts.identity import Role
from shared.contracts.wire import Severity, Text, Wire
from web_ui.reading import sentence

ROLES = (sentence("viewer"), sentence("responder"), sentence("admin"))
"""The words of what somebody may do."""


class ContactMethod(Wire):
    """A way to reach somebody; ``secret`` is answered once, when it is made."""

    id: UUID
    channel: Text
    target: Text
    enabled: bool
    verified_at: datetime | None
    verified_by: Text | None
    secret: Text | None = None


class Rule(Wire):
    """Pages of these severities (None: of any) go to a contact method after so many minutes."""

    contact_method_id: UUID
    delay_minutes: int
    severities: Sequence[Severity] | None


class Hours(Wire):
    """A weekly window; an ``end`` that is not after ``start`` is on the next day."""

    days: Sequence[Text]
    start: time
    end: time


class Person(Wire):
    """Somebody, and all they have settled."""

    id: UUID
    name: Text
    login: Text | None
    email: Text | None
    role: Role
    can_sign_in: bool
    time_zone: Text
    language: Text | None
    clock: Text | None
    working_hours: Sequence[Hours] | None
    quiet_hours: Sequence[Hours] | None
    status_updates: bool
    contact_methods: Sequence[ContactMethod]
    notification_rules: Sequence[Rule]

    @property
    def reachable(self) -> bool:
        """Whether a page would arrive anywhere: by a method that is verified and switched on."""
        return any(each.enabled and each.verified_at for each in self.contact_methods)

    @property
    def heard(self) -> bool:
        """Whether one would notice it: what is written to the log wakes nobody."""
        return any(
            each.enabled and each.verified_at and each.channel != "log"
            for each in self.contact_methods
        )


class PushKey(Wire):
    """What a browser subscribes with; null: this installation has no key."""

    public_key: Text | None


class People(Protocol):
    """oncall-service, about one person; ``person`` is their id."""

    async def get(self, token: str, person: str) -> Person:
        """Them."""
        ...

    async def push_key(self, token: str) -> PushKey:
        """The key for Web Push."""
        ...

    async def add_method(
        self, token: str, person: str, channel: str, target: str, secret: str
    ) -> ContactMethod:
        """Add a contact method; an empty ``secret`` is none. Whoever must verify it is sent a code.

        Raises:
            Invalid: the address does not fit the channel, or there may be no such.
            Conflict: there are too many.
        """
        ...

    async def change_method(self, token: str, person: str, method: UUID, *, enabled: bool) -> None:
        """Switch it on or off."""
        ...

    async def remove_method(self, token: str, person: str, method: UUID) -> None:
        """Remove it."""
        ...

    async def test_method(self, token: str, person: str, method: UUID) -> None:
        """Send a test message."""
        ...

    async def send_code(self, token: str, person: str, method: UUID) -> None:
        """Send another code; ``Conflict`` within a minute of the one before."""
        ...

    async def confirm_code(self, token: str, person: str, method: UUID, code: str) -> None:
        """Type it in; ``Invalid`` when it is another, or too old."""
        ...

    async def change(self, token: str, person: str, changes: dict[str, Any]) -> None:
        """Change time zone, hours, rules or news; ``changes`` as JSON, a list is replaced whole."""
        ...
