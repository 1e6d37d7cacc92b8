"""Alertmanager's own API for silences and alerts, as amtool and karma speak it."""

import shutil
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from alert_ingestion.app import create_app
from alert_ingestion.integrations import new_key
from alert_ingestion.settings import AlertIngestionSettings
from shared.contracts.identity import Role
from vigie_testing.databases import Database
from vigie_testing.listening import listening

SILENCES = "/api/v2/silences"


def postable(service: Any, **more: Any) -> dict[str, Any]:
    now: datetime = service.clock.now()
    return {
        "matchers": [{"name": "service", "value": "checkout", "isRegex": False, "isEqual": True}],
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(hours=1)).isoformat(),
        "createdBy": "ada",
        "comment": "we know",
        **more,
    }


async def ask(service: Any, method: str, path: str, body: Any = None, key: str = "") -> Any:
    return await service.client.request(
        method,
        path,
        json=body,
        headers={"Authorization": f"Bearer {key or service.tokens[Role.RESPONDER]}"},
    )


async def post(service: Any, **more: Any) -> Any:
    answer = await ask(service, "POST", SILENCES, postable(service, **more))
    assert answer.status_code == 200, answer.text
    return answer.json()["silenceID"]


async def found(service: Any, query: str = "", key: str = "") -> Any:
    answer = await ask(service, "GET", f"{SILENCES}{query}", key=key)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_silence_lives_and_ends_as_there(service: Any) -> None:
    made = await post(service)
    [shown] = await found(service)
    assert (shown["id"], shown["status"]) == (made, {"state": "active"})
    assert (shown["createdBy"], shown["comment"]) == ("ada", "we know")
    assert shown["matchers"][0]["isEqual"] is True
    assert (await service.send()).json()["action"] == "held"
    ended = await ask(service, "DELETE", f"/api/v2/silence/{made}")
    assert ended.status_code == 200
    one = await ask(service, "GET", f"/api/v2/silence/{made}")
    assert one.json()["status"]["state"] == "expired"


async def test_one_that_is_changed_keeps_its_id_unless_it_is_about_something_else(
    service: Any,
) -> None:
    made = await post(service)
    assert await post(service, id=made, comment="still") == made
    other = [{"name": "service", "value": "search", "isRegex": False}]
    moved = await post(service, id=made, matchers=other)
    assert moved != made
    states = {one["id"]: one["status"]["state"] for one in await found(service)}
    assert states == {made: "expired", moved: "active"}


async def test_filters_look_at_what_a_silence_is_about(service: Any) -> None:
    made = await post(service)
    await post(service, matchers=[{"name": "region", "value": "eu.*", "isRegex": True}])
    assert [one["id"] for one in await found(service, "?filter=service=checkout")] == [made]
    assert len(await found(service, '?filter=region=~"eu.*"')) == 1
    assert (await ask(service, "GET", f"{SILENCES}?filter=oops")).status_code == 400


async def test_refusals_are_json_texts(service: Any) -> None:
    for wrong in (
        postable(service, endsAt="2020-01-01T00:00:00Z"),
        postable(service, matchers=[]),
        postable(service, matchers=[{"name": "a", "value": "(", "isRegex": True}]),
    ):
        answer = await ask(service, "POST", SILENCES, wrong)
        assert (answer.status_code, type(answer.json())) == (400, str), answer.text
    missing = "/api/v2/silence/0198c9aa-0000-7000-8000-000000000000"
    assert (await ask(service, "GET", missing)).status_code == 404
    refused = await ask(service, "POST", SILENCES, postable(service), service.tokens[Role.VIEWER])
    assert refused.status_code == 403


async def test_an_integration_silences_its_own_alerts_only(service: Any) -> None:
    own = await service.create_integration("Prometheus")
    answer = await ask(service, "POST", SILENCES, postable(service), own["key"])
    assert answer.status_code == 200
    assert (await service.send()).json()["action"] == "new_incident"
    mine = await service.send(key=own["key"])
    assert mine.json()["action"] == "held"
    stranger = await service.create_integration("another")
    assert await found(service, key=stranger["key"]) == []


async def test_alerts_say_what_holds_them_back(service: Any) -> None:
    labels = {"alertname": "Down", "service": "checkout", "severity": "page"}
    await service.post("/api/v2/alerts", [{"labels": labels, "generatorURL": "http://p/graph"}])
    made = await post(service)
    [shown] = (await ask(service, "GET", "/api/v2/alerts")).json()
    assert shown["labels"] == labels
    assert shown["generatorURL"] == "http://p/graph"
    assert shown["status"] == {
        "state": "suppressed",
        "silencedBy": [made],
        "inhibitedBy": [],
        "mutedBy": [],
    }
    assert (await ask(service, "GET", "/api/v2/alerts?silenced=false")).json() == []
    assert (await ask(service, "GET", "/api/v2/alerts?filter=severity!=page")).json() == []
    [group] = (await ask(service, "GET", "/api/v2/alerts/groups")).json()
    assert group["alerts"] == [shown]


AMTOOL = shutil.which("amtool")


@pytest.mark.skipif(AMTOOL is None, reason="amtool is not installed")
def test_amtool_unmodified(make_database: Callable[[str], Database]) -> None:
    key = new_key()
    settings = AlertIngestionSettings(
        **make_database("alert-ingestion").settings(),
        bootstrap_ingestion_key=key,
        canary_interval_seconds=0,
    )
    with listening(create_app(settings)) as served:
        url = served.url.replace("://", f"://vigie:{key}@")

        def amtool(*words: str) -> str:
            done = subprocess.run(  # noqa: S603 - the words are this test's
                [str(AMTOOL), f"--alertmanager.url={url}", *words],
                capture_output=True,
                text=True,
                timeout=30,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            return done.stdout.strip()

        amtool("alert", "add", "Down", "service=checkout", "severity=page")
        assert "Down" in amtool("alert", "query")
        made = amtool(
            *("silence", "add", "service=checkout", "-d", "1h", "-a", "ada", "-c", "we know")
        )
        assert made in amtool("silence", "query")
        assert "ada" in amtool("silence", "query", "service=checkout")
        assert "Down" not in amtool("alert", "query")
        assert "Down" in amtool("alert", "query", "--silenced")
        moved = amtool("silence", "update", "-d", "2h", made)
        assert made in moved
        amtool("silence", "expire", made)
        assert made not in amtool("silence", "query")
        assert "Down" in amtool("alert", "query")
