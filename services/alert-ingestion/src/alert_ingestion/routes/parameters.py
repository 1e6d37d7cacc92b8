"""What handlers ask for: from the URL, and from the service (app.create_app provides it)."""

from typing import TypeAlias
from uuid import UUID

from litestar.di import NamedDependency
from litestar.params import FromPath, SkipValidation

from alert_ingestion.model import Policy
from alert_ingestion.workflow.ingest import Ingestion
from shared.clock import Clock
from shared.database import Database
from shared.errors import FieldError, Invalid

TheDatabase: TypeAlias = NamedDependency[Database]
TheClock: TypeAlias = NamedDependency[SkipValidation[Clock]]
ThePolicy: TypeAlias = NamedDependency[Policy]
TheIngestion: TypeAlias = NamedDependency[SkipValidation[Ingestion]]

Id: TypeAlias = FromPath[UUID]


def text(field: str, value: str | None) -> str | None:
    """Text that PostgreSQL can compare with.

    Raises:
        Invalid: it holds a NUL character.
    """
    if value is not None and "\x00" in value:
        raise Invalid([FieldError(field, "must not contain a NUL character")])
    return value
