"""The HTTP client for webhooks: to addresses people chose, outside of this installation."""

import httpx


class OutsideWorld:
    """Owns the client; a resource of the application."""

    def __init__(self) -> None:
        # A proxy of the environment is honoured: unlike the neighbours, these are far away.
        self.client = httpx.AsyncClient(follow_redirects=False)

    async def start(self) -> None:
        """Nothing to open: connections are made on first use."""

    async def stop(self) -> None:
        """Close the connections."""
        await self.client.aclose()
