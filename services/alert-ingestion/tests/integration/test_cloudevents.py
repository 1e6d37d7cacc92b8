"""The SDK of CloudEvents, unmodified, and what the HTTP binding documents."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from cloudevents.core.bindings.http import HTTPMessage, to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

from alert_ingestion.formats.cloudevents.modes import BATCHED, STRUCTURED

PATH = "/api/v1/cloudevents"
OF_ITSELF = "com.example.alert.firing: errors"
DATA = {
    "service": "checkout",
    "severity": "error",
    "message": "It burns",
    "labels": {"region": "eu"},
    "annotations": {"note": "hot"},
    "load": 7,
}


def event(data: Any = DATA, **attributes: Any) -> CloudEvent:
    """An event as the SDK makes it, changed by the arguments; None leaves an attribute out."""
    whole = {
        "id": "1",
        "source": "/monitoring",
        "type": "com.example.alert.firing",
        "subject": "errors",
        "time": datetime(2026, 3, 2, 8, 59, tzinfo=UTC),
        "datacontenttype": "application/json",
        **attributes,
    }
    return CloudEvent(
        attributes={name: value for name, value in whole.items() if value is not None}, data=data
    )


async def post(service: Any, message: HTTPMessage) -> httpx.Response:
    """Send what the SDK made."""
    headers = {**message.headers, "Authorization": f"Bearer {service.key}"}
    return await service.client.post(PATH, content=message.body, headers=headers)


async def post_raw(service: Any, body: Any, media_type: str, **headers: str) -> httpx.Response:
    """Send what the SDK would not."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await post(service, HTTPMessage({"content-type": media_type, **headers}, content))


def alert(service: Any) -> dict[str, Any]:
    """The one alert there is."""
    columns = "fingerprint, status, service, severity, message, labels, annotations, count"
    [row] = service.database.query(f"SELECT {columns} FROM alerts")  # noqa: S608 - constants
    return dict(zip(columns.split(", "), row, strict=True))


@pytest.mark.parametrize("made", [to_structured_event, to_binary_event])
async def test_an_event_is_an_alert_in_either_mode(service: Any, made: Any) -> None:
    answer = await post(service, made(event(team="web")))
    assert answer.status_code == 200, answer.text
    [result] = answer.json()["results"]
    assert result["action"] == "new_incident"
    assert alert(service) == {
        "fingerprint": "/monitoring errors",
        "status": "firing",
        "service": "checkout",
        "severity": "high",
        "message": "It burns",
        "labels": {
            "region": "eu",
            "load": "7",
            "team": "web",
            "service": "checkout",
            "source": "/monitoring",
            "type": "com.example.alert.firing",
            "subject": "errors",
        },
        "annotations": {"note": "hot"},
        "count": 1,
    }
    [(starts_at,)] = service.database.query("SELECT starts_at FROM alerts")
    assert starts_at == datetime(2026, 3, 2, 8, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("over", "data"),
    [
        ({"type": "com.example.alert.resolved"}, DATA),
        ({"type": "com.example.alert.firing", "status": "OK"}, DATA),
        ({}, {**DATA, "state": "recovered"}),
    ],
)
@pytest.mark.parametrize("subject", ["errors", None])
async def test_it_is_over_when_status_or_the_end_of_the_type_says_so(
    service: Any, over: dict[str, Any], data: Any, subject: str | None
) -> None:
    await post(service, to_structured_event(event(subject=subject)))
    later = datetime(2026, 3, 2, 9, 5, tzinfo=UTC)
    answer = await post(
        service,
        to_binary_event(event(data, **{"id": "2", "subject": subject, "time": later, **over})),
    )
    assert answer.json()["results"][0]["action"] == "resolved"
    assert alert(service)["status"] == "resolved"


async def test_the_same_event_twice_is_a_repeat(service: Any) -> None:
    first, again = [await post(service, to_structured_event(event())) for _ in range(2)]
    assert first.json()["results"][0]["alert_id"] == again.json()["results"][0]["alert_id"]
    assert again.json()["results"][0]["action"] == "duplicate_suppressed"
    assert len(service.owed()) == 1


async def test_the_same_event_after_a_persons_resolve_stays_suppressed(service: Any) -> None:
    sent = (await post(service, to_structured_event(event()))).json()["results"][0]
    await service.tell(service.incident_event(sent["incident_id"]))
    again = (await post(service, to_structured_event(event()))).json()["results"][0]
    assert again["reason"] == "resolved_by_hand"


