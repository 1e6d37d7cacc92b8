"""Dead letters are seen, and replayed once: what could not be read then is read now."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from alert_ingestion.store.inbox import Wanted
from alert_ingestion.workflow import ingest as ingestion
from alert_ingestion.workflow import replay as replaying
from alert_ingestion.workflow.replay import replay_all
from shared.contracts.alerts import AlertKind
from shared.contracts.identity import Role

GENERIC = "/api/v1/webhooks/generic"
MAPPING = {"message": "what", "service": "where", "fingerprint": "id", "resolved": "over"}


async def call(service: Any, method: str, path: str, body: Any = None, role: Any = None) -> Any:
    token = service.tokens[role or Role.ADMIN]
    answer: httpx.Response = await service.client.request(
        method, path, json=body, headers={"Authorization": f"Bearer {token}"}
    )
    return answer


async def ask(service: Any, method: str, path: str, body: Any = None) -> Any:
    answer = await call(service, method, path, body)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


async def mend(service: Any, integration: Any, **changes: Any) -> None:
    await ask(service, "PATCH", f"/api/v1/integrations/{integration['id']}", changes)


def opened(service: Any) -> int:
    return sum(event.type == AlertKind.OPENED for event in service.owed())


async def dead(service: Any, count: int) -> Any:
    """An integration whose mapping is broken, and so many of its bodies."""
    mine = await service.create_integration("robot", mapping={"message": "sort(what)"})
    for number in range(count):
        body = {"what": f"fire {number}", "where": f"room {number}", "id": number}
        answer = await service.post(GENERIC, body, key=mine["key"])
        assert answer.json()["dead_letter"], answer.text
    return mine


async def test_a_dead_letter_is_seen_with_its_reason_and_its_body(service: Any) -> None:
    mine = await dead(service, 2)
    await service.send()
    page = await ask(service, "GET", "/api/v1/inbox?state=dead&limit=1")
    [newest] = page["items"]
    assert (newest["state"], newest["reason"]) == ("dead", "not_mapped")
    assert newest["integration"] == {"id": mine["id"], "name": "robot"}
    assert newest["detail"]
    following = await ask(service, "GET", f"/api/v1/inbox?cursor={page['next_cursor']}&state=dead")
    assert len(following["items"]) == 1
    shown = await ask(service, "GET", f"/api/v1/inbox/{newest['id']}")
    assert '"fire 1"' in shown["body"]
    assert (shown["encoding"], shown["is_cut"]) == ("text", False)
    every = await ask(service, "GET", "/api/v1/inbox")
    assert [one["state"] for one in every["items"]] == ["taken", "dead", "dead"]
    assert await service.metric('alerts_dead_letters_total{reason="not_mapped"}') == 2
    assert await service.metric("alerts_dead_letters_waiting") == 2


async def test_five_hundred_are_replayed_once_when_their_mapping_is_mended(service: Any) -> None:
    mine = await dead(service, 500)
    assert service.count("alerts") == 0
    still = await ask(service, "POST", "/api/v1/inbox/replay", {"integration": mine["id"]})
    assert (still["replayed"], still["dead"], len(still["faults"])) == (0, 500, 20)
    await mend(service, mine, mapping=MAPPING, storm_incidents=0)
    done = await ask(service, "POST", "/api/v1/inbox/replay", {"reason": "not_mapped"})
    assert (done["replayed"], done["alerts"], done["dead"], done["last"]) == (500, 500, 0, None)
    assert service.count("alerts") == 500
    assert opened(service) == 500
    again = await ask(service, "POST", "/api/v1/inbox/replay", {})
    assert (again["replayed"], again["alerts"]) == (0, 0)
    assert service.count("alerts") == 500
    assert service.database.query("SELECT max(count) FROM alerts") == [(1,)]


async def test_one_is_replayed_once_however_many_do_it(service: Any) -> None:
    mine = await dead(service, 1)
    await mend(service, mine, mapping=MAPPING)
    [letter] = (await ask(service, "GET", "/api/v1/inbox?state=dead"))["items"]
    path = f"/api/v1/inbox/{letter['id']}/replay"
    answers = await asyncio.gather(*(ask(service, "POST", path) for _ in range(5)))
    assert {one["state"] for one in answers} == {"replayed"}
    assert sorted(len(one["results"]) for one in answers) == [0, 0, 0, 0, 1]
    assert service.database.query("SELECT count, message FROM alerts") == [(1, "fire 0")]
    rows = service.database.query("SELECT action, subject_id FROM audit WHERE action LIKE 'inbox%'")
    assert rows == [("inbox.replayed", letter["id"])]


async def test_only_what_was_bad_of_a_request_is_read_again(service: Any) -> None:
    alerts = [{"labels": {"alertname": "Good"}}, {"labels": {}}]
    assert (await service.post("/api/v2/alerts", alerts)).status_code == 400
    [letter] = (await ask(service, "GET", "/api/v1/inbox?state=dead"))["items"]
    assert letter["failed"] == [1]
    again = await ask(service, "POST", f"/api/v1/inbox/{letter['id']}/replay")
    assert (again["state"], again["results"]) == ("dead", [])
    assert "label" in again["detail"]
    assert service.database.query("SELECT count FROM alerts") == [(1,)]


async def test_what_a_paused_integration_sent_waits_and_is_replayed(service: Any) -> None:
    mine = await service.create_integration("robot")
    await ask(service, "POST", f"/api/v1/integrations/{mine['id']}/pause")
    answer = await service.send(key=mine["key"])
    assert (answer.json()["action"], answer.json()["reason"]) == ("ignored", "integration_paused")
    waits = await ask(service, "POST", "/api/v1/inbox/replay", {"state": "paused"})
    assert (waits["replayed"], waits["paused"]) == (0, 1)
    await ask(service, "POST", f"/api/v1/integrations/{mine['id']}/resume")
    done = await ask(service, "POST", "/api/v1/inbox/replay", {"state": "paused"})
    assert (done["replayed"], done["alerts"]) == (1, 1)
    assert opened(service) == 1


async def test_a_replay_goes_on_where_it_ended(service: Any) -> None:
    mine = await dead(service, 3)
    await mend(service, mine, mapping=MAPPING)
    now = service.clock.now()
    letters = (await ask(service, "GET", "/api/v1/inbox?state=dead"))["items"]
    oldest = letters[-1]["id"]
    rest = await replay_all(service.pool, service.ingestion.defaults, Wanted(), now, after=oldest)
    assert rest.replayed == 2


async def test_filters_leave_out_what_is_not_meant(service: Any) -> None:
    await dead(service, 1)
    service.clock.advance(timedelta(hours=1))
    noon = service.clock.now().isoformat().replace("+00:00", "Z")
    for query in (f"since={noon}", "format=native", "reason=unreadable", "state=replayed"):
        page = await ask(service, "GET", f"/api/v1/inbox?{query}")
        assert page["items"] == [], query
    page = await ask(service, "GET", f"/api/v1/inbox?until={noon}")
    assert len(page["items"]) == 1


async def test_a_viewer_sees_no_bodies(service: Any) -> None:
    answer = await call(service, "GET", "/api/v1/inbox", role=Role.VIEWER)
    assert answer.status_code == 403


async def test_what_is_no_text_is_shown_all_the_same(service: Any) -> None:
    answer = await service.client.post(
        "/api/v1/alerts",
        content=b"\xff\xfe not JSON, and no text at all",
        headers={"Authorization": f"Bearer {service.key}", "Content-Type": "application/json"},
    )
    assert answer.status_code == 400
    [letter] = (await ask(service, "GET", "/api/v1/inbox?state=dead"))["items"]
    assert (await ask(service, "GET", f"/api/v1/inbox/{letter['id']}"))["encoding"] == "base64"


async def test_of_a_body_that_was_read_in_part_the_rest_alone_is_replayed(service: Any) -> None:
    mapping = {"items": "list", "message": "what", "fingerprint": "id", "resolved": "over"}
    mine = await service.create_integration("robot", mapping=mapping)
    body = {"list": [{"what": "a", "id": 1}, {"wat": "b", "id": 2}]}
    answer = (await service.post(GENERIC, body, key=mine["key"])).json()
    assert (answer["accepted"], len(answer["dead_letter"]["errors"])) == (1, 1)
    over = {"list": [{"what": "a", "id": 1, "over": True}]}
    await service.post(GENERIC, over, key=mine["key"])
    mended = {**mapping, "message": "what || wat"}
    await mend(service, mine, mapping=mended)
    done = await ask(service, "POST", "/api/v1/inbox/replay", {})
    assert (done["replayed"], done["alerts"]) == (1, 1)
    rows = service.database.query("SELECT message, status, count FROM alerts ORDER BY message")
    assert rows == [("a", "resolved", 1), ("b", "firing", 1)]


async def test_what_cannot_be_stored_keeps_nobody_behind_it_waiting(
    service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = await dead(service, 3)
    await mend(service, mine, mapping=MAPPING)
    real = replaying.receive

    async def failing(work: Any, batches: Any) -> Any:
        if any(one.message == "fire 0" for batch in batches for one in batch.said):
            raise ValueError("no room for it")
        return await real(work, batches)

    monkeypatch.setattr(replaying, "receive", failing)
    done = await ask(service, "POST", "/api/v1/inbox/replay", {})
    assert (done["replayed"], done["dead"]) == (2, 1)
    assert done["faults"][0]["reason"] == "not_stored"
    monkeypatch.setattr(replaying, "receive", real)
    assert (await ask(service, "POST", "/api/v1/inbox/replay", {}))["replayed"] == 1


async def test_what_comes_while_an_integration_is_paused_in_the_midst_of_it_waits(
    service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = await service.create_integration("robot")
    real, parts = ingestion.receive, 0

    async def pausing(work: Any, batches: Any) -> Any:
        nonlocal parts
        parts += 1
        if parts == 1:
            await ask(service, "POST", f"/api/v1/integrations/{mine['id']}/pause")
        return await real(work, batches)

    monkeypatch.setattr(ingestion, "receive", pausing)
    alerts = [{"labels": {"alertname": "Down", "instance": str(number)}} for number in range(700)]
    answer = await service.post("/api/v2/alerts", alerts, key=mine["key"])
    assert answer.status_code == 200, answer.text
    stored = service.count("alerts")
    assert 0 < stored < 700
    await ask(service, "POST", f"/api/v1/integrations/{mine['id']}/resume")
    done = await ask(service, "POST", "/api/v1/inbox/replay", {})
    assert (done["replayed"], done["alerts"]) == (1, 700 - stored)
    assert service.count("alerts") == 700
