"""Request bodies for OpenAPI of routes that decode the raw body themselves.

The raw body goes into the inbox, so these handlers have no parsed ``data`` to document.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema


class _Verbatim(Schema):
    """A JSON schema as it is."""

    def __init__(self, document: dict[str, Any]) -> None:
        super().__init__()
        self._document = document

    def to_schema(self) -> dict[str, Any]:
        return self._document


Body: TypeAlias = tuple[Mapping[str, Any], Any]
"""The JSON schema of a body, and an example."""


def bodies(by_media_type: Mapping[str, Body], *, description: str) -> type[Operation]:
    """An operation class whose request body is of one of these media types."""

    @dataclass
    class Documented(Operation):
        def __post_init__(self) -> None:
            self.request_body = RequestBody(
                description=description,
                required=True,
                content={
                    media_type: OpenAPIMediaType(schema=_Verbatim(dict(schema)), example=example)
                    for media_type, (schema, example) in by_media_type.items()
                },
            )

    return Documented
