import json
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest

from shared import context
from shared.auth import RemoteTokenDirectory
from shared.contracts.wire import EventResult
from shared.delivery import event_sender
from shared.errors import Unavailable
from shared.http import ServiceClient
from shared.identifiers import new_id
from shared.outbox import Dead, Delivered, Retry, Row

Answer = Callable[[httpx.Request], httpx.Response]


def neighbour(answer: Answer) -> ServiceClient:
    return ServiceClient(
        "http://neighbour", name="neighbour", token="t", transport=httpx.MockTransport(answer)
    )


def row(number: int, key: str = "k") -> Row:
    payload = {"event_id": str(UUID(int=number)), "n": number}
    return Row(number, new_id(), "topic", key, payload, 0, datetime.now(UTC))


def results(request: httpx.Request) -> httpx.Response:
    events = json.loads(request.content)["events"]
    found = [{"event_id": event["event_id"], "outcome": "applied"} for event in events]
    return httpx.Response(200, json={"results": found})


async def test_a_request_carries_the_token_and_the_ids_of_the_work_under_way() -> None:
    seen: list[httpx.Headers] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers)
        return httpx.Response(204)

    carried = context.begin("request-1", "00-" + "a" * 32 + "-" + "b" * 16 + "-01")
    async with neighbour(answer) as client:
        with context.bound(carried):
            await client.request("POST", "/x")
    assert seen[0]["authorization"] == "Bearer t"
    assert seen[0]["x-request-id"] == "request-1"
    assert seen[0]["traceparent"].startswith("00-" + "a" * 32)


@pytest.mark.parametrize(
    ("method", "idempotent", "tries"),
    [("GET", None, 3), ("POST", None, 1), ("POST", True, 3)],
)
async def test_only_what_may_be_repeated_is_repeated(
    method: str, idempotent: bool | None, tries: int
) -> None:
    seen = 0

    def answer(_request: httpx.Request) -> httpx.Response:
        nonlocal seen
        seen += 1
        raise httpx.ConnectError("refused")

    async with neighbour(answer) as client:
        with pytest.raises(Unavailable, match="neighbour does not answer"):
            await client.request(method, "/x", idempotent=idempotent)
    assert seen == tries


async def test_a_neighbour_that_is_just_starting_is_asked_again() -> None:
    answers = iter([503, 502, 200])
    async with neighbour(lambda _: httpx.Response(next(answers))) as client:
        assert (await client.request("GET", "/x")).status_code == 200


async def test_the_last_answer_of_an_overloaded_neighbour_is_passed_on() -> None:
    async with neighbour(lambda _: httpx.Response(503)) as client:
        assert (await client.request("GET", "/x")).status_code == 503


async def test_a_batch_that_was_taken_is_delivered_and_its_results_are_shown() -> None:
    shown: list[EventResult] = []

    async def on_results(_rows: object, found: object) -> None:
        shown.extend(found)  # type: ignore[call-overload]

    async with neighbour(results) as client:
        outcomes = await event_sender(client, "/events", on_results)([row(1), row(2)])
    assert outcomes == [Delivered(), Delivered()]
    assert [result.event_id for result in shown] == [UUID(int=1), UUID(int=2)]


@pytest.mark.parametrize("status", [401, 404, 429, 500, 503])
async def test_a_passing_refusal_is_retried(status: int) -> None:
    async with neighbour(lambda _: httpx.Response(status)) as client:
        outcomes = await event_sender(client, "/events")([row(1), row(2)])
    assert all(isinstance(outcome, Retry) for outcome in outcomes)


async def test_an_event_that_is_refused_does_not_take_its_batch_with_it() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if any(event["n"] == 2 for event in json.loads(request.content)["events"]):
            return httpx.Response(422, text="no")
        return results(request)

    async with neighbour(answer) as client:
        outcomes = await event_sender(client, "/events")([row(1), row(2), row(3)])
    assert outcomes == [Delivered(), Dead("neighbour answered 422: no"), Delivered()]


async def test_an_event_behind_one_to_be_retried_is_not_sent() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        events = json.loads(request.content)["events"]
        if len(events) > 1:
            return httpx.Response(422)
        if events[0]["n"] == 1:
            return httpx.Response(503)
        return results(request)

    async with neighbour(answer) as client:
        outcomes = await event_sender(client, "/e")([row(1), row(2), row(3, key="other")])
    assert [type(outcome) for outcome in outcomes] == [Retry, Retry, Delivered]


async def test_an_answer_that_makes_no_sense_is_retried() -> None:
    async with neighbour(lambda _: httpx.Response(200, text="hello")) as client:
        assert isinstance((await event_sender(client, "/e")([row(1)]))[0], Retry)


@pytest.mark.parametrize(
    "answer", [httpx.Response(500), httpx.Response(200, text="hello"), httpx.Response(403)]
)
async def test_a_token_that_could_not_be_checked_is_not_called_unknown(
    answer: httpx.Response,
) -> None:
    async with neighbour(lambda _: answer) as client:
        with pytest.raises(Unavailable):
            await RemoteTokenDirectory(client).find("x")


async def test_the_directory_tells_whose_token_it_is() -> None:
    principal = {"kind": "token", "id": "1", "name": "ci", "role": "viewer"}
    async with neighbour(lambda _: httpx.Response(200, json={"principal": principal})) as client:
        found = await RemoteTokenDirectory(client).find("x")
    assert found is not None
    assert found.name == "ci"
