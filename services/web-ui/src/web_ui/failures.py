"""Failures as a person sees them: a page with a way on, a notice in a fragment, or the sign-in."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, NotFoundException
from litestar.response import Redirect

from shared import context
from shared.errors import Problem
from shared.problems import forget
from web_ui import addresses
from web_ui.clients import Down, SignedOut
from web_ui.cookies import Cookies
from web_ui.csrf import SAFE_METHODS, StaleForm
from web_ui.notices import Notice, down, unanswered
from web_ui.reading import say, sentence
from web_ui.rendering import Renderer, wants_fragment

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class MessagePage:
    """The context of a page that only says something."""

    heading: str
    text: str
    link: str
    link_text: str
    request_id: str | None
    again: bool = False
    """Whether the page tries again by itself: what is missing comes back."""


HEADINGS = {
    403: sentence("That is not allowed"),
    404: sentence("There is nothing here"),
    405: sentence("That is not possible here"),
    408: sentence("That took too long"),
    413: sentence("That is too large"),
    422: sentence("That cannot be shown"),
    429: sentence("Too many requests"),
    # Nobody reads it: whoever asked has gone.
    499: sentence("You were gone"),
    503: sentence("One moment, please"),
}
OURS = sentence("Something went wrong on our side")
STALE = sentence("This form is out of date")
SIGN_OUT = "/sign-out"


class Failures:
    """Exception handlers of every page."""

    def __init__(self, renderer: Renderer, cookies: Cookies) -> None:
        self._renderer = renderer
        self._cookies = cookies

    def signed_out(self, request: Request[Any, Any, Any], _error: SignedOut) -> Response[Any]:
        """To the sign-in, and back afterwards to where the person was."""
        token = self._cookies.token(request)
        forget = [self._cookies.no_session()] if token else []
        # Who signs out of a session that is over has what they wanted.
        acted = request.method not in SAFE_METHODS and request.url.path != SIGN_OUT
        ended = "action" if acted else "session" if token else None
        if "text/event-stream" in request.headers.get("accept", ""):
            return Response(None, status_code=401, cookies=forget)
        if wants_fragment(request):
            back = addresses.path_of(request.headers.get("hx-current-url"))
            target = addresses.sign_in(back, ended)
            return Response(None, status_code=401, headers={"HX-Redirect": target}, cookies=forget)
        if not acted:
            back = addresses.local(_address(request))
        else:
            back = addresses.path_of(request.headers.get("referer"))
        return Redirect(addresses.sign_in(back, ended), status_code=303, cookies=forget)

    def problem(self, request: Request[Any, Any, Any], error: Problem) -> Response[Any]:
        """A failure with a name."""
        forget(error)
        if isinstance(error, Down):
            return self._say(request, error.status, unanswered(error), down(error))
        if isinstance(error, StaleForm):
            return self._stale(request, error)
        return self._say(request, error.status, say(error.detail))

    def http(self, request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
        """A failure the framework found."""
        forget(error)
        if isinstance(error, NotFoundException):
            return self._say(request, 404, say("The address is wrong, or the page has moved."))
        detail = error.detail if error.status_code < 500 else say("Try again in a moment.")
        return self._say(request, error.status_code, detail)

    def unexpected(self, request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        """A bug of ours: logged whole, told without any inner detail."""
        _log.error("unexpected_error", exc_info=error)
        return self._say(request, 500, say("It is in the log under the request below."))

    def _stale(self, request: Request[Any, Any, Any], error: StaleForm) -> Response[Any]:
        """The way on is the page the form was on, loaded again."""
        if wants_fragment(request):
            return self._renderer.keep(request, [Notice("error", say(STALE), say(error.detail))])
        back = addresses.path_of(request.headers.get("referer"))
        message = MessagePage(say(STALE), say(error.detail), back, say("Load the page again"), None)
        return self._renderer.page(request, "message", message, status=error.status)

    def _say(
        self,
        request: Request[Any, Any, Any],
        status: int,
        text: str,
        notice: Notice | None = None,
    ) -> Response[Any]:
        ours = OURS if status >= 500 else None
        heading = say(HEADINGS.get(status) or ours or HTTPStatus(status).phrase)
        if wants_fragment(request):
            # What an update could not show is told by the next one that can.
            kind: Literal["down", "error"] = "down" if request.method == "GET" else "error"
            return self._renderer.keep(request, [notice or Notice(kind, heading, text)])
        again = status == 503 and request.method == "GET"
        message = MessagePage(
            heading=heading,
            text=f"{text} {notice.text}" if notice else text,
            link=_address(request) if again else addresses.HOME,
            link_text=say("Try again") if status == 503 else say("To the open incidents"),
            request_id=context.current().get("request_id") if status >= 500 else None,
            again=again,
        )
        return self._renderer.page(request, "message", message, status=status)


def _address(request: Request[Any, Any, Any]) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")
