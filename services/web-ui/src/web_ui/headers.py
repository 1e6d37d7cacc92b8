"""Headers on every answer: what a browser may load, frame, guess, remember and tell others."""

from collections.abc import Awaitable, Callable

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

# Nothing inline and nothing from elsewhere: injected markup cannot run, load or send anything.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "worker-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)

ALWAYS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

# A year, as far as HSTS preloading asks for; only said over TLS.
STRICT_TRANSPORT = "max-age=31536000"

# A file under an address that carries the hash of its content never changes.
FOREVER = "public, max-age=31536000, immutable"


def protective(*, secure: bool) -> Callable[[Message, Scope], Awaitable[None]]:
    """A ``before_send`` hook that adds the headers; what a handler set itself stays."""

    async def add(message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        headers = MutableScopeHeaders.from_message(message)
        for name, value in ALWAYS.items():
            headers.setdefault(name, value)
        if secure:
            headers.setdefault("Strict-Transport-Security", STRICT_TRANSPORT)
        if scope["path"].startswith("/static/"):
            marked = scope["query_string"].startswith(b"v=") and message["status"] == 200
            headers["Cache-Control"] = FOREVER if marked else "no-cache"
        else:
            # Pages are about one person's view of now.
            headers.setdefault("Cache-Control", "no-store")

    return add
