"""Where a sender puts its integration key."""

import base64
from collections.abc import Awaitable, Callable
from typing import Any, Final

from litestar import Request

from shared.auth import bearer_token
from shared.intake import vouch

QUERY_PARAMETER: Final = "integration_key"


def integration_key(request: Request[Any, Any, Any]) -> str | None:
    """The key of a request: a bearer token, the password of basic auth, or in the URL; else None.

    The header wins over the URL. What looks like a key is masked in every log.
    """
    return bearer_token(request) or _basic_password(request) or _in_query(request)


def body_of(request: Request[Any, Any, Any]) -> Callable[[], Awaitable[bytes]]:
    """Reads the body, for whoever has found the key to be good."""

    async def read() -> bytes:
        vouch(request.scope)
        return await request.body()

    return read


def _basic_password(request: Request[Any, Any, Any]) -> str | None:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(encoded, validate=True).decode()
    except ValueError:  # characters beyond ASCII, bad padding, not UTF-8
        return None
    return decoded.partition(":")[2] or None


def _in_query(request: Request[Any, Any, Any]) -> str | None:
    value = request.query_params.get(QUERY_PARAMETER)
    return value or None
