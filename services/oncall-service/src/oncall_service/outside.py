"""The HTTP client for webhooks: to addresses people chose, outside of this installation."""

import httpx


class OutsideWorld:
    """Owns the client; a resource of the application."""

    def __init__(self, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._transport = transport
        self._client: httpx.AsyncClient | None = None

    async def start(self) -> None:
        """Make the client; connections are made on first use."""
        # A proxy of the environment is honoured: unlike the neighbours, these are far away.
        self._client = httpx.AsyncClient(transport=self._transport, follow_redirects=False)

    async def stop(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()

    @property
    def client(self) -> httpx.AsyncClient:
        """The client, while the application runs."""
        if self._client is None:
            raise RuntimeError("the application is not running")
        return self._client
