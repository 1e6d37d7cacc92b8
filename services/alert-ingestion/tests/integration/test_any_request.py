"""Whatever is asked: never a 5xx, and every answer as the OpenAPI document says."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from litestar import Litestar

from alert_ingestion.app import create_app
from alert_ingestion.integrations import new_key
from alert_ingestion.settings import AlertIngestionSettings
from shared.auth import hash_token
from shared.contracts.identity import Principal, Role
from vigie_testing import conformance, fuzzing, openapi
from vigie_testing.hosting import Hosted, hosting

KEY, ADMIN, SERVICE = new_key(), secrets.token_hex(16), secrets.token_hex(16)


class Directory:
    async def find(self, token: str) -> Principal | None:
        known = Principal(kind="token", id="1", name="an admin", role=Role.ADMIN)
        return known if token == ADMIN else None


def bearer(token: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {token}"}


def headers_for(method: str, path: str) -> Mapping[str, str]:
    if path.startswith("/internal/"):
        return bearer(SERVICE)
    return bearer(ADMIN if "integrations" in path or method.upper() == "GET" else KEY)


@pytest.fixture
def app(make_database: Callable[[str], Any]) -> Litestar:
    settings = AlertIngestionSettings(
        **make_database("alert-ingestion").settings(),
        bootstrap_ingestion_key=KEY,
        callers={"incident-management": hash_token(SERVICE)},
    )
    return create_app(settings, tokens=Directory())


@pytest.fixture
def hosted(app: Litestar) -> Iterator[Hosted]:
    with hosting(app) as running:
        yield running


def test_no_path_header_or_query_is_answered_with_a_failure_of_ours(
    hosted: Hosted, app: Litestar
) -> None:
    answered = fuzzing.bombard(hosted, app, [bearer(KEY), bearer(ADMIN)])
    assert {200, 400, 401, 404, 405} <= answered.keys()


def test_every_answer_is_as_the_document_says(hosted: Hosted) -> None:
    document = openapi.current("alert-ingestion")
    answered = conformance.examine(hosted, document, headers_for, examples=2)
    assert {200, 201, 404, 422} <= answered.keys()
