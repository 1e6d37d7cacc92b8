"""Whatever is sent: a problem a person can act on, nothing stored, no 5xx of our own making."""

import asyncio
import base64
import json
from typing import Any

import pytest

from vigie_local.database import psql

PATHS = [
    "/api/v1/alerts",
    "/api/v2/alerts",
    "/api/v1/webhooks/alertmanager",
    "/api/v1/webhooks/grafana",
]
ALERT = {"service": "checkout", "severity": "critical", "message": "it burns"}


async def raw(service: Any, path: str, body: bytes, **headers: str) -> Any:
    return await service.client.post(
        path,
        content=body,
        headers={
            "Content-Type": "application/json",
            "Authorization": f"Bearer {service.key}",
            **headers,
        },
    )


def assert_problem(service: Any, answer: Any, status: int) -> Any:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert len(problem["detail"].split()) >= 3
    assert problem["request_id"]
    for table in ("alerts", "outbox", "groups", "incidents"):
        assert service.count(table) == 0, table
    # What an authentic sender said is kept, with the reason; of a stranger nothing is.
    kept = service.database.query("SELECT state, reason, detail FROM inbox ORDER BY id")
    assert all((state, reason) == ("dead", "unreadable") for state, reason, _ in kept)
    assert bool(kept) is (status in {400, 422})
    if kept:
        assert kept[-1][2] == problem["detail"]
    return problem


@pytest.mark.parametrize("path", PATHS)
async def test_what_cannot_be_read_is_malformed(service: Any, path: str) -> None:
    for body in (
        b"",
        b"{",
        b"nonsense",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'"\xff\xfe"',
        b'{"message": "\xc3\x28"}',
        b'{"message": "\\ud800"}',
        "{}".encode("utf-16"),
        b"null",
        b"7",
    ):
        assert_problem(service, await raw(service, path, body), 400)


async def test_the_native_api_refuses_a_body_of_two_megabytes(service: Any) -> None:
    body = json.dumps([{**ALERT, "message": "m" * 2_000_000}]).encode()
    problem = assert_problem(service, await raw(service, "/api/v1/alerts", body), 413)
    assert problem["title"] == "Body too large"


@pytest.mark.parametrize("path", [path for path in PATHS if path != "/api/v1/alerts"])
async def test_no_sender_is_taken_a_body_beyond_32_megabytes(service: Any, path: str) -> None:
    body = b" " * (32 * 1024 * 1024) + b"[]"
    problem = assert_problem(service, await raw(service, path, body), 413)
    assert problem["title"] == "Body too large"


@pytest.mark.parametrize("path", PATHS)
async def test_a_form_is_told_which_type_to_send(service: Any, path: str) -> None:
    answer = await raw(
        service, path, b"service=checkout", **{"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert "application/json" in assert_problem(service, answer, 415)["detail"]


@pytest.mark.parametrize("path", PATHS)
async def test_without_a_valid_key_nothing_gets_in(service: Any, path: str) -> None:
    body = json.dumps(ALERT).encode()
    for header in ("", "Bearer ", "Bearer wrong", "Basic !!!", "Basic d3Jvbmc=", "Token abc"):
        answer = await raw(service, path, body, Authorization=header)
        assert_problem(service, answer, 401)
        assert answer.headers["www-authenticate"].startswith("Bearer")
    answer = await raw(service, f"{path}?integration_key=wrong", body, Authorization="")
    assert_problem(service, answer, 401)


async def test_a_foreign_severity_in_the_native_format_names_the_allowed_ones(
    service: Any,
) -> None:
    problem = assert_problem(service, await service.send(severity="catastrophic"), 422)
    assert problem["allowed"] == ["critical", "high", "medium", "low"]
    assert problem["errors"][0]["field"] == "severity"


@pytest.mark.parametrize(
    "change",
    [
        {"service": 7},
        {"labels": {"a": ["b"]}},
        {"message": "nul\x00"},
        {"labels": {"a": "nul\x00"}},
        {"dedup_key": "nul\x00"},
        {"timestamp": "2026-03-02T09:00:00"},
        {"timestamp": "+99999-01-01T00:00:00Z"},
        {"timestamp": "1999-12-31T23:59:59Z"},
        {"timestamp": 1e300},
    ],
)
async def test_a_value_that_cannot_be_is_named(service: Any, change: dict[str, Any]) -> None:
    problem = assert_problem(service, await service.send(**change), 422)
    assert problem["errors"][0]["field"].split(".")[0] == next(iter(change))


async def test_of_an_array_with_one_bad_alert_nothing_is_stored(service: Any) -> None:
    answer = await service.post("/api/v1/alerts", [ALERT, {**ALERT, "severity": "x"}])
    assert_problem(service, answer, 422)


async def test_a_key_may_also_come_as_basic_auth_or_in_the_url_and_is_never_logged(
    service: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    basic = base64.b64encode(f"vigie:{service.key}".encode()).decode()
    body = json.dumps(ALERT).encode()
    answer = await raw(service, "/api/v1/alerts", body, Authorization=f"Basic {basic}")
    assert answer.status_code == 201
    url = f"/api/v1/alerts?integration_key={service.key}&source=cron"
    answer = await raw(service, url, body, Authorization="")
    assert answer.status_code == 201
    logged = "".join(capsys.readouterr())
    assert "source=cron" in logged
    assert service.key not in logged


async def test_with_the_database_gone_the_answer_is_503_and_it_recovers(service: Any) -> None:
    assert (await service.send()).status_code == 201
    name = service.database.name

    def administer(statement: str) -> None:
        psql(service.database.cluster.server, "postgres", "-c", statement)

    # Nobody may connect, and whoever is connected is thrown out.
    administer(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    administer(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "  # noqa: S608 - our own name
        f"WHERE datname = '{name}'"
    )
    answer = await service.send(message="two")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) >= 1
    page = (await service.client.get("/metrics")).text
    assert "database_up 0.0" in page
    assert (await service.client.get("/ready")).status_code == 503
    assert (await service.client.get("/health")).status_code == 200
    administer(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    async with asyncio.timeout(20):
        while (await service.send(message="two")).status_code == 503:  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    assert service.count("alerts") == 2
