from collections.abc import Callable
from uuid import UUID

import httpx
import pytest

from incident_management.clients import OncallPeople
from shared.errors import Unavailable
from shared.http import ServiceClient

ALICE = UUID(int=1)


async def ask(answer: Callable[[httpx.Request], httpx.Response]) -> str | None:
    transport = httpx.MockTransport(answer)
    async with ServiceClient("http://oncall", name="oncall-service", transport=transport) as client:
        person = await OncallPeople(client).find(ALICE)
    return person.name if person else None


async def test_a_person_is_asked_for_by_id() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == f"/api/v1/people/{ALICE}"
        return httpx.Response(200, json={"id": str(ALICE), "name": "Alice", "email": "a@b.c"})

    assert await ask(answer) == "Alice"


async def test_nobody_has_that_id() -> None:
    assert await ask(lambda _: httpx.Response(404)) is None


@pytest.mark.parametrize(
    "response",
    [httpx.Response(500), httpx.Response(401), httpx.Response(200, json={"id": "x"})],
)
async def test_an_answer_that_says_nothing_is_not_taken_for_nobody(
    response: httpx.Response,
) -> None:
    with pytest.raises(Unavailable, match="oncall-service"):
        await ask(lambda _: response)
