"""Each service by itself: alive, ready, measured, described."""

from __future__ import annotations

from verification.waiting import eventually
from verification.web import Service, VerificationError

READY_SECONDS = 60


def alive_and_ready(service: Service) -> str:
    """GET /health and /ready both answer 200, the first with status ok."""
    health = service.call("GET", "/health", expect=200).json
    if not isinstance(health, dict) or health.get("status") != "ok":
        raise VerificationError(f"{service.name}: /health answers {health!r}")
    eventually(
        f"{service.name}: /ready answers 200",
        READY_SECONDS,
        lambda: service.call("GET", "/ready", expect=200),
    )
    return "/health and /ready answer 200"


def measured_and_described(service: Service) -> str:
    """GET /metrics is a Prometheus page and GET /schema/openapi.json an OpenAPI document."""
    page = service.call("GET", "/metrics", expect=200).body
    if "# TYPE " not in page:
        raise VerificationError(f"{service.name}: /metrics is no Prometheus page: {page[:100]}")
    schema = service.call("GET", "/schema/openapi.json", expect=200).json
    if not str(schema.get("openapi", "")).startswith("3."):
        raise VerificationError(f"{service.name}: /schema/openapi.json is no OpenAPI 3 document")
    return f"{page.count('# TYPE ')} metric families, {len(schema['paths'])} paths"


def front_page(service: Service) -> str:
    """A browser that asks for / gets a page or is shown the way to the login."""
    reply = service.call("GET", "/")
    if reply.status not in {200, 302, 303, 307}:
        raise VerificationError(f"{service.name}: GET / answered {reply.status}")
    login = service.call("GET", "/sign-in", expect=200)
    if "<form" not in login.body:
        raise VerificationError(f"{service.name}: /sign-in holds no form")
    return f"GET / answers {reply.status}, /sign-in holds a form"
