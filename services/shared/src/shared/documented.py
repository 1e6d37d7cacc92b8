"""What a route may answer beside success, for OpenAPI: problems, as they really look."""

from collections.abc import Iterator
from datetime import time
from typing import TYPE_CHECKING, Any, Final

from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIType, Operation, Schema
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition
from pydantic import BaseModel, ConfigDict, NaiveDatetime

from shared import errors
from shared.errors import Problem
from shared.intake import refuse_by_length
from shared.problems import PROBLEM_JSON

if TYPE_CHECKING:
    from litestar._openapi.schema_generation.schema import SchemaCreator

_UNSAFE: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# What the framework hands a handler by name.
_GIVEN: Final = frozenset({"request", "data", "scope", "state", "principal"})


_WALL_CLOCK: Final[dict[Any, tuple[str, str]]] = {
    NaiveDatetime: (
        "date and time without a zone, such as 2026-03-02T09:00:00: another thing says which",
        r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?$",
    ),
    time: ("time of day, such as 09:00:00", r"^\d{2}:\d{2}(:\d{2})?$"),
}


class WallClockPlugin(OpenAPISchemaPlugin):
    """Times of a clock on a wall, which the framework documents as instants and durations."""

    @staticmethod
    def is_plugin_supported_type(value: Any) -> bool:
        """See Litestar."""
        return value in _WALL_CLOCK if isinstance(value, type) else False

    def to_openapi_schema(
        self, field_definition: FieldDefinition, schema_creator: "SchemaCreator"
    ) -> Schema:
        """See Litestar."""
        del schema_creator
        description, pattern = _WALL_CLOCK[field_definition.annotation]
        return Schema(type=OpenAPIType.STRING, description=description, pattern=pattern)


class FieldProblem(BaseModel):
    """One field that cannot be accepted; ``field`` is a dotted path."""

    field: str
    message: str


class ProblemDocument(BaseModel):
    """A failure, as in RFC 9457; ``detail`` is a sentence a person can act on.

    ``errors`` names the fields of a 422, and there may be more members.
    """

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    instance: str | None = None
    request_id: str | None = None
    errors: list[FieldProblem] | None = None


def as_responses(*problems: type[Problem]) -> dict[int, ResponseSpec]:
    """Problems as ``responses`` of a handler, for those that only it knows of."""
    return {
        problem.status: ResponseSpec(
            ProblemDocument,
            # "Not allowed": the titles are what a client sees as well.
            description=problem.title,
            media_type=PROBLEM_JSON,
            # Made-up examples need a generator that is not in the image.
            generate_examples=False,
        )
        for problem in problems
    }


def or_created(view: type[BaseModel]) -> dict[int, ResponseSpec]:
    """For a PUT, which creates (201) what it does not find to replace (200)."""
    return {201: ResponseSpec(view, description="Created.", generate_examples=False)}


def or_unchanged(view: type[BaseModel]) -> dict[int, ResponseSpec]:
    """For a POST that finds what it was to create (200)."""
    return {200: ResponseSpec(view, description="It was there already.", generate_examples=False)}


def document_problems(handler: HTTPRouteHandler, path: str) -> None:
    """Add to what a handler documents the problems that follow from what it takes, and from whom.

    What it says itself stands.
    """
    found = as_responses(*_problems(handler, path))
    handler.responses = {**found, **(handler.responses or {})}


def _problems(handler: HTTPRouteHandler, path: str) -> Iterator[type[Problem]]:
    fields = handler.parsed_fn_signature.parameters.keys()
    asked = fields - handler.resolve_dependencies().keys() - _GIVEN
    secured = any("bearer" in way for way in handler.resolve_security() or ()) or any(
        guard is not refuse_by_length for guard in handler.resolve_guards()
    )
    changes = bool(_UNSAFE & set(handler.http_methods))
    raw = handler.operation_class is not Operation
    takes_body = raw or "data" in fields
    if takes_body or asked:
        yield errors.Malformed
        yield errors.Invalid
    if secured:
        yield errors.Unauthorized
        yield errors.Forbidden
        yield errors.Unavailable
    if "{" in path:
        yield errors.NotFound
    if changes and secured and not raw and not path.startswith("/internal/"):
        yield errors.Conflict
    if takes_body:
        yield errors.TooSlow
        yield errors.TooLarge
        yield errors.Unsupported
