"""Whatever is asked: never a 5xx, and every answer as the OpenAPI document says."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from litestar import Litestar

from oncall_service.app import create_app
from oncall_service.settings import OncallSettings
from shared.auth import hash_token
from vigie_testing import conformance, fuzzing, openapi
from vigie_testing.hosting import Hosted, hosting

ADMIN = secrets.token_hex(16)
ASKERS = {"incident-events": "incident-management", "check": "web-ui"}
TOKENS = {name: secrets.token_hex(16) for name in ASKERS.values()}


def bearer(token: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {token}"}


def headers_for(_method: str, path: str) -> Mapping[str, str]:
    service = ASKERS.get(path.rpartition("/")[2]) if path.startswith("/internal/") else None
    return bearer(TOKENS[service] if service else ADMIN)


@pytest.fixture
def app(make_database: Callable[[str], Any]) -> Litestar:
    settings = OncallSettings(
        **make_database("oncall-service").settings(),
        bootstrap_api_token=ADMIN,
        callers={name: hash_token(token) for name, token in TOKENS.items()},
    )
    return create_app(settings, background=False)


@pytest.fixture
def hosted(app: Litestar) -> Iterator[Hosted]:
    with hosting(app) as running:
        yield running


def test_no_path_header_or_query_is_answered_with_a_failure_of_ours(
    hosted: Hosted, app: Litestar
) -> None:
    answered = fuzzing.bombard(hosted, app, [bearer(ADMIN), *map(bearer, TOKENS.values())])
    assert {200, 400, 401, 404, 405} <= answered.keys()


def test_every_answer_is_as_the_document_says(hosted: Hosted) -> None:
    document = openapi.current("oncall-service")
    answered = conformance.examine(hosted, document, headers_for, examples=2)
    assert {200, 201, 204, 404, 422} <= answered.keys()
