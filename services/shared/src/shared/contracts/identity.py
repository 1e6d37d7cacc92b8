"""Who is calling. Owned by oncall-service, which checks tokens for the others."""

from enum import StrEnum
from typing import Literal

from shared.contracts.wire import Text, Wire

TOKEN_CHECK_PATH = "/internal/v1/tokens/check"  # noqa: S105 - a path, not a password


class Role(StrEnum):
    """What a caller may do; each role includes the ones before it."""

    VIEWER = "viewer"
    RESPONDER = "responder"
    ADMIN = "admin"

    def includes(self, other: "Role") -> bool:
        """Whether this role may do what ``other`` may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


class Reading(Wire):
    """How a person reads: their zone, and the language and clock (24 or 12) they chose, if any."""

    language: Text | None
    time_zone: Text
    clock: Text | None


class Principal(Wire):
    """An authenticated caller: a person (session), an API token, or a service of this installation.

    ``id`` is the person's or token's id, or the service's name. ``reading`` is of people alone.
    """

    kind: Literal["person", "token", "service"]
    id: Text
    name: Text
    role: Role
    reading: Reading | None = None


class Actor(Wire):
    """Who did something, as the timeline keeps it."""

    kind: Literal["person", "token", "service", "system"]
    id: Text
    name: Text

    @classmethod
    def of(cls, principal: Principal) -> "Actor":
        """The actor a principal is."""
        return cls(kind=principal.kind, id=principal.id, name=principal.name)


class TokenCheck(Wire):
    """``POST /internal/v1/tokens/check``: is this a token, and whose?"""

    token: Text


class TokenCheckResult(Wire):
    """``principal`` is null for an unknown, expired or revoked token."""

    principal: Principal | None = None
