"""The committed OpenAPI document of each service, against which its neighbours are tested.

    python -m vigie_testing.openapi alert-ingestion    # write services/alert-ingestion/openapi.json
    python -m vigie_testing.openapi                    # write those of all four

A test compares the file with the application, so that a change of the contract is in the diff:

    def test_the_committed_openapi_document_is_the_applications() -> None:
        assert openapi.current("alert-ingestion") == openapi.committed("alert-ingestion")

and the neighbour's test says that what it sends fits:

    openapi.check_request("incident-management", "POST", "/internal/v1/alert-events", payload)
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from litestar import Litestar

from shared.settings import ServiceSettings

SERVICES_FOLDER = Path(__file__).parents[2]
SERVICES = ("alert-ingestion", "incident-management", "oncall-service", "web-ui")


def path_of(service: str) -> Path:
    """Where the document is committed."""
    return SERVICES_FOLDER / service / "openapi.json"


def current(service: str) -> dict[str, Any]:
    """The document of the application as it is; nothing is opened or started for it."""
    package = service.replace("-", "_")
    settings = importlib.import_module(f"{package}.settings")
    [settings_class] = [
        value
        for value in vars(settings).values()
        if isinstance(value, type)
        and issubclass(value, ServiceSettings)
        and value.__module__ == settings.__name__
    ]
    values: dict[str, Any] = {
        name: "not used by a document"
        for name, field in settings_class.model_fields.items()
        if field.is_required()
    }
    app: Litestar = importlib.import_module(f"{package}.app").create_app(settings_class(**values))
    # Through JSON, so that it compares equal with the file.
    document: dict[str, Any] = json.loads(json.dumps(app.openapi_schema.to_schema()))
    # The release is not part of the contract: each new one would change every file.
    document["info"].pop("version", None)
    return document


def committed(service: str) -> dict[str, Any]:
    """The document as committed."""
    document: dict[str, Any] = json.loads(path_of(service).read_text(encoding="utf-8"))
    return document


def check_request(service: str, method: str, path: str, body: Any) -> None:
    """Fail unless ``service`` documents that it takes this JSON body.

    Raises:
        jsonschema.ValidationError: what does not fit, and where.
        KeyError: it documents no such route.
    """
    document = committed(service)
    operation = document["paths"][path][method.lower()]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    _check(document, schema, body)


def check_response(service: str, method: str, path: str, status: int, body: Any) -> None:
    """Fail unless ``service`` documents that it answers this JSON body; see check_request."""
    document = committed(service)
    response = document["paths"][path][method.lower()]["responses"][str(status)]
    _check(document, response["content"]["application/json"]["schema"], body)


def _check(document: dict[str, Any], schema: dict[str, Any], body: Any) -> None:
    # References are resolved within the document, so the schema goes to its top level.
    Draft202012Validator({**schema, "components": document["components"]}).validate(body)


def write(service: str) -> None:
    """Commit to what the application says now."""
    text = json.dumps(current(service), indent=2, sort_keys=True, ensure_ascii=False)
    path_of(service).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:] or SERVICES:
        write(name)
        print(f"wrote {path_of(name).relative_to(SERVICES_FOLDER.parent)}")
