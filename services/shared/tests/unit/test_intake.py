import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from litestar import Litestar, Request, get, post
from prometheus_client import CollectorRegistry

from shared.app import ServiceParts, assemble
from shared.auth import Authenticator, hash_token
from shared.contracts.identity import Principal
from shared.errors import Busy
from shared.intake import Bounds, Budget, Intake, vouch
from shared.observe import Observe

KNOWN = "known"
BOUNDS = Bounds(
    free_bytes=1000,
    reading_bytes=10_000,
    working_bytes=10_000,
    patience_seconds=0.2,
    silence_seconds=0.2,
    grace_seconds=0.5,
    least_rate=1000,
)


class Nobody:
    async def find(self, token: str) -> Principal | None:
        del token
        return None


@post("/open", status_code=200)
async def open_to_all(request: Request[Any, Any, Any]) -> int:
    return len(await request.body())


@post("/vouched", status_code=200)
async def vouched_for(request: Request[Any, Any, Any]) -> int:
    vouch(request.scope)
    return len(await request.body())


@post("/slow", status_code=200)
async def slow(request: Request[Any, Any, Any]) -> int:
    vouch(request.scope)
    size = len(await request.body())
    await asyncio.sleep(0.5)
    return size


@get("/seen", media_type="text/plain")
async def seen(request: Request[Any, Any, Any]) -> str:
    return request.url.query


@pytest.fixture
def app() -> Litestar:
    app = assemble(
        ServiceParts(
            name="tests",
            description="For tests.",
            revision="abc",
            handlers=[open_to_all, vouched_for, slow, seen],
            authenticator=Authenticator({KNOWN: hash_token(KNOWN)}, Nobody()),
            media_types=("application/octet-stream",),
        )
    )
    # As assemble() puts them, with bounds that a test can wait for.
    observe = app.asgi_handler
    assert isinstance(observe, Observe)
    assert isinstance(observe._app, Intake)
    observe._app = Intake(observe._app._app, CollectorRegistry(), BOUNDS)
    return app


@pytest.fixture
async def client(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://tests") as client:
        yield client


async def chunks(*parts: bytes, pause: float = 0.0) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
        await asyncio.sleep(pause)


@pytest.mark.parametrize("body", [b"a" * 1001, [b"a" * 400] * 3])
async def test_a_stranger_gets_no_further_than_the_free_bytes(client: Any, body: Any) -> None:
    content = body if isinstance(body, bytes) else chunks(*body)
    answer = await client.post("/open", content=content)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await client.post("/open", content=b"a" * 1000)).text == "1000"


async def test_a_token_that_is_known_gets_further_also_where_no_guard_asks(client: Any) -> None:
    headers = {"Authorization": f"Bearer {KNOWN}"}
    assert (await client.post("/open", content=b"a" * 5000, headers=headers)).text == "5000"
    headers = {"Authorization": "Bearer made-up"}
    assert (await client.post("/open", content=b"a" * 5000, headers=headers)).status_code == 413


async def test_who_was_vouched_for_gets_further(client: Any) -> None:
    assert (await client.post("/vouched", content=b"a" * 5000)).text == "5000"


async def test_a_body_that_stands_still_is_408(client: Any) -> None:
    answer = await client.post("/open", content=chunks(b"a", b"b", pause=1))
    assert answer.status_code == 408


async def test_a_body_that_only_dribbles_is_408_too(client: Any) -> None:
    answer = await client.post("/open", content=chunks(*[b"a"] * 20, pause=0.1))
    assert answer.status_code == 408


async def test_a_body_that_is_slow_but_comes_is_taken(client: Any) -> None:
    body = chunks(*[b"a" * 200] * 4, pause=0.15)
    assert (await client.post("/open", content=body)).text == "800"


async def test_bodies_beyond_the_budget_wait_and_then_are_503_while_small_ones_pass(
    client: Any,
) -> None:
    big = asyncio.create_task(client.post("/slow", content=b"a" * 10_500))
    await asyncio.sleep(0.1)
    refused = await client.post("/vouched", content=b"a" * 3000)
    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) >= 1
    assert (await client.post("/vouched", content=b"a" * 900)).status_code == 200
    assert (await big).status_code == 200
    assert (await client.post("/vouched", content=b"a" * 3000)).status_code == 200


async def test_a_body_larger_than_the_budget_gets_in_alone(client: Any) -> None:
    assert (await client.post("/vouched", content=b"a" * 50_000)).status_code == 200
    assert (await client.post("/vouched", content=chunks(*[b"a" * 5000] * 10))).status_code == 200


async def asked(app: Litestar, messages: list[Any], **scope: Any) -> list[Any]:
    """What the application sends, for what a server hands it over."""
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    usual = {"type": "http", "http_version": "1.1", "scheme": "http", "root_path": "", "state": {}}
    usual |= {"client": None, "server": None, "query_string": b"", "headers": []}
    await app({**usual, **scope}, receive, send)  # type: ignore[arg-type]
    return sent


async def test_a_client_that_hangs_up_is_no_failure_of_ours(app: Litestar) -> None:
    messages = [
        {"type": "http.request", "body": b"a", "more_body": True},
        {"type": "http.disconnect"},
    ]
    headers = [(b"content-length", b"10")]
    sent = await asked(app, messages, method="POST", path="/open", headers=headers)
    assert sent[0]["status"] == 499


async def test_a_query_that_is_no_text_reaches_a_handler_encoded(app: Litestar) -> None:
    sent = await asked(app, [], method="GET", path="/seen", query_string=b"a=\x80%41&b=1")
    assert sent[1]["body"] == b"a=%80%41&b=1"


async def test_who_waits_for_the_budget_is_served_in_order() -> None:
    budget, order = Budget(10), []

    async def take(name: str, size: int) -> None:
        await budget.take(size, 5)
        order.append(name)

    await budget.take(10, 1)
    waiting = [asyncio.create_task(take("large", 9)), asyncio.create_task(take("small", 1))]
    await asyncio.sleep(0)
    budget.give(5)
    await asyncio.sleep(0)
    assert order == []
    budget.give(5)
    await asyncio.gather(*waiting)
    assert order == ["large", "small"]
    assert budget.taken == 10


async def test_who_gives_up_waiting_holds_nothing_and_nobody_up() -> None:
    budget = Budget(10)
    await budget.take(6, 1)
    late = asyncio.create_task(budget.take(5, 0.05))
    await asyncio.sleep(0)
    behind = asyncio.create_task(budget.take(4, 5))
    with pytest.raises(Busy):
        await late
    await behind
    assert budget.taken == 10
    gone = asyncio.create_task(budget.take(1, 5))
    await asyncio.sleep(0)
    gone.cancel()
    budget.give(10)
    await asyncio.gather(gone, return_exceptions=True)
    assert budget.taken == 0
