"""oncall-service about people, in memory: what somebody settles for themself (see people.py)."""

from base64 import urlsafe_b64encode
from typing import Any
from uuid import UUID, uuid4

from shared.clock import Clock
from shared.contracts.identity import Role
from shared.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from web_ui.clients import Down, SignedOut
from web_ui.people import ContactMethod, Person, PushKey

CODE = "482913"
SECRET = "made-up-for-this-webhook"
MOST_METHODS = 10
# As long as a public key of P-256, and in base64url: to fakes that is enough.
KEY = urlsafe_b64encode(bytes([4, *range(64)])).rstrip(b"=").decode()


class FakePeople:
    """Everybody who signs in is a person without contact methods."""

    def __init__(self, clock: Clock, directory: Any) -> None:
        self._clock = clock
        self._directory = directory
        self.down = False
        self.key: str | None = KEY
        self.stored: dict[str, Person] = {}
        self.from_before: dict[str, Any] = {}
        """What everybody has settled before they come here for the first time."""
        self.tested: list[UUID] = []
        self.codes_sent: list[UUID] = []

    def mine(self) -> Person:
        """The one person there is."""
        (person,) = self.stored.values()
        return person

    def settle(self, person: str, **fields: Any) -> Person:
        """What is simply so."""
        self.stored[person] = self._of(person).model_copy(update=fields)
        return self.stored[person]

    async def get(self, token: str, person: str) -> Person:
        self._check(token)
        return self._of(person)

    async def push_key(self, token: str) -> PushKey:
        self._check(token)
        return PushKey(public_key=self.key)

    async def add_method(
        self, token: str, person: str, channel: str, target: str, secret: str
    ) -> ContactMethod:
        role = self._check(token, person)
        methods = self._of(person).contact_methods
        if len(methods) >= MOST_METHODS:
            raise Conflict("You have 10 contact methods, the most there may be: remove one.")
        if channel == "webhook" and not target.startswith("https://"):
            raise Invalid([FieldError("body", "must be an http:// or https:// URL")])
        known = channel == "log" or role is Role.ADMIN
        method = ContactMethod(
            id=uuid4(),
            channel=channel,
            target=target,
            enabled=True,
            verified_at=self._clock.now() if known else None,
            verified_by="Administrator" if role is Role.ADMIN else None,
        )
        self.settle(person, contact_methods=[*methods, method])
        made = secret or (SECRET if channel == "webhook" else None)
        return method.model_copy(update={"secret": made})

    async def change_method(self, token: str, person: str, method: UUID, *, enabled: bool) -> None:
        self._replace(token, person, method, enabled=enabled)

    async def remove_method(self, token: str, person: str, method: UUID) -> None:
        gone = self._method(token, person, method)
        left = [each for each in self._of(person).contact_methods if each != gone]
        self.settle(person, contact_methods=left)

    async def test_method(self, token: str, person: str, method: UUID) -> None:
        self.tested.append(self._method(token, person, method).id)

    async def send_code(self, token: str, person: str, method: UUID) -> None:
        if self._method(token, person, method).id in self.codes_sent:
            raise Conflict("It was sent a code just now: wait a minute before another.")
        self.codes_sent.append(method)

    async def confirm_code(self, token: str, person: str, method: UUID, code: str) -> None:
        if code != CODE:
            raise Invalid([FieldError("code", "is not the code that was sent last")])
        self._replace(token, person, method, verified_at=self._clock.now())

    async def change(self, token: str, person: str, changes: dict[str, Any]) -> None:
        self._check(token, person)
        if changes.get("time_zone") == "Mars/Olympus":
            raise Invalid([FieldError("time_zone", "is not an IANA time zone")])
        stored = self._of(person).model_dump(mode="json")
        self.stored[person] = Person.model_validate(stored | changes)

    def _of(self, person: str) -> Person:
        nobody = Person(
            id=UUID(person),
            name="Ada Okafor",
            login="ada",
            role=Role.RESPONDER,
            can_sign_in=True,
            language=None,
            clock=None,
            email="ada@example.com",
            time_zone="Europe/Paris",
            working_hours=None,
            quiet_hours=None,
            status_updates=True,
            contact_methods=[],
            notification_rules=[],
        )
        known = nobody.model_copy(update=self.from_before)
        return self.stored.setdefault(person, known)

    def _check(self, token: str, person: str | None = None) -> Role:
        if self.down:
            raise Down("oncall-service", "oncall-service does not answer (ConnectError).")
        principal = self._directory.sessions.get(token)
        if principal is None:
            raise SignedOut("This token is unknown, expired or revoked.")
        if person is not None and principal.id != person and principal.role is not Role.ADMIN:
            raise Forbidden("Contact methods are changed by their person.")
        role: Role = principal.role
        return role

    def _method(self, token: str, person: str, method: UUID) -> ContactMethod:
        self._check(token, person)
        for each in self._of(person).contact_methods:
            if each.id == method:
                return each
        raise NotFound("You have no such contact method.")

    def _replace(self, token: str, person: str, method: UUID, **fields: Any) -> None:
        old = self._method(token, person, method)
        new = old.model_copy(update=fields)
        methods = [new if each == old else each for each in self._of(person).contact_methods]
        self.settle(person, contact_methods=methods)
