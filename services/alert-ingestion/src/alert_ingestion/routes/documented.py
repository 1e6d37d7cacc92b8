"""Request bodies for OpenAPI of routes that decode the raw body themselves.

The raw body goes into the inbox, so these handlers have no parsed ``data`` to document.
"""

from dataclasses import dataclass
from typing import Any

from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema


class _Verbatim(Schema):
    """A JSON schema as it is."""

    def __init__(self, document: dict[str, Any]) -> None:
        super().__init__()
        self._document = document

    def to_schema(self) -> dict[str, Any]:
        return self._document


def json_body(schema: dict[str, Any], *, description: str, example: Any) -> type[Operation]:
    """An operation class whose request body is this JSON schema."""

    @dataclass
    class Documented(Operation):
        def __post_init__(self) -> None:
            self.request_body = RequestBody(
                description=description,
                required=True,
                content={
                    "application/json": OpenAPIMediaType(schema=_Verbatim(schema), example=example)
                },
            )

    return Documented
