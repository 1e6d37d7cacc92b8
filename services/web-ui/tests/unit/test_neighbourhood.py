import httpx
from prometheus_client import CollectorRegistry

from shared.http import ServiceClient
from web_ui.neighbourhood import Neighbourhood


def neighbour(name: str, answer: int | None) -> ServiceClient:
    def respond(request: httpx.Request) -> httpx.Response:
        if answer is None:
            raise httpx.ConnectError("refused", request=request)
        return httpx.Response(answer)

    return ServiceClient("http://test", name=name, transport=httpx.MockTransport(respond))


async def test_each_neighbour_is_up_when_it_answers_well() -> None:
    registry = CollectorRegistry()
    neighbours = [neighbour("good", 200), neighbour("ill", 500), neighbour("gone", None)]
    await Neighbourhood(neighbours, registry).look()
    assert {
        name: registry.get_sample_value("neighbour_up", {"neighbour": name})
        for name in ("good", "ill", "gone")
    } == {"good": 1, "ill": 0, "gone": 0}
