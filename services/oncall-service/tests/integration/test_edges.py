"""Requests that cannot be read, a database that is down, and the service running by itself."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx

from oncall_service.app import create_app
from oncall_service.settings import OncallSettings
from shared.auth import hash_token
from vigie_testing import databases

TEAMS = "/api/v1/teams"
JSON = {"Content-Type": "application/json"}


UNREADABLE: list[tuple[bytes, dict[str, str], int]] = [
    (b'{"name": ', JSON, 400),
    (b"\xff\xfe", JSON, 400),
    (b"[" * 50_000, JSON, 400),
    (b'{"name": "\\ud800"}', JSON, 400),
    (b"[]", JSON, 422),
    (b'{"name": 7}', JSON, 422),
    (b'{"name": "\\u0000"}', JSON, 422),
    (b"name=x", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
    (b'{"name": "' + b"x" * 2_000_000 + b'"}', JSON, 413),
]


async def test_what_cannot_be_read_is_a_problem_with_a_sentence_and_stores_nothing(
    oncall: Any,
) -> None:
    for content, headers, status in UNREADABLE:
        answer = await oncall.call("POST", TEAMS, content=content, headers=headers)
        assert answer.status_code == status, (content[:20], answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"]
    assert len((await oncall.ok("GET", TEAMS))["items"]) == 1


async def test_while_the_database_is_down_the_answer_is_503_and_metrics_say_so(
    oncall: Any,
) -> None:
    databases.drop(oncall.database)
    assert (await oncall.call("GET", TEAMS)).status_code == 503
    ready = await oncall.client.get("/ready")
    assert ready.status_code == 503
    assert ready.json()["checks"]["database"] != "ok"
    assert (await oncall.client.get("/health")).status_code == 200
    assert "database_up 0.0" in (await oncall.client.get("/metrics")).text
    assert not await oncall.app.state.engines["escalation"].cycle()


async def test_a_page_goes_out_by_itself_within_a_second(
    make_database: Callable[[str], Any], phones: Any, clock: Any, incident_event: Any, serve: Any
) -> None:
    told = asyncio.Event()

    def neighbour(request: httpx.Request) -> httpx.Response:
        if b"notification.sent" in request.content:
            told.set()
        taken = json.loads(request.content)["events"]
        results = [{"event_id": event["event_id"], "outcome": "applied"} for event in taken]
        return httpx.Response(200, json={"results": results})

    token = "made up for this test"
    app = create_app(
        OncallSettings(
            **make_database("oncall-service").settings(),
            callers={"incident-management": hash_token(token)},
        ),
        clock=clock,
        channels={"log": phones},
        transport=httpx.MockTransport(neighbour),
    )
    async with serve(app) as client:
        answer = await client.post(
            "/internal/v1/incident-events",
            json={"events": [incident_event()]},
            headers={"Authorization": f"Bearer {token}"},
        )
        assert answer.status_code == 200
        async with asyncio.timeout(30):
            await told.wait()
    assert phones.take() == ["Administrator"]
