"""One way to put a service together: its parts go in, a Litestar application comes out."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, Protocol

import msgspec
from litestar import Litestar, MediaType, Request, Response, get
from litestar.config.compression import CompressionConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException, SerializationException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Components, SecurityScheme
from litestar.params import QueryParameter
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp, ControllerRouterHandler
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry

from shared import problems
from shared.auth import Authenticator, current_principal
from shared.connections import Door
from shared.contracts.identity import Principal
from shared.docs_page import PlainDocsPlugin
from shared.documented import WallClockPlugin, document_problems
from shared.errors import Problem, Unavailable, Unsupported
from shared.heads import Heads
from shared.intake import Intake, refuse_by_length
from shared.metrics import Collect, Part, ServiceMetrics, render
from shared.observe import Observe
from shared.version import VERSION

# Prometheus sends up to 256 alerts in one request, and does not repeat one that was too large.
MAX_BODY_BYTES = 1536 * 1024
INTERNAL_MAX_BODY_BYTES = 16 * 1024 * 1024
COMPRESSED_FROM_BYTES = 1024

UNCOMPRESSED = "uncompressed"
"""The ``opt`` of what is answered as it is: a stream, whose events compressing would hold back, and
pages in which a secret stands beside a stranger's words, for their size would tell of it (BREACH).
"""
READY_TIMEOUT_SECONDS = 4.0


class Resource(Protocol):
    """Something that runs as long as the application does."""

    async def start(self) -> None:
        """Begin; a failure keeps the service from starting."""
        ...

    async def stop(self) -> None:
        """End, within seconds."""
        ...


@dataclass
class ServiceParts:
    """What a service is made of.

    ``resources`` are started in order and stopped in reverse. ``ready`` are named checks that
    raise ``Unavailable`` while the service cannot do its work. ``collectors`` read business
    metrics at scrape. ``state`` and ``dependencies`` are what handlers can ask for. ``media_types``
    are the request bodies understood. ``front`` stands right before the router.
    """

    name: str
    description: str
    revision: str
    handlers: Sequence[ControllerRouterHandler]
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    resources: Sequence[Resource] = ()
    ready: Mapping[str, Callable[[], Awaitable[object]]] = field(default_factory=dict)
    collectors: Sequence[Collect] = ()
    authenticator: Authenticator | None = None
    dependencies: Mapping[str, Provide] = field(default_factory=dict)
    state: Mapping[str, Any] = field(default_factory=dict)
    media_types: Sequence[str] = ("application/json",)
    front: Callable[[ASGIApp], ASGIApp] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    """Further arguments of Litestar, for a service that serves pages."""


def assemble(parts: ServiceParts) -> Litestar:
    """The application, with logging, errors, health, readiness, metrics and OpenAPI wired once."""
    metrics = ServiceMetrics(
        parts.registry, service=parts.name, version=VERSION, revision=parts.revision
    )
    options = dict(parts.options)
    app = Litestar(
        route_handlers=[_health(parts.name), _ready(parts), _metrics(parts), *parts.handlers],
        lifespan=[_lifespan(parts.resources)],
        # Before the guards of a route: a length is known without asking anybody.
        guards=[refuse_by_length],
        before_request=media_type_check(parts.media_types),
        exception_handlers={
            Problem: problems.on_problem,
            HTTPException: problems.on_http_exception,
            SerializationException: problems.on_malformed,
            msgspec.DecodeError: problems.on_malformed,
            # Invalid UTF-8 inside a string, and nesting deeper than the decoder follows.
            UnicodeDecodeError: problems.on_malformed,
            RecursionError: problems.on_malformed,
            Exception: problems.on_unexpected,
            **options.pop("exception_handlers", {}),
        },
        dependencies={
            "principal": Provide(_principal, sync_to_thread=False),
            **parts.dependencies,
        },
        state=State({"authenticator": parts.authenticator, **parts.state}),
        openapi_config=OpenAPIConfig(
            title=f"Vigie {parts.name}",
            version=VERSION,
            description=parts.description,
            path="/schema",
            render_plugins=[PlainDocsPlugin()],
            components=Components(
                security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer")}
            ),
        ),
        request_max_body_size=MAX_BODY_BYTES,
        compression_config=CompressionConfig(
            backend="gzip",
            minimum_size=COMPRESSED_FROM_BYTES,
            gzip_compress_level=5,
            exclude_opt_key=UNCOMPRESSED,
        ),
        plugins=[WallClockPlugin()],
        logging_config=None,
        **options,
    )
    app.state.stopping = asyncio.Event()
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for method in sorted(set(route.methods) - {"OPTIONS", "HEAD"}):
                metrics.declare(method, route.path_format)
            for handler in route.route_handlers:
                if handler.resolve_include_in_schema():
                    document_problems(handler, route.path_format)
    app.state.door = Door(parts.registry)
    routed = parts.front(app.asgi_handler) if parts.front else app.asgi_handler
    app.asgi_handler = Observe(Intake(Heads(routed), parts.registry), metrics)
    return app


def _principal(request: Request[Any, Any, Any]) -> Principal:
    return current_principal(request)


def _health(name: str) -> ControllerRouterHandler:
    @get("/health", tags=["platform"], sync_to_thread=False)
    def health() -> dict[str, str]:
        """Whether the process serves; says nothing about its neighbours."""
        return {"status": "ok", "service": name, "version": VERSION}

    return health


_NOT_READY = ResponseSpec(
    dict[str, Any], description="Not ready; the checks say why.", generate_examples=False
)


def _ready(parts: ServiceParts) -> ControllerRouterHandler:
    @get("/ready", tags=["platform"], responses={503: _NOT_READY})
    async def ready() -> Response[dict[str, Any]]:
        """Whether the service can do its work: 503 and the reason while it cannot."""
        checks = {name: await _checked(check) for name, check in parts.ready.items()}
        good = all(answer == "ok" for answer in checks.values())
        return Response(
            {"status": "ready" if good else "unavailable", "checks": checks},
            status_code=200 if good else 503,
        )

    return ready


async def _checked(check: Callable[[], Awaitable[object]]) -> str:
    try:
        async with asyncio.timeout(READY_TIMEOUT_SECONDS):
            await check()
    except Unavailable as error:
        return error.detail
    except TimeoutError:
        return f"no answer within {READY_TIMEOUT_SECONDS:g} s"
    return "ok"


def _metrics(parts: ServiceParts) -> ControllerRouterHandler:
    @get("/metrics", media_type=MediaType.TEXT, tags=["platform"])
    async def metrics(
        request: Request[Any, Any, Any],
        part: Annotated[
            Part | None,
            QueryParameter(description="only what is the same in every replica, or only its own"),
        ] = None,
    ) -> Response[bytes]:
        """Metrics in the Prometheus text format."""
        page = await render(parts.registry, parts.collectors, part, request.app.state.get("worker"))
        return Response(page, headers={"Content-Type": CONTENT_TYPE_LATEST})

    return metrics


def _lifespan(resources: Sequence[Resource]) -> Callable[[Litestar], Any]:
    @asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for resource in resources:
                stack.push_async_callback(resource.stop)
                await resource.start()
            yield

    return lifespan


def media_type_check(
    accepted: Sequence[str],
) -> Callable[[Request[Any, Any, Any]], Awaitable[None]]:
    """What refuses bodies of other media types, before a request is handled; ``*/*`` is any."""

    # Waits for nothing; what is not a coroutine is run in a thread, which costs more than the rest.
    async def check(request: Request[Any, Any, Any]) -> None:
        """Refuse a body that would not be understood, saying what to send: curl sends a form."""
        headers = request.headers
        # A body of unknown length comes in chunks.
        if headers.get("content-length") in {None, "0"} and "transfer-encoding" not in headers:
            return
        coding = headers.get("content-encoding", "identity").strip().lower()
        if coding not in {"", "identity"}:
            raise Unsupported(f"Send the body as it is: 'Content-Encoding: {coding}' is not read.")
        given = headers.get("content-type", "").split(";")[0].strip().lower()
        if given in {"", *accepted} or "*/*" in accepted:
            return
        if given.endswith("+json") and "application/json" in accepted:
            return
        raise Unsupported(f"Send 'Content-Type: {accepted[0]}' instead of '{given}'.")

    return check
