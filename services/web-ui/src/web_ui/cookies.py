"""The cookies web-ui sets: session, the visit before it, browser, receipt of a form, tastes."""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote

from litestar import Request
from litestar.datastructures import Cookie

from web_ui import saved_views
from web_ui.saved_views import SavedView

THEMES = ("light", "dark")
A_YEAR_SECONDS = 365 * 24 * 3600
THEME, LANGUAGE, VIEWS = "vigie_theme", "vigie_language", "vigie_views"
DEVICE_BYTES, DEVICE_LENGTH = 32, 43
RECEIPT_SECONDS = 60


class Cookies:
    """Names and flags in one place; ``secure`` is for installations behind TLS.

    Secure cookies get the ``__Host-`` prefix, with which a browser refuses to take them from a
    sibling host or over plain HTTP.
    """

    def __init__(self, *, secure: bool) -> None:
        self._secure = secure
        prefix = "__Host-" if secure else ""
        self.session_name = f"{prefix}vigie_session"
        self.visit_name = f"{prefix}vigie_visit"
        self.device_name = f"{prefix}vigie_device"
        self.receipt_name = f"{prefix}vigie_receipt"

    def session(self, token: str, *, now: datetime, expires_at: datetime) -> Cookie:
        """Carries the token of a session for as long as that lives."""
        return self._private(
            self.session_name, token, max_age=max(0, int((expires_at - now).total_seconds()))
        )

    def no_session(self) -> Cookie:
        """Removes the session."""
        return self._private(self.session_name, "", max_age=0)

    def visit(self, value: str) -> Cookie:
        """Binds the forms shown before sign-in; ends with the browser."""
        return self._private(self.visit_name, value)

    def device(self, value: str) -> Cookie:
        """Says that somebody has signed in with this browser before; outlives the session."""
        return self._private(self.device_name, value, max_age=A_YEAR_SECONDS)

    def receipt(self, word: str, path: str) -> Cookie:
        """What a form has just done (a word of receipts.py), for the page at ``path``.

        An address could claim anything.
        """
        return self._private(
            self.receipt_name, f"{word}.{quote(path, safe='')}", max_age=RECEIPT_SECONDS
        )

    def no_receipt(self) -> Cookie:
        """It was read."""
        return self._private(self.receipt_name, "", max_age=0)

    def receipt_of(self, request: Request[Any, Any, Any]) -> str:
        """The word of the receipt for this page; empty without one."""
        word, _, path = request.cookies.get(self.receipt_name, "").partition(".")
        return word if unquote(path) == request.url.path else ""

    def views(self, views: Sequence[SavedView]) -> Cookie:
        """Keeps the views that somebody has saved; in base64, for a name may hold anything."""
        value = urlsafe_b64encode(saved_views.written(views).encode()).decode()
        return self._private(VIEWS, value, max_age=A_YEAR_SECONDS)

    def views_of(self, request: Request[Any, Any, Any]) -> list[SavedView]:
        """The views kept here; none where the cookie is not ours."""
        try:
            text = urlsafe_b64decode(request.cookies.get(VIEWS, "")).decode()
        except ValueError:
            return []
        return saved_views.read(text)

    def language(self, value: str) -> Cookie:
        """Remembers the language of this browser, for pages before the sign-in."""
        return self._private(LANGUAGE, value, max_age=A_YEAR_SECONDS)

    def chosen_language(self, request: Request[Any, Any, Any]) -> str:
        """The language this browser was told to show; empty: none."""
        return request.cookies.get(LANGUAGE, "")

    def theme(self, value: str) -> Cookie:
        """Remembers the colours; ``""`` is as the system. Read by app.js, so not HttpOnly."""
        return Cookie(
            key=THEME,
            value=value,
            path="/",
            max_age=A_YEAR_SECONDS if value else 0,
            samesite="lax",
            secure=self._secure,
        )

    def token(self, request: Request[Any, Any, Any]) -> str | None:
        """The session's token, if the browser sent one."""
        return request.cookies.get(self.session_name) or None

    def device_of(self, request: Request[Any, Any, Any]) -> str:
        """The secret of this browser, or a new one where it has none of ours."""
        value = request.cookies.get(self.device_name, "")
        return value if len(value) == DEVICE_LENGTH else secrets.token_urlsafe(DEVICE_BYTES)

    def binding(self, request: Request[Any, Any, Any]) -> str:
        """What the tokens of forms are bound to: the session, else the visit, else nothing."""
        return self.token(request) or request.cookies.get(self.visit_name) or ""

    def chosen_theme(self, request: Request[Any, Any, Any]) -> str:
        """``light``, ``dark``, or ``""`` for what the system says."""
        value = request.cookies.get(THEME, "")
        return value if value in THEMES else ""

    def _private(self, name: str, value: str, max_age: int | None = None) -> Cookie:
        return Cookie(
            key=name,
            value=value,
            path="/",
            max_age=max_age,
            httponly=True,
            samesite="lax",
            secure=self._secure,
        )
