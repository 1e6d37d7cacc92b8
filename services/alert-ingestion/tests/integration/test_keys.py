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
