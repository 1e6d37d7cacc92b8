"""Where a sender puts its integration key."""

import base64
from typing import Any, Final

from litestar import Request

from shared.auth import bearer_token

QUERY_PARAMETER: Final = "integration_key"

_IN_BODY: Final = "vigie.key_in_body"


def integration_key(request: Request[Any, Any, Any]) -> str | None:
    """The key of a request, or None.

    It is in the body of some formats, else a bearer token, Opsgenie's GenieKey, the password of
    basic auth, or in the URL; the header wins over the URL. What looks like a key is masked in
    every log.
    """
    return (
        request.scope.get(_IN_BODY)  # type: ignore[return-value]
        or bearer_token(request)
        or _genie_key(request)
        or _basic_password(request)
        or _in_query(request)
    )


def found_in_body(request: Request[Any, Any, Any], key: str | None) -> None:
    """Remember the key that was found in the body of a request."""
    request.scope[_IN_BODY] = key  # type: ignore[typeddict-unknown-key]


def _genie_key(request: Request[Any, Any, Any]) -> str | None:
    return _credentials(request, "geniekey").strip() or None


def _basic_password(request: Request[Any, Any, Any]) -> str | None:
    try:
        decoded = base64.b64decode(_credentials(request, "basic"), validate=True).decode()
    except ValueError:  # characters beyond ASCII, bad padding, not UTF-8
        return None
    return decoded.partition(":")[2] or None


def _credentials(request: Request[Any, Any, Any], scheme: str) -> str:
    """What stands after a scheme in the header; empty when it names another one."""
    given, _, credentials = request.headers.get("authorization", "").partition(" ")
    return credentials if given.lower() == scheme else ""


def _in_query(request: Request[Any, Any, Any]) -> str | None:
    value = request.query_params.get(QUERY_PARAMETER)
    return value or None
