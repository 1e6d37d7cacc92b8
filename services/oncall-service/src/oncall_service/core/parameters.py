"""What handlers take: of the address, and of the service (``app.create_app`` provides that)."""

from datetime import datetime
from typing import Annotated, TypeAlias

from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter
from pydantic import TypeAdapter, ValidationError

from oncall_service.core.core import Core
from shared.contracts.wire import Instant, Text
from shared.errors import FieldError, Invalid

TheCore: TypeAlias = NamedDependency[Core]
Named = Annotated[
    str, PathParameter(max_length=500, description="id or name (a person: also the login)")
]
When = Annotated[
    str | None, QueryParameter(max_length=64, description="ISO 8601 instant with a zone")
]

_INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)
_TEXT: TypeAdapter[str] = TypeAdapter(Text)


def instant(field: str, text: str | None) -> datetime | None:
    """An instant of the query; ``Invalid`` if it is none."""
    if text is None:
        return None
    try:
        # A plus sign that was not escaped arrives as a space.
        return _INSTANT.validate_python(text.replace(" ", "+"))
    except ValidationError as error:
        raise Invalid([FieldError(field, error.errors()[0]["msg"])]) from None


def named(field: str, text: str) -> str:
    """A name or id of the address; ``Invalid`` if PostgreSQL could not even compare it."""
    try:
        return _TEXT.validate_python(text).strip()
    except ValidationError as error:
        raise Invalid([FieldError(field, error.errors()[0]["msg"])]) from None


def named_or_none(field: str, text: str | None) -> str | None:
    """Likewise, where it may be missing."""
    return None if text is None else named(field, text)
