"""No form of another site acts for a signed-in person.

Every unsafe request carries a token that only our pages contain: an HMAC over the session it
belongs to, so it cannot be carried over from another session or planted with a cookie, and it ends
with the session. Before there is a session (sign-in itself), a random visit cookie takes its place.
Browsers also say where a request comes from (Sec-Fetch-Site), and a foreign origin is refused
whatever it carries.
"""

import hashlib
import hmac
import secrets
from typing import Any

from litestar import Request

from shared.errors import Forbidden
from web_ui.cookies import Cookies

FIELD = "csrf_token"
HEADER = "X-CSRF-Token"

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OWN_ORIGIN = frozenset({"same-origin", "none"})

EXPIRED = "This form is no longer valid. Go back, reload the page and try again."


def issue(secret: str, binding: str) -> str:
    """The token for forms shown to the holder of ``binding`` (a session or visit cookie)."""
    return hmac.new(secret.encode(), f"vigie-form:{binding}".encode(), hashlib.sha256).hexdigest()


def matches(secret: str, binding: str, token: str) -> bool:
    """Whether ``token`` was issued to the holder of ``binding``; in constant time."""
    return bool(binding) and hmac.compare_digest(
        issue(secret, binding).encode(), token.encode("utf-8", "replace")
    )


def new_visit() -> str:
    """A binding for somebody who is not signed in."""
    return secrets.token_urlsafe(24)


class FormGuard:
    """Checks every unsafe request before its handler runs."""

    def __init__(self, secret: str, cookies: Cookies) -> None:
        self._secret = secret
        self._cookies = cookies

    async def check(self, request: Request[Any, Any, Any]) -> None:
        """Refuse a request that no form of ours made.

        Raises:
            Forbidden: it comes from another origin, or its token is missing or somebody else's.
        """
        if request.method in SAFE_METHODS:
            return
        origin = request.headers.get("sec-fetch-site")
        if origin is not None and origin not in OWN_ORIGIN:
            raise Forbidden("This request came from another site, so it was not carried out.")
        token = request.headers.get(HEADER.lower())
        if token is None:
            field = (await request.form()).get(FIELD)
            token = field if isinstance(field, str) else ""
        if not matches(self._secret, self._cookies.binding(request), token):
            raise Forbidden(EXPIRED)
