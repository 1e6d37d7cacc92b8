"""What goes out to a neighbour, and what each of its answers becomes."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from web_ui_fakes import World, at

from shared.contracts.incidents import Status
from shared.errors import Conflict, Forbidden, Invalid, NotFound, Problem, TooMany
from shared.http import ServiceClient
from vigie_testing.clock import ManualClock
from web_ui.clients import Browser, Down, Search, SignedOut
from web_ui.http_clients import HttpFeed, HttpIncidents, HttpOnCall
from web_ui.sse import Message

NOW = at("2026-03-02T09:00:00")
PERSON = {"id": str(uuid4()), "name": "Ada Okafor"}
Answer = httpx.Response | Callable[[httpx.Request], httpx.Response]


class Neighbour:
    """Answers what it is told to, and remembers what it was asked."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.asked: list[httpx.Request] = []

    def client(self) -> ServiceClient:
        return ServiceClient(
            "http://neighbour.test",
            name="incident-management",
            token="of-web-ui",
            transport=httpx.MockTransport(self._answer),
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return answer(request) if callable(answer) else answer


def incident() -> dict[str, Any]:
    return World(ManualClock()).incidents.open().model_dump(mode="json")


async def test_a_search_acts_as_the_person_and_carries_every_filter() -> None:
    neighbour = Neighbour(httpx.Response(200, json={"items": [incident()], "next_cursor": "c2"}))
    search = Search(statuses=[Status.OPEN, Status.ACKNOWLEDGED], text="disk", worst_first=True)
    page = await HttpIncidents(neighbour.client()).search("of-ada", search)
    (request,) = neighbour.asked
    assert request.headers["authorization"] == "Bearer of-ada"
    assert request.url.path == "/api/v1/incidents"
    assert request.url.params.multi_items() == [
        ("limit", "50"),
        ("status", "open"),
        ("status", "acknowledged"),
        ("q", "disk"),
        ("sort", "severity"),
    ]
    assert page.next_cursor == "c2"
    assert page.items[0].title == "Checkout answers 500"


async def test_a_new_field_of_a_newer_neighbour_is_no_trouble() -> None:
    neighbour = Neighbour(httpx.Response(200, json=incident() | {"mood": "calm"}))
    assert (await HttpIncidents(neighbour.client()).get("t", 42)).number == 1
    assert neighbour.asked[0].url.path == "/api/v1/incidents/42"


async def test_changes_and_notes_are_sent_as_the_contract_says() -> None:
    identity = uuid4()
    neighbour = Neighbour(httpx.Response(200, json=incident()), httpx.Response(201, json={}))
    incidents = HttpIncidents(neighbour.client())
    await incidents.change_status("t", identity, Status.IN_PROGRESS)
    await incidents.add_note("t", identity, "Found it")
    change, note = neighbour.asked
    assert (change.method, change.url.path) == ("PATCH", f"/api/v1/incidents/{identity}")
    assert json.loads(change.content) == {"status": "in_progress"}
    assert (note.method, note.url.path) == ("POST", f"/api/v1/incidents/{identity}/notes")
    assert json.loads(note.content) == {"text": "Found it"}


async def test_a_long_timeline_is_read_page_by_page_and_not_for_ever() -> None:
    entry = {
        "id": 1,
        "incident_id": str(uuid4()),
        "at": NOW.isoformat(),
        "recorded_at": NOW.isoformat(),
        "kind": "note",
        "text": "x",
    }
    endless = Neighbour(httpx.Response(200, json={"items": [entry] * 200, "next_cursor": "more"}))
    entries = await HttpIncidents(endless.client()).timeline("t", uuid4())
    assert len(entries) == 1000
    assert [r.url.params.get("cursor") for r in endless.asked] == [None] + ["more"] * 4

    short = Neighbour(httpx.Response(200, json={"items": [entry], "next_cursor": None}))
    assert len(await HttpIncidents(short.client()).timeline("t", uuid4())) == 1
    assert len(short.asked) == 1


async def test_alerts_and_statistics_are_read() -> None:
    empty = Neighbour(httpx.Response(200, json={"items": []}))
    assert await HttpIncidents(empty.client()).alerts("t", uuid4()) == []
    tally = {"created": 1, "mtta": {"count": 1, "mean_seconds": 60.5}, "mttr": {"count": 0}}
    neighbour = Neighbour(
        httpx.Response(
            200,
            json={
                "since": (NOW - timedelta(days=7)).isoformat(),
                "until": NOW.isoformat(),
                "open": {"total": 2, "by_severity": {"critical": 2}, "by_status": {"open": 2}},
                "total": tally,
                "by_severity": [],
                "by_service": [],
                "by_day": [],
            },
        )
    )
    stats = await HttpIncidents(neighbour.client()).stats("t")
    assert (stats.open.total, stats.total.mtta.mean_seconds) == (2, 60.5)


@pytest.mark.parametrize(
    ("status", "document", "failure"),
    [
        (401, {"detail": "unknown"}, SignedOut),
        (403, {"detail": "no"}, Forbidden),
        (404, {"detail": "none"}, NotFound),
        (409, {"detail": "is resolved", "allowed": []}, Conflict),
        (422, {"detail": "bad", "errors": [{"field": "f", "message": "m"}, 3]}, Invalid),
        (400, {"detail": "bad"}, Invalid),
        (429, {"detail": "slow"}, TooMany),
        (500, {"detail": "inner secret"}, Down),
        (418, [], Down),
    ],
)
async def test_every_refusal_has_a_name(status: int, document: Any, failure: type[Problem]) -> None:
    neighbour = Neighbour(httpx.Response(status, json=document))
    with pytest.raises(failure) as caught:
        await HttpIncidents(neighbour.client()).change_status("t", uuid4(), Status.RESOLVED)
    assert "inner secret" not in caught.value.detail


async def test_a_conflict_says_what_is_allowed_and_a_throttle_how_long_to_wait() -> None:
    conflict = Neighbour(httpx.Response(409, json={"detail": "x", "allowed": ["resolved", 7]}))
    with pytest.raises(Conflict) as caught:
        await HttpIncidents(conflict.client()).change_status("t", uuid4(), Status.OPEN)
    assert caught.value.extra["allowed"] == ["resolved", "7"]
    for header, seconds in (("42", "42"), ("soon", "30")):
        slow = Neighbour(httpx.Response(429, json={}, headers={"Retry-After": header}))
        with pytest.raises(TooMany) as wait:
            await HttpOnCall(slow.client()).sign_in(
                "ada", "x", Browser("192.0.2.1", "d" * 43, "Firefox")
            )
        assert wait.value.headers["Retry-After"] == seconds


@pytest.mark.parametrize("content", [b"<html>", b"[]", b'{"id": 1}', b"\xff"])
async def test_nonsense_counts_as_down(content: bytes) -> None:
    neighbour = Neighbour(httpx.Response(200, content=content))
    with pytest.raises(Down) as caught:
        await HttpIncidents(neighbour.client()).get("t", uuid4())
    assert caught.value.service == "incident-management"


async def test_a_refused_connection_and_a_plain_error_page_count_as_down() -> None:
    def refused(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(Down, match="does not answer"):
        await HttpIncidents(Neighbour(refused).client()).get("t", uuid4())
    gateway = Neighbour(httpx.Response(502, text="Bad gateway"))
    with pytest.raises(Down, match="answered 502"):
        await HttpIncidents(gateway.client()).get("t", uuid4())


async def test_signing_in_proves_to_be_web_ui_and_says_where_the_person_is() -> None:
    neighbour = Neighbour(
        httpx.Response(
            201,
            json={
                "token": "of-ada",
                "person": PERSON,
                "role": "responder",
                "expires_at": NOW.isoformat(),
            },
        ),
        httpx.Response(204),
    )
    oncall = HttpOnCall(neighbour.client())
    session = await oncall.sign_in("ada", "secret", Browser("192.0.2.1", "d" * 43, "Firefox"))
    assert session.token == "of-ada"
    await oncall.sign_out("of-ada")
    signing_in, signing_out = neighbour.asked
    assert signing_in.headers["authorization"] == "Bearer of-web-ui"
    assert signing_in.headers["x-forwarded-for"] == "192.0.2.1"
    sent = {"user": "ada", "password": "secret", "device": "d" * 43, "agent": "Firefox"}
    assert json.loads(signing_in.content) == sent
    assert (signing_out.method, signing_out.url.path) == ("DELETE", "/api/v1/sessions/current")
    assert signing_out.headers["authorization"] == "Bearer of-ada"


async def test_the_last_look_ahead_is_read() -> None:
    seen = {"at": NOW.isoformat(), "until": NOW.isoformat(), "ok": True, "broken": 0, "weak": 0}
    neighbour = Neighbour(httpx.Response(200, json={**seen, "holes": []}))
    assert (await HttpOnCall(neighbour.client()).coverage("t")).ok
    assert neighbour.asked[0].url.path == "/api/v1/coverage/last"


async def test_duties_calendars_and_notifications_are_read() -> None:
    team = {"id": str(uuid4()), "name": "Payments"}
    duty = {"team": team, "primary": PERSON, "secondary": None, "until": None, "gap": False}
    shift = {"start": NOW.isoformat(), "end": NOW.isoformat(), "primary": PERSON, "gap": False}
    calendar = {"team": team, "schedule": None, "time_zone": "UTC", "items": [shift]}
    message = {
        "id": str(uuid4()),
        "kind": "page",
        "channel": "log",
        "outcome": "sent",
        "created_at": NOW.isoformat(),
    }
    neighbour = Neighbour(
        httpx.Response(200, json={"items": [duty], "next_cursor": None}),
        httpx.Response(200, json={"items": [calendar], "next_cursor": "next"}),
        httpx.Response(200, json={"items": [calendar], "next_cursor": None}),
        httpx.Response(200, json={"items": [message], "next_cursor": "c"}),
        httpx.Response(202, json={}),
    )
    oncall = HttpOnCall(neighbour.client())
    incident_id = uuid4()
    assert (await oncall.duties("t"))[0].primary is not None
    assert [found.items[0].start for found in await oncall.calendars("t", NOW)] == [NOW, NOW]
    page = await oncall.notifications("t", "c1", incident_id)
    assert (page.items[0].outcome, page.next_cursor) == ("sent", "c")
    await oncall.escalate("t", incident_id, "help")
    asked = [(r.method, r.url.path, dict(r.url.params)) for r in neighbour.asked]
    assert asked == [
        ("GET", "/api/v1/oncall/current", {"limit": "200"}),
        ("GET", "/api/v1/oncall/calendar", {"until": NOW.isoformat(), "limit": "200"}),
        (
            "GET",
            "/api/v1/oncall/calendar",
            {"until": NOW.isoformat(), "limit": "200", "cursor": "next"},
        ),
        (
            "GET",
            "/api/v1/notifications",
            {"limit": "50", "cursor": "c1", "incident_id": str(incident_id)},
        ),
        ("POST", "/api/v1/escalate", {}),
    ]
    assert json.loads(neighbour.asked[-1].content) == {
        "incident_id": str(incident_id),
        "reason": "help",
    }


async def test_the_feed_is_followed_with_our_own_token_from_where_it_broke_off() -> None:
    stream = b"id: 8\nevent: incident\ndata: {}\n\n: still here\n\n"
    neighbour = Neighbour(httpx.Response(200, content=stream))
    feed = HttpFeed(neighbour.client())
    messages = [message async for message in feed.follow("7")]
    assert messages == [Message(), Message("incident", "{}", "8"), Message()]
    (request,) = neighbour.asked
    assert request.headers["last-event-id"] == "7"
    assert request.headers["authorization"] == "Bearer of-web-ui"


async def test_a_feed_that_is_refused_or_breaks_is_down() -> None:
    refused = HttpFeed(Neighbour(httpx.Response(401)).client())
    with pytest.raises(Down, match="answered 401"):
        await anext(refused.follow(None))

    def broken(_: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("reset")

    with pytest.raises(Down, match="broke"):
        await anext(HttpFeed(Neighbour(broken).client()).follow(None))
