"""The kinds of field that several things share, and what a wrong one is answered with."""

from typing import Annotated, Literal

from pydantic import AfterValidator, SecretStr, StringConstraints

from shared.contracts.wire import Line
from shared.words.catalogues import LANGUAGES
from shared.zones import zone_names

MINIMUM_PASSWORD = 8
MAXIMUM_PASSWORD = 1000


def _zone(value: str) -> str:
    if value not in zone_names():
        raise ValueError("must be an IANA time zone such as Europe/Paris")
    return value


def _language(value: str) -> str:
    if value not in LANGUAGES:
        raise ValueError(f"must be one of {', '.join(LANGUAGES)}")
    return value


def _password(value: SecretStr) -> SecretStr:
    if not MINIMUM_PASSWORD <= len(value.get_secret_value()) <= MAXIMUM_PASSWORD:
        raise ValueError(f"must have {MINIMUM_PASSWORD} to {MAXIMUM_PASSWORD} characters")
    return value


ZoneName = Annotated[str, AfterValidator(_zone)]
"""An IANA name of the pinned database."""

LanguageCode = Annotated[str, AfterValidator(_language)]
"""A language that Vigie speaks."""

ClockHours = Literal["24", "12"]
"""How many hours somebody's clock counts to."""

Login = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}$")
]
"""What somebody signs in with: letters, digits and ``. _ @ + -``."""

Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, pattern=r"^[^@\s<>,;:]+@[^@\s<>,;:]+$", max_length=254
    ),
]
"""An address mail can be sent to; no white space, so it cannot become a second header."""

Password = Annotated[SecretStr, AfterValidator(_password)]

Name = Line
"""Unique among its kind, whatever the case of its letters."""

Reference = Line
"""The id or the name of something else; people also by their login."""
