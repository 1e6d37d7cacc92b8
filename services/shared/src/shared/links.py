"""Links in messages that acknowledge an incident without a sign-in.

oncall-service signs them, incident-management takes them; neither asks the other. A link is a JSON
Web Token (RFC 7519), HS256, bound to one person, one incident, one message and an end. It does
nothing by being looked at: it takes effect by a POST, once.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

import jwt
from pydantic import BaseModel, Field, SecretStr

from shared.contracts.wire import Ref

VALID_FOR = timedelta(hours=24)
PATH = "/acknowledge/"

_ALGORITHM, _AUDIENCE = "HS256", "vigie:acknowledge"
# RFC 7518, section 3.2: a key of HS256 has at least 256 bits.
MINIMUM_KEY = 32


class LinkSettings(BaseModel):
    """What the two services that know these links read from their environment."""

    link_keys: SecretStr = Field(
        SecretStr(""),
        description="keys, separated by commas, for links that acknowledge: the first signs, all "
        "are taken; empty: messages have no such link",
    )


class Refusal(StrEnum):
    """Why a link does nothing."""

    INVALID = "link_invalid"
    EXPIRED = "link_expired"


class Refused(Exception):
    """A link that does nothing; ``why`` says so."""

    def __init__(self, why: Refusal) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Link:
    """Who may acknowledge what: ``message`` is the message it came in, by ``channel``."""

    message: UUID
    incident: UUID
    person: Ref
    channel: str


class Links:
    """Signs links and reads them, with the keys of ``VIGIE_LINK_KEYS``.

    Raises:
        ValueError: a key is shorter than ``MINIMUM_KEY`` characters.
    """

    def __init__(self, settings: LinkSettings) -> None:
        listed = settings.link_keys.get_secret_value().split(",")
        self._keys = [key for key in (entry.strip() for entry in listed) if key]
        if any(len(key) < MINIMUM_KEY for key in self._keys):
            raise ValueError(f"a key of VIGIE_LINK_KEYS has fewer than {MINIMUM_KEY} characters")

    def sign(self, link: Link, now: datetime) -> str:
        """The token of a link; empty without any key."""
        if not self._keys:
            return ""
        claims = {
            "aud": _AUDIENCE,
            "jti": str(link.message),
            "inc": str(link.incident),
            "sub": str(link.person.id),
            "name": link.person.name,
            "ch": link.channel,
            "exp": now + VALID_FOR,
        }
        return jwt.encode(claims, self._keys[0], algorithm=_ALGORITHM)

    def read(self, token: str, now: datetime) -> Link:
        """The link that a token is.

        Raises:
            Refused: it was signed by nobody here, changed on its way, or its time is over.
        """
        for key in self._keys:
            try:
                claims = jwt.decode(
                    token,
                    key,
                    algorithms=[_ALGORITHM],
                    audience=_AUDIENCE,
                    # Whose clock counts is for the caller to say.
                    options={"require": ["exp", "jti", "sub"], "verify_exp": False},
                )
                link = Link(
                    message=UUID(claims["jti"]),
                    incident=UUID(claims["inc"]),
                    person=Ref(id=UUID(claims["sub"]), name=claims["name"]),
                    channel=str(claims["ch"]),
                )
                expires = datetime.fromtimestamp(claims["exp"], UTC)
            except (jwt.InvalidTokenError, KeyError, ValueError, TypeError):
                continue
            if now >= expires:
                raise Refused(Refusal.EXPIRED)
            return link
        raise Refused(Refusal.INVALID)
