"""What happens when a neighbour, the database or a caller misbehaves."""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from shared.contracts.identity import Role

INCIDENTS = "/api/v1/incidents"
GOOD = {"title": "x", "service": "shop", "severity": "high"}


async def test_with_oncall_service_down_pages_wait_and_are_sent_in_order(service: Any) -> None:
    service.neighbours.down = True
    incident = await service.opened()
    await service.patch(incident["id"], status="acknowledged")
    await service.deliver()
    figures = await service.metrics()
    assert figures['outbox_depth{topic="oncall"}'] == 2
    service.neighbours.down = False
    service.clock.advance(minutes=5)
    await service.deliver()
    assert [event["type"] for event in service.neighbours.told_oncall()] == [
        "incident.opened",
        "incident.acknowledged",
    ]


async def test_a_known_person_can_acknowledge_while_tokens_cannot_be_checked(
    service: Any,
) -> None:
    incident = await service.opened()
    headers = service.person()
    url = f"{INCIDENTS}/{incident['id']}"
    assert (await service.client.get(url, headers=headers)).status_code == 200
    service.tokens.down = True
    service.clock.advance(minutes=10)
    response = await service.client.patch(url, json={"status": "acknowledged"}, headers=headers)
    assert (response.status_code, response.json()["status"]) == (200, "acknowledged")
    stranger = await service.client.get(url, headers=service.as_("never seen"))
    assert stranger.status_code == 503


async def test_without_the_database_everything_that_needs_it_is_503(
    start_service: Callable[..., Any], make_database: Callable[[str], Any]
) -> None:
    database = make_database("incident-management")
    service = start_service(database)
    async with service.client:
        event = service.event("alert.opened")
        _shut(database)
        try:
            *answers, ready, health, figures = await asyncio.gather(
                service.client.get(INCIDENTS, headers=service.person()),
                service.client.post(INCIDENTS, json=GOOD, headers=service.person()),
                service.client.get("/api/v1/stats", headers=service.person()),
                service.client.get("/api/v1/events", headers=service.person()),
                service.client.post(
                    "/internal/v1/alert-events",
                    json={"events": [event]},
                    headers=service.service("alert-ingestion"),
                ),
                service.client.get("/ready"),
                service.client.get("/health"),
                service.metrics(),
            )
            for answer in answers:
                assert answer.status_code == 503, answer.text
                assert answer.headers["retry-after"]
                assert answer.headers["content-type"] == "application/problem+json"
            assert (ready.status_code, health.status_code) == (503, 200)
            assert figures["database_up"] == 0
        finally:
            _open(database)
        (result,) = await service.alert_events(event)
        assert result["outcome"] == "applied"


def _administer(database: Any, statement: str, *parameters: str) -> None:
    import psycopg

    from vigie_local.embedded_postgres import SUPERUSER

    with psycopg.connect(
        host=database.host,
        port=database.port,
        dbname="postgres",
        user=SUPERUSER,
        password=database.cluster.password("postgres_password"),
        autocommit=True,
    ) as connection:
        connection.execute(statement.encode(), parameters or None)


