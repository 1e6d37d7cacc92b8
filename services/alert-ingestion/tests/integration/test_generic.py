"""Generic JSON, its mappings, and what becomes of what a mapping cannot read."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from shared.contracts.identity import Role
from vigie_testing import openapi

PATH = "/api/v1/webhooks/generic"
MAPPING = {"message": "what", "service": "where", "fingerprint": "id", "resolved": "over"}
SUBSCRIBE = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=secret"


def subscription(url: str = SUBSCRIBE) -> dict[str, str]:
    return {
        "Type": "SubscriptionConfirmation",
        "Token": "secret",
        "TopicArn": "arn:aws:sns:eu-west-1:123456789012:vigie",
        "Message": "You have chosen to subscribe to the topic.",
        "SubscribeURL": url,
    }


async def change(service: Any, integration: Any, **changes: Any) -> httpx.Response:
    answer: httpx.Response = await service.client.patch(
        f"/api/v1/integrations/{integration['id']}",
        json=changes,
        headers={"Authorization": f"Bearer {service.tokens[Role.ADMIN]}"},
    )
    return answer


async def view(service: Any, integration: Any) -> Any:
    path = f"/api/v1/integrations/{integration['id']}"
    return await service.get(path, token=service.tokens[Role.ADMIN])


async def try_on(service: Any, integration: Any, **trial: Any) -> httpx.Response:
    answer: httpx.Response = await service.post(
        f"/api/v1/integrations/{integration['id']}/mapping/test",
        trial,
        key=service.tokens[Role.ADMIN],
    )
    return answer


async def test_a_body_is_read_by_the_mapping_of_its_integration(service: Any) -> None:
    mine = await service.create_integration("robot", kind="generic", mapping=MAPPING)
    body = {"what": "It burns", "where": "checkout", "id": 7}
    answer = await service.post(PATH, body, key=mine["key"])
    assert answer.status_code == 202, answer.text
    openapi.check_response("alert-ingestion", "POST", PATH, 202, answer.json())
    assert answer.json()["accepted"] == 1
    assert answer.json()["dead_letter"] is None
    [result] = answer.json()["results"]
    assert result["action"] == "new_incident"
    shown = await service.alert(result["alert_id"])
    assert (shown["service"], shown["message"]) == ("checkout", "It burns")
    over = await service.post(PATH, {**body, "over": True}, key=mine["key"])
    assert over.json()["results"][0]["action"] == "resolved"


async def test_a_mapping_that_is_mended_holds_from_the_next_request_on(service: Any) -> None:
    mine = await service.create_integration("robot", mapping={"message": "wat"})
    body = {"what": "It burns"}
    assert (await service.post(PATH, body, key=mine["key"])).json()["accepted"] == 0
    assert (await change(service, mine, mapping=MAPPING)).status_code == 200
    answer = (await service.post(PATH, body, key=mine["key"])).json()
    assert (answer["accepted"], answer["dead_letter"]) == (1, None)
    await change(service, mine, mapping=None)
    answer = (await service.post(PATH, {"title": "hot"}, key=mine["key"])).json()
    assert answer["accepted"] == 1


async def test_what_a_broken_mapping_cannot_read_is_kept_500_times(service: Any) -> None:
    broken = {**MAPPING, "message": "sort(what)"}
    mine = await service.create_integration("robot", kind="generic", mapping=broken)
    for first in range(0, 500, 50):
        answers = await asyncio.gather(
            *(
                service.post(PATH, {"what": "hot", "id": number}, key=mine["key"])
                for number in range(first, first + 50)
            )
        )
        assert {answer.status_code for answer in answers} == {202}
    assert service.count("alerts") == 0
    [(state, reason, count)] = service.database.query(
        "SELECT state, reason, count(*) FROM inbox GROUP BY 1, 2"
    )
    assert (state, reason, count) == ("dead", "not_mapped", 500)
    dead = answers[-1].json()["dead_letter"]
    assert dead["reason"] == "not_mapped"
    assert [error["field"] for error in dead["errors"]] == ["message"]
    kept = dict(service.database.query("SELECT id::text, detail FROM inbox"))
    assert kept[dead["id"]].startswith("message: In function sort()")
    series = 'alerts_refused_total{integration="robot",reason="not_mapped"}'
    assert await service.metric(series) == 500
    assert (await view(service, mine))["last_error"]["reason"] == "not_mapped"


async def test_of_a_body_with_bad_alerts_the_good_ones_are_stored(service: Any) -> None:
    mine = await service.create_integration("robot", mapping=MAPPING)
    answer = await service.post(PATH, [{"what": "a"}, {}, {"what": "c"}], key=mine["key"])
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 2
    assert answer.json()["dead_letter"]["errors"] == [
        {"field": "1.message", "message": "says nothing"}
    ]
    assert service.database.query("SELECT state, failed FROM inbox") == [("dead", [1])]


async def test_what_is_no_json_is_refused(service: Any) -> None:
    answer = await service.client.post(
        PATH, content=b"hot", headers={"Authorization": f"Bearer {service.key}"}
    )
    assert answer.status_code == 400
    assert service.database.query("SELECT state, reason FROM inbox") == [("dead", "unreadable")]


async def test_a_body_is_json_whatever_its_media_type_says(service: Any) -> None:
    answer = await service.client.post(
        f"{PATH}?integration_key={service.key}",
        content=b'{"title": "hot"}',
        headers={"Content-Type": "text/plain; charset=UTF-8"},
    )
    assert answer.json()["accepted"] == 1


async def test_what_is_no_mapping_is_refused_by_field_and_place(service: Any) -> None:
    answer = await service.post(
        "/api/v1/integrations",
        {"name": "robot", "mapping": {"message": "a b", "labels": {"x": "y("}}},
        key=service.tokens[Role.ADMIN],
    )
    assert answer.status_code == 422
    errors = {error["field"]: error["message"] for error in answer.json()["errors"]}
    assert errors.keys() == {"mapping.message", "mapping.labels.x"}
    assert "at character 3" in errors["mapping.message"]


async def test_a_mapping_is_shown_as_it_was_written(service: Any) -> None:
    mine = await service.create_integration("robot", kind="generic", mapping={"ready": "gatus"})
    assert mine["mapping"] == {"ready": "gatus"}
    await change(service, mine, mapping={"ready": "gatus", "service": "group"})
    assert (await view(service, mine))["mapping"] == {"ready": "gatus", "service": "group"}


class TestTrial:
    async def test_a_mapping_is_tried_on_what_was_sent_last_and_nothing_is_stored(
        self, service: Any
    ) -> None:
        mine = await service.create_integration("robot", mapping={"message": "wat"})
        for number in range(3):
            body = {"what": f"hot {number}", "where": "checkout"}
            await service.post(PATH, body, key=mine["key"])
        before = (service.count("inbox"), service.count("alerts"))
        answer = await try_on(service, mine, mapping=MAPPING, last=2)
        assert answer.status_code == 200, answer.text
        results = answer.json()["results"]
        assert [one["says"][0]["message"] for one in results] == ["hot 2", "hot 1"]
        assert all(one["says"][0]["service"] == "checkout" for one in results)
        assert all(one["inbox_id"] and not one["errors"] for one in results)
        assert (service.count("inbox"), service.count("alerts")) == before
        assert (await view(service, mine))["mapping"] == {"message": "wat"}

    async def test_a_payload_shows_what_cannot_be_read(self, service: Any) -> None:
        mine = await service.create_integration("robot", mapping=MAPPING)
        answer = await try_on(service, mine, payload={"what": {"a": 1}})
        [result] = answer.json()["results"]
        assert result["says"] == []
        assert [error["field"] for error in result["errors"]] == ["message"]

    async def test_what_another_integration_sent_is_not_shown(self, service: Any) -> None:
        mine = await service.create_integration("robot", mapping=MAPPING)
        await service.post(PATH, {"title": "of somebody else"})
        assert (await try_on(service, mine)).json() == {"results": []}

    async def test_an_integration_that_is_not_there_is_404(self, service: Any) -> None:
        answer = await try_on(service, {"id": "00000000-0000-7000-8000-000000000001"})
        assert answer.status_code == 404

    async def test_only_admins_may(self, service: Any) -> None:
        mine = await service.create_integration("robot")
        path = f"/api/v1/integrations/{mine['id']}/mapping/test"
        answer = await service.post(path, {}, key=service.tokens[Role.RESPONDER])
        assert answer.status_code == 403


async def test_ready_mappings_are_listed_and_can_be_used_as_they_are(service: Any) -> None:
    listed = await service.get("/api/v1/mappings", token=service.tokens[Role.ADMIN])
    openapi.check_response("alert-ingestion", "GET", "/api/v1/mappings", 200, listed)
    assert {"uptime-kuma", "zabbix", "sentry", "aws-cloudwatch"} <= {
        one["name"] for one in listed["items"]
    }
    for one in listed["items"]:
        mine = await service.create_integration(one["name"], mapping={"ready": one["name"]})
        for example in one["examples"]:
            answer = await service.post(PATH, example["payload"], key=mine["key"])
            assert answer.json()["accepted"] == 1, example["title"]


class TestSubscriptions:
    """``Outside`` stands for SNS and for everything else that could be asked."""

    class Outside:
        def __init__(self) -> None:
            self.asked: list[str] = []
            self.answer = httpx.Response(200)

        async def handle(self, request: httpx.Request) -> httpx.Response:
            self.asked.append(str(request.url))
            return self.answer

    @pytest.fixture
    def outside(self) -> Outside:
        return self.Outside()

    @pytest.fixture
    async def asking(self, start: Any, outside: Outside) -> AsyncIterator[Any]:
        async with start(outside=httpx.MockTransport(outside.handle)) as running:
            yield running

    async def error(self, service: Any, integration: Any) -> Any:
        """The error that the integration shows after a while."""
        async with asyncio.timeout(10):
            while True:
                error = (await view(service, integration))["last_error"]
                if error is not None:
                    return error
                await asyncio.sleep(0.02)

    async def test_one_is_confirmed_where_the_integration_says_so(
        self, asking: Any, outside: Outside
    ) -> None:
        mine = await asking.create_integration("aws", confirm_subscriptions=True)
        answer = await asking.post(PATH, subscription(), key=mine["key"])
        assert answer.json()["results"][0]["reason"] == "no_alert"
        async with asyncio.timeout(10):
            while not outside.asked:  # noqa: ASYNC110 - what is awaited is somebody else's
                await asyncio.sleep(0.02)
        assert outside.asked == [SUBSCRIBE]
        assert (await view(asking, mine))["last_error"] is None

    async def test_without_that_setting_nobody_is_asked_and_the_address_is_kept(
        self, asking: Any, outside: Outside
    ) -> None:
        mine = await asking.create_integration("aws", mapping={"ready": "aws-cloudwatch"})
        answer = await asking.post(PATH, subscription(), key=mine["key"])
        assert answer.status_code == 202
        await asyncio.sleep(0.3)
        assert outside.asked == []
        [(body, state)] = asking.database.query("SELECT body, state FROM inbox")
        assert state == "taken"
        assert SUBSCRIBE.encode() in bytes(body)

    async def test_no_address_but_one_of_sns_is_asked(self, asking: Any, outside: Outside) -> None:
        mine = await asking.create_integration("aws", confirm_subscriptions=True)
        evil = "https://169.254.169.254/latest/meta-data"
        await asking.post(PATH, subscription(evil), key=mine["key"])
        error = await self.error(asking, mine)
        assert error["reason"] == "subscription_not_confirmed"
        assert outside.asked == []

    async def test_no_redirect_is_followed_and_a_failure_is_shown(
        self, asking: Any, outside: Outside
    ) -> None:
        outside.answer = httpx.Response(302, headers={"Location": "http://127.0.0.1/"})
        mine = await asking.create_integration("aws", confirm_subscriptions=True)
        await asking.post(PATH, subscription(), key=mine["key"])
        error = await self.error(asking, mine)
        assert error["detail"] == "SNS answered 302 to the confirmation."
        assert outside.asked == [SUBSCRIBE]
