"""Calls to a neighbour, with this service's token, time limits, retries and the request's ids."""

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from shared import context
from shared.errors import Unavailable

TIMEOUT = httpx.Timeout(5.0, connect=2.0)
RETRY_PAUSES = (0.05, 0.2)

# Answers of a neighbour that is starting, stopping or overloaded.
_TRANSIENT = frozenset({502, 503, 504})


class ServiceClient:
    """An HTTP client for one neighbour.

    ``name`` is the neighbour's, for messages. ``token`` may be overridden per request, to act for
    the person who asked.
    """

    def __init__(
        self,
        base_url: str,
        *,
        name: str,
        token: str = "",
        transport: httpx.AsyncBaseTransport | None = None,
        timeout: httpx.Timeout = TIMEOUT,
    ) -> None:
        self.name = name
        self._token = token
        # Neighbours are named by configuration: a proxy from the environment is not for them.
        self._client = httpx.AsyncClient(
            base_url=base_url, timeout=timeout, transport=transport, trust_env=False
        )

    async def start(self) -> None:
        """Nothing to open: connections are made on first use."""

    async def stop(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        idempotent: bool | None = None,
        time_limits: httpx.Timeout | None = None,
    ) -> httpx.Response:
        """Send a request and answer whatever the neighbour answered.

        ``idempotent`` (default: GET and HEAD are) allows a repetition after a network error or
        a 502, 503 or 504. ``time_limits`` replace the client's own.

        Raises:
            Unavailable: no answer, after the repetitions where they are allowed.
        """
        repeat = method in {"GET", "HEAD"} if idempotent is None else idempotent
        pauses = [*RETRY_PAUSES, None] if repeat else [None]
        bearer = self._token if token is None else token
        authorization = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        sent = {**context.headers(), **(headers or {}), **authorization}
        for pause in pauses:
            try:
                response = await self._client.request(
                    method,
                    path,
                    json=json,
                    params=params,
                    headers=sent,
                    timeout=time_limits or httpx.USE_CLIENT_DEFAULT,
                )
            except httpx.TransportError as error:
                if pause is None:
                    raise Unavailable(
                        f"{self.name} does not answer ({type(error).__name__})."
                    ) from error
            else:
                if pause is None or response.status_code not in _TRANSIENT:
                    return response
            await asyncio.sleep(pause)
        raise AssertionError("unreachable: the last pause is None")

    def stream(self, path: str, *, headers: Mapping[str, str]) -> Any:
        """A long GET (server-sent events), as an async context manager; no read time limit."""
        sent = {**headers, **({"Authorization": f"Bearer {self._token}"} if self._token else {})}
        return self._client.stream(
            "GET", path, headers=sent, timeout=httpx.Timeout(None, connect=2.0)
        )