async def test_the_extensions_dedupkey_and_fingerprint_are_the_identity(service: Any) -> None:
    await post(service, to_structured_event(event(dedupkey="k")))
    assert alert(service)["fingerprint"] == "k"


async def test_a_batch_is_an_alert_an_event_and_a_bad_one_costs_no_other(service: Any) -> None:
    events = [
        json.loads(to_structured_event(event(subject=subject)).body) for subject in ("a", "b")
    ]
    answer = await post_raw(service, events, BATCHED)
    assert [one["action"] for one in answer.json()["results"]] == [
        "new_incident",
        "attached_to_existing_incident",
    ]
    del events[0]["source"]
    answer = await post_raw(service, events, BATCHED)
    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"field": "0.source", "message": "Field required"}]
    assert answer.json()["stored"] == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": ""}, "id"),
        ({"source": None}, "source"),
        ({"type": ""}, "type"),
        ({"specversion": "0.3"}, "specversion"),
        ({"subject": 7}, "subject"),
    ],
)
async def test_an_event_without_what_it_needs_is_refused_by_field(
    service: Any, change: dict[str, Any], field: str
) -> None:
    body = json.loads(to_structured_event(event()).body) | change
    answer = await post_raw(service, body, STRUCTURED)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert service.database.query("SELECT state, reason FROM inbox") == [("dead", "unreadable")]


@pytest.mark.parametrize("media_type", ["application/json", "text/plain", "application/xml", ""])
async def test_what_does_not_say_that_it_is_an_event_is_415(service: Any, media_type: str) -> None:
    answer = await post_raw(service, {"title": "x"}, media_type)
    assert answer.status_code == 415
    assert STRUCTURED in answer.json()["detail"]
    assert service.count("inbox") == 0


async def test_headers_are_decoded_and_kept_so_that_a_replay_reads_the_same(service: Any) -> None:
    # The SDK writes this as percent signs; others write it in quotes.
    message = to_binary_event(event(subject='Fehler "ü" 5 %'))
    assert "%C3%BC" in message.headers["ce-subject"]
    await post(service, HTTPMessage({**message.headers, "ce-team": '"a \\"b\\""'}, message.body))
    assert alert(service)["fingerprint"] == '/monitoring Fehler "ü" 5 %'
    assert alert(service)["labels"]["team"] == 'a "b"'
    [(beside,)] = service.database.query("SELECT beside FROM inbox")
    assert beside["headers"]["ce-source"] == "/monitoring"
    assert beside["headers"]["content-type"] == "application/json"
    assert "authorization" not in beside["headers"]


@pytest.mark.parametrize(
    ("data", "content_type", "said"),
    [
        ("It burns", "text/plain", ("It burns", "It burns")),
        (b"\xff\x00", "application/octet-stream", (OF_ITSELF, "/wA=")),
        ([1, 2], "application/json", (OF_ITSELF, "[1,2]")),
    ],
)
@pytest.mark.parametrize("made", [to_structured_event, to_binary_event])
async def test_data_that_are_no_object_are_kept(
    service: Any, made: Any, data: Any, content_type: str, said: tuple[str, str]
) -> None:
    answer = await post(service, made(event(data, datacontenttype=content_type)))
    assert answer.status_code == 200, answer.text
    found = alert(service)
    assert (found["message"], found["annotations"]["data"]) == said
    assert alert(service)["service"] == "/monitoring"


async def test_json_in_base64_is_read(service: Any) -> None:
    body = json.loads(to_structured_event(event(None)).body)
    body["data_base64"] = "eyJtZXNzYWdlIjogIml0IGJ1cm5zIn0="
    await post_raw(service, body, STRUCTURED)
    assert alert(service)["message"] == "it burns"
    answer = await post_raw(service, body | {"data_base64": "?"}, STRUCTURED)
    assert answer.status_code == 400
    assert "data_base64" in answer.json()["errors"][0]["message"]


async def test_an_event_sent_to_another_address_is_told_the_right_one(service: Any) -> None:
    body = json.loads(to_structured_event(event()).body)
    answer = await service.post("/api/v1/alerts", body)
    assert answer.json()["right_address"] == PATH
