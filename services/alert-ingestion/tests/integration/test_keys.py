"""Where a request may carry its key, and what is no key."""

import base64
from typing import Any

import pytest

ALERT = {"service": "checkout", "severity": "critical", "message": "it burns"}


def _basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


async def test_the_password_of_basic_auth_is_the_key(service: Any) -> None:
    headers = {"Authorization": _basic(f"anybody:{service.key}")}
    answer = await service.client.post("/api/v1/alerts", json=ALERT, headers=headers)
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    "given",
    [b"Basic", b"Basic !", b"Basic \xe9", b"Basic /w==", _basic("anybody").encode(), b"Bearer "],
)
async def test_what_is_no_key_is_refused_with_401(service: Any, given: bytes) -> None:
    headers = {"Authorization": given}
    answer = await service.client.post("/api/v1/alerts", json=ALERT, headers=headers)
    assert answer.status_code == 401, answer.text
    assert service.count("inbox") == 0


async def read_by(service: Any, path: str, key: str | None) -> tuple[int, int]:
    """The status of an answer, and how often the service asked for a part of the body."""
    asked, sent = 0, []

    async def receive() -> Any:
        nonlocal asked
        asked += 1
        return {"type": "http.request", "body": b"[", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-length", b"1")]
    if key is not None:
        headers.append((b"authorization", f"Bearer {key}".encode()))
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers,
        "http_version": "1.1",
        "scheme": "http",
        "root_path": "",
        "client": None,
        "server": None,
        "state": {},
    }
    await service.app(scope, receive, send)
    return sent[0]["status"], asked


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/alerts",
        "/api/v2/alerts",
        "/api/v1/webhooks/alertmanager",
        "/api/v1/webhooks/grafana",
    ],
)
async def test_nothing_of_a_body_is_read_before_its_key_is_good(service: Any, path: str) -> None:
    assert await read_by(service, path, None) == (401, 0)
    assert await read_by(service, path, "made-up") == (401, 0)
    assert await read_by(service, path, service.key) == (400, 1)


async def test_a_key_that_was_good_a_moment_ago_stores_nothing_once_it_is_revoked(
    service: Any,
) -> None:
    made = await service.create_integration("checkout")
    assert (await service.send(key=made["key"])).status_code == 201
    admin = service.tokens["admin"]
    revoked = await service.post(f"/api/v1/integrations/{made['id']}/revoke", {}, key=admin)
    assert revoked.status_code == 200, revoked.text
    before = service.count("inbox")
    assert (await service.send(key=made["key"], message="two")).status_code == 401
    assert service.count("inbox") == before
    service.clock.advance(minutes=2)
    assert await read_by(service, "/api/v1/alerts", made["key"]) == (401, 0)
