"""The HTTP client for webhooks: to addresses people chose, outside of this installation.

A person may write any URL, so this client must not become their eyes inside the network: a name is
resolved once, what may not be called is refused, and the connection goes to the very address that
was looked at, with the name in the Host header and in the TLS handshake.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeAlias

import httpx

from oncall_service.targets import Address, AllowedTargets, literal

# A name with many addresses, none of which answers, must not take all the time there is.
ADDRESSES_TRIED = 3

NAME_SECONDS, NAME_THREADS = 5.0, 4

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[Address]]]


class NotAllowed(httpx.RequestError):
    """The target is inside, and the operator's list does not name it."""


class OutsideWorld:
    """Owns the client; a resource of the application.

    ``proxy`` is the operator's own, to which all of it goes; none is taken from the environment.
    Tests pass a ``transport`` and how names are resolved.
    """

    def __init__(
        self,
        targets: AllowedTargets | None = None,
        *,
        proxy: str = "",
        transport: httpx.AsyncBaseTransport | None = None,
        resolve: Resolve | None = None,
    ) -> None:
        self._targets = targets or AllowedTargets()
        self._proxy = proxy
        self._transport = transport
        # A name server that does not answer holds a thread for as long as it likes: these are for
        # names that people chose, so that neither sign-ins nor the neighbours wait for one.
        self._threads = ThreadPoolExecutor(NAME_THREADS, thread_name_prefix="names")
        self._resolve = resolve or partial(resolve_name, threads=self._threads)
        self._client: httpx.AsyncClient | None = None

    async def start(self) -> None:
        """Make the client; connections are made on first use."""
        transport = self._transport or httpx.AsyncHTTPTransport(
            proxy=self._proxy or None,
            # No connection is kept: one of another name at the same address would be taken for
            # this one, although its certificate was checked for the other.
            limits=httpx.Limits(max_connections=100, max_keepalive_connections=0),
        )
        guarded = _Guarded(transport, self._targets, self._resolve, through_proxy=bool(self._proxy))
        self._client = httpx.AsyncClient(transport=guarded, follow_redirects=False, trust_env=False)

    async def stop(self) -> None:
        """Close the connections."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._client is not None:
            await self._client.aclose()

    @property
    def client(self) -> httpx.AsyncClient:
        """The client, while the application runs."""
        if self._client is None:
            raise RuntimeError("the application is not running")
        return self._client


async def resolve_name(
    host: str, port: int, *, threads: ThreadPoolExecutor | None = None
) -> Sequence[Address]:
    """The addresses of a host, in the system's order; empty when it has none, or none in time."""
    look_up = partial(
        socket.getaddrinfo, host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
    )
    try:
        async with asyncio.timeout(NAME_SECONDS):
            found = await asyncio.get_running_loop().run_in_executor(threads, look_up)
    except (OSError, UnicodeError, TimeoutError):
        return []
    return list(dict.fromkeys(ipaddress.ip_address(entry[4][0]) for entry in found))


class _Guarded(httpx.AsyncBaseTransport):
    def __init__(
        self,
        inner: httpx.AsyncBaseTransport,
        targets: AllowedTargets,
        resolve: Resolve,
        *,
        through_proxy: bool,
    ) -> None:
        self._inner = inner
        self._targets = targets
        self._resolve = resolve
        self._through_proxy = through_proxy

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.raw_host.decode("ascii")
        address = literal(host)
        port = request.url.port or (443 if request.url.scheme == "https" else 80)
        addresses = [address] if address is not None else await self._resolve(host, port)
        allowed = [one for one in addresses if self._targets.allows(host, one)]
        if addresses and not allowed:
            raise NotAllowed("the target is not public and not allowed", request=request)
        if self._through_proxy:
            # It resolves the name itself, perhaps one that only it knows.
            return await self._inner.handle_async_request(request)
        return await self._first_that_answers(request, host, allowed[:ADDRESSES_TRIED])

    async def _first_that_answers(
        self, request: httpx.Request, host: str, addresses: Sequence[Address]
    ) -> httpx.Response:
        failure: httpx.TransportError = httpx.ConnectError("the name has no address")
        for address in addresses:
            there = httpx.Request(
                request.method,
                request.url.copy_with(host=str(address)),
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": host},
            )
            try:
                return await self._inner.handle_async_request(there)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure

    async def aclose(self) -> None:
        await self._inner.aclose()
