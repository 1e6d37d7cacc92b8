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

from shared import links
from shared.errors import Forbidden
from shared.intake import vouch
from web_ui.clients import Down, SignedOut
from web_ui.cookies import Cookies
from web_ui.reading import sentence
from web_ui.viewer import Viewers

FIELD = "csrf_token"
HEADER = "X-CSRF-Token"

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OWN_ORIGIN = frozenset({"same-origin", "none"})
# Forms that work without a session.
OPEN_TO_ALL = frozenset({"/sign-in", "/theme", "/language"})

_BYTES = hashlib.sha256().digest_size

FOREIGN = sentence("This request came from another site, so it was not carried out.")
EXPIRED = sentence("Nothing was changed. Load the page again and repeat what you did.")


class StaleForm(Forbidden):
    """The form was made for another session, or by somebody else."""


def issue(secret: str, binding: str) -> str:
    """The token for forms shown to the holder of ``binding`` (a session or visit cookie).

    Another one each time, behind a mask of its own: pages are compressed, and a secret that comes
    back unchanged beside text that somebody else can choose is guessed from their length (BREACH).
    """
    mask = secrets.token_bytes(_BYTES)
    return (mask + _xor(mask, _secret_of(secret, binding))).hex()


def matches(secret: str, binding: str, token: str) -> bool:
    """Whether ``token`` was issued to the holder of ``binding``; in constant time."""
    try:
        sent = bytes.fromhex(token)
    except ValueError:
        return False
    expected = _xor(sent[:_BYTES], _secret_of(secret, binding))
    whole = bool(binding) and len(sent) == 2 * _BYTES
    return whole and hmac.compare_digest(expected, sent[_BYTES:])


def _secret_of(secret: str, binding: str) -> bytes:
    return hmac.new(secret.encode(), f"vigie-form:{binding}".encode(), hashlib.sha256).digest()


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=False))


def new_visit() -> str:
    """A binding for somebody who is not signed in."""
    return secrets.token_urlsafe(24)


class FormGuard:
    """Checks every unsafe request before its handler runs."""

    def __init__(self, secret: str, cookies: Cookies, viewers: Viewers) -> None:
        self._secret = secret
        self._cookies = cookies
        self._viewers = viewers

    async def check(self, request: Request[Any, Any, Any]) -> None:
        """Refuse a request that no form of ours made.

        Raises:
            Forbidden: it comes from another origin.
            StaleForm: its token is missing or somebody else's.
            SignedOut: the session it was made for has ended, here or in the browser.
        """
        # A link of a message carries its own proof, and is used where no cookie of ours is: by the
        # button of a notification, on a telephone that never signed in.
        if request.method in SAFE_METHODS or request.url.path.startswith(links.PATH):
            return
        origin = request.headers.get("sec-fetch-site")
        if origin is not None and origin not in OWN_ORIGIN:
            raise Forbidden(FOREIGN)
        binding = self._cookies.binding(request)
        await self._refuse_ended(request)
        token = request.headers.get(HEADER.lower())
        # Nothing fits a browser without a cookie of ours, so there is nothing to read either.
        if token is None and binding:
            field = (await request.form()).get(FIELD)
            token = field if isinstance(field, str) else ""
        if not matches(self._secret, binding, token or ""):
            # Cookies end with the session, so a session that ended looks like a form without one.
            if self._cookies.token(request) is None and request.url.path not in OPEN_TO_ALL:
                raise SignedOut("Sign in first.")
            raise StaleForm(EXPIRED)

    async def _refuse_ended(self, request: Request[Any, Any, Any]) -> None:
        """Find out whose session it is before the form is read; only theirs may be a long one."""
        session = self._cookies.token(request)
        if session is None:
            return
        try:
            known = await self._viewers.principal(session) is not None
        except Down:
            # It cannot be told now: the form is read as far as a stranger's would be.
            return
        if known:
            vouch(request.scope)
        elif request.url.path not in OPEN_TO_ALL:
            raise SignedOut("Sign in first.")