def _shut(database: Any) -> None:
    _administer(database, f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS false")
    _administer(
        database,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
        database.name,
    )


def _open(database: Any) -> None:
    _administer(database, f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS true")


async def test_two_replicas_told_of_the_same_alerts_make_one_incident(
    start_service: Callable[..., Any], make_database: Callable[[str], Any]
) -> None:
    database = make_database("incident-management")
    one, two = start_service(database), start_service(database)
    async with one.client, two.client:
        incident, root = uuid4(), await one.opened()
        await one.patch(root["id"], status="resolved")
        events = [one.event("alert.opened", incident=incident) for _ in range(4)]
        again = [
            one.event("alert.opened", incident=uuid4(), recurrence_of=root["id"]) for _ in range(4)
        ]

        async def tell(service: Any, event: Any) -> Any:
            for _ in range(20):
                response = await service.client.post(
                    "/internal/v1/alert-events",
                    json={"events": [event]},
                    headers=service.service("alert-ingestion"),
                )
                if response.status_code == 200:
                    return response.json()["results"][0]
                # Both made it at once: the loser is told to come again, and nothing is half done.
                assert response.status_code == 503, response.text
            raise AssertionError("never applied")

        answers = await asyncio.gather(
            *(tell(service, event) for event in (*events, *again) for service in (one, two))
        )
        shown = await one.get(incident)
        assert (shown["alert_count"], shown["number"]) in {(4, 2), (4, 3)}
        recurrences = {answer["incident_id"] for answer in answers} - {str(incident)}
        assert len(recurrences) == 1, "one recurrence is open at a time"
        assert (await two.get(recurrences.pop()))["alert_count"] == 4
        figures = await two.metrics()
        assert figures['incidents_total{status="open"}'] == 3


BAD_BODIES: list[tuple[bytes, int, str]] = [
    (b"{", 400, "not valid JSON"),
    (b"\xff\xfe", 400, "not valid JSON"),
    (b'{"title": "\xff", "service": "s", "severity": "low"}', 400, "not valid JSON"),
    (b"[" * 50_000, 400, "not valid JSON"),
    (b'{"title": "\\ud800", "service": "s", "severity": "low"}', 400, "not valid JSON"),
    (json.dumps(GOOD | {"severity": "sev1"}).encode(), 422, "severity"),
    (json.dumps(GOOD | {"title": "a\x00b"}).encode(), 422, "title"),
    (json.dumps(GOOD | {"title": "  "}).encode(), 422, "title"),
    (json.dumps(GOOD | {"title": ["x"]}).encode(), 422, "title"),
    (json.dumps(GOOD | {"titel": "x"}).encode(), 422, "titel"),
    (json.dumps({}).encode(), 422, "title"),
    (json.dumps(GOOD | {"message": "x" * 10_001}).encode(), 422, "message"),
    (json.dumps(GOOD | {"message": "x" * 2_000_000}).encode(), 413, "larger"),
    (b"null", 422, ""),
    (b"[]", 422, ""),
]


async def test_a_bad_body_is_explained_and_stores_nothing(service: Any) -> None:
    for body, status, says in BAD_BODIES:
        response = await service.client.post(
            INCIDENTS,
            content=body,
            headers=service.person() | {"Content-Type": "application/json"},
        )
        assert response.status_code == status, (body[:80], response.text)
        assert response.headers["content-type"] == "application/problem+json"
        problem = response.json()
        assert problem["status"] == response.status_code
        assert problem["request_id"]
        assert says in json.dumps(problem), body[:80]
        assert "Traceback" not in response.text
    listed = await service.client.get(INCIDENTS, headers=service.person())
    assert listed.json()["items"] == []


async def test_a_form_is_answered_with_the_type_to_use(service: Any) -> None:
    response = await service.client.post(INCIDENTS, data=GOOD, headers=service.person())
    assert response.status_code == 415
    assert "application/json" in response.json()["detail"]


BAD_PATCHES: list[dict[str, Any]] = [
    {},
    {"status": None},
    {"title": None},
    {"severity": None},
    {"note": None},
    {"status": "closed"},
    {"assignee_id": "alice"},
    {"note": ""},
    {"number": 7},
]


async def test_a_patch_that_makes_no_sense_is_explained(service: Any) -> None:
    incident = await service.opened()
    for fields in BAD_PATCHES:
        problem = await service.patch(incident["id"], expect=422, **fields)
        assert problem["errors"], fields
    assert await service.get(incident["id"]) == incident


BAD_EVENTS: list[dict[str, Any]] = [
    {"occurred_at": "2026-03-02T09:00:00"},
    {"occurred_at": "0001-01-01T00:00:00Z"},
    {"incident_id": "nonsense"},
    {"alert": None},
]


async def test_an_event_that_cannot_be_read_stores_nothing_of_its_batch(service: Any) -> None:
    for change in BAD_EVENTS:
        good = service.event("alert.opened")
        response = await service.client.post(
            "/internal/v1/alert-events",
            json={"events": [good, service.event("alert.opened") | change]},
            headers=service.service("alert-ingestion"),
        )
        assert response.status_code == 422, response.text
    listed = await service.client.get(INCIDENTS, headers=service.person())
    assert listed.json()["items"] == []


async def test_every_route_wants_a_token_and_the_right_role(service: Any) -> None:
    open_to_all = {"/health", "/ready", "/metrics"}
    tried = set()
    for route in service.app.routes:
        if route.path in open_to_all or route.path.startswith("/schema"):
            continue
        for method in sorted(set(route.methods) - {"OPTIONS", "HEAD"}):
            tried.add((method, route.path))
            await _guarded(service, method, route.path.replace("{incident:str}", "1"))
    assert len(tried) == 21


async def _guarded(service: Any, method: str, path: str) -> None:
    async def status(headers: dict[str, str] | None) -> int:
        response = await service.client.request(method, path, headers=headers)
        return int(response.status_code)

    assert await status(None) == 401, path
    assert await status(service.as_("wrong")) == 401, path
    if method != "GET":
        assert await status(service.person(role=Role.VIEWER)) == 403, path
    if path.startswith("/internal/v1/") and path != "/internal/v1/import":
        assert await status(service.person(role=Role.ADMIN)) == 403, path
        others = "oncall-service" if path.startswith("/internal/v1/links/") else "web-ui"
        assert await status(service.service(others)) == 403, path
