"""What somebody settles for themself, over HTTP; see people.py."""

from typing import Any
from uuid import UUID

from web_ui.neighbour import Neighbour
from web_ui.people import ContactMethod, Person, PushKey


class HttpPeople(Neighbour):
    """oncall-service over HTTP; see :class:`People`."""

    async def get(self, token: str, person: str) -> Person:
        """See :class:`People`."""
        return await self._ask(Person, "GET", f"/api/v1/people/{person}", token)

    async def push_key(self, token: str) -> PushKey:
        """See :class:`People`."""
        return await self._ask(PushKey, "GET", "/api/v1/push/key", token)

    async def add_method(
        self, token: str, person: str, channel: str, target: str, secret: str
    ) -> ContactMethod:
        """See :class:`People`."""
        command = {"channel": channel, "target": target} | ({"secret": secret} if secret else {})
        return await self._ask(ContactMethod, "POST", _methods(person), token, json=command)

    async def change_method(self, token: str, person: str, method: UUID, *, enabled: bool) -> None:
        """See :class:`People`."""
        await self._send("PATCH", _method(person, method), token, json={"enabled": enabled})

    async def remove_method(self, token: str, person: str, method: UUID) -> None:
        """See :class:`People`."""
        await self._send("DELETE", _method(person, method), token)

    async def test_method(self, token: str, person: str, method: UUID) -> None:
        """See :class:`People`."""
        await self._send("POST", f"{_method(person, method)}/test", token)

    async def send_code(self, token: str, person: str, method: UUID) -> None:
        """See :class:`People`."""
        await self._send("POST", f"{_method(person, method)}/verification", token)

    async def confirm_code(self, token: str, person: str, method: UUID, code: str) -> None:
        """See :class:`People`."""
        path = f"{_method(person, method)}/verification/confirm"
        await self._send("POST", path, token, json={"code": code})

    async def change(self, token: str, person: str, changes: dict[str, Any]) -> None:
        """See :class:`People`."""
        await self._send("PATCH", f"/api/v1/people/{person}/preferences", token, json=changes)


def _methods(person: str) -> str:
    return f"/api/v1/people/{person}/contact-methods"


def _method(person: str, method: UUID) -> str:
    return f"{_methods(person)}/{method}"
