"""Whether the services that pages show can be reached from here, asked on a beat."""

import asyncio
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Gauge

from shared.errors import Unavailable
from shared.http import ServiceClient

EVERY_SECONDS = 15.0
WITHIN_SECONDS = 14.0


class Neighbourhood:
    """Asks each neighbour for its health, and shows what came of it as ``neighbour_up``."""

    def __init__(self, clients: Sequence[ServiceClient], registry: CollectorRegistry) -> None:
        self._clients = clients
        self._up = Gauge(
            "neighbour_up",
            "Whether a service that pages show answered this one when it was last asked.",
            ["neighbour"],
            registry=registry,
        )

    async def look(self) -> None:
        """Ask each of them once, all at the same time."""
        await asyncio.gather(*(self._ask(client) for client in self._clients))

    async def _ask(self, client: ServiceClient) -> None:
        try:
            answer = await client.request("GET", "/health")
        except Unavailable:
            self._up.labels(client.name).set(0)
        else:
            self._up.labels(client.name).set(float(answer.is_success))
