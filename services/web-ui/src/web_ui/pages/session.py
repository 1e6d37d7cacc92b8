"""``/sign-in``, ``/sign-out`` and the choice of colours."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, get, post
from litestar.response import Redirect

from shared.errors import Forbidden, Invalid, TooMany
from web_ui import addresses
from web_ui.clients import Browser, Down, SignedOut
from web_ui.cookies import THEMES
from web_ui.notices import Notice, unanswered
from web_ui.reading import NAMES, many, say, sentence
from web_ui.services import Services, TheServices

# Why somebody who was signed in is asked again: from this list, never from the address.
ENDED = {
    "session": sentence("Sign in to go on where you were."),
    "password": sentence("Your password is changed: sign in with the new one."),
    "action": sentence("What you just did was not carried out: sign in, and do it again."),
}


@dataclass(frozen=True)
class SignInPage:
    """The context of the page: where to go afterwards, and the name that was typed."""

    next: str
    user: str

    @property
    def languages(self) -> Mapping[str, str]:
        """The languages there are, by their own names."""
        return NAMES


@get(addresses.SIGN_IN, include_in_schema=False)
async def show(request: Request[Any, Any, Any], services: TheServices) -> Response[Any]:
    """The form; who is signed in already goes on."""
    back = addresses.local(request.query_params.get("next"))
    try:
        await services.viewers.of(request)
    except (SignedOut, Down):
        why = ENDED.get(request.query_params.get("ended", ""))
        ended = [Notice("warning", say("Your session has ended."), say(why))] if why else []
        return services.renderer.page(request, "sign_in", SignInPage(back, ""), notices=ended)
    return Redirect(back, status_code=303)


@post(addresses.SIGN_IN, include_in_schema=False, status_code=200)
async def sign_in(request: Request[Any, Any, Any], services: TheServices) -> Response[Any]:
    """Name and password, for a session cookie."""
    form = await request.form()
    user, password = str(form.get("user", "")).strip(), str(form.get("password", ""))
    back = addresses.local(str(form.get("next", "")))
    device = services.cookies.device_of(request)
    browser = Browser(_address(request), device, request.headers.get("user-agent", ""))
    try:
        session = await services.oncall.sign_in(user, password, browser)
    except (SignedOut, Invalid, Forbidden):
        notice = Notice(
            "error", say("User name or password is not right."), say("Check both and try again.")
        )
        return _again(request, services, SignInPage(back, user), notice, 401)
    except TooMany as error:
        wait = many(
            "Try again in {count} second.", "Try again in {count} seconds.", error.retry_after
        )
        notice = Notice("error", say("Too many attempts."), wait)
        return _again(request, services, SignInPage(back, user), notice, 429)
    except Down as error:
        notice = Notice(
            "down", unanswered(error), say("Nobody can sign in now. Try again in a moment.")
        )
        return _again(request, services, SignInPage(back, user), notice, 503)
    cookie = services.cookies.session(
        session.token, now=services.clock.now(), expires_at=session.expires_at
    )
    return Redirect(back, status_code=303, cookies=[cookie, services.cookies.device(device)])


def _address(request: Request[Any, Any, Any]) -> str:
    # Behind a proxy, the server has put the person's address here (FORWARDED_ALLOW_IPS).
    return request.client.host if request.client else "unknown"


def _again(
    request: Request[Any, Any, Any],
    services: Services,
    page: SignInPage,
    notice: Notice,
    status: int,
) -> Response[Any]:
    return services.renderer.page(request, "sign_in", page, notices=[notice], status=status)


@post("/sign-out", include_in_schema=False, status_code=200)
async def sign_out(request: Request[Any, Any, Any], services: TheServices) -> Response[Any]:
    """End the session, here in any case, and at oncall-service if it answers."""
    token = services.cookies.token(request)
    if token:
        # Over already, or it ends by itself within hours; the browser forgets it now.
        with suppress(SignedOut, Down):
            await services.oncall.sign_out(token)
        services.viewers.forget(token)
    return Redirect(addresses.SIGN_IN, status_code=303, cookies=[services.cookies.no_session()])


@post("/theme", include_in_schema=False, status_code=200)
async def choose_theme(request: Request[Any, Any, Any], services: TheServices) -> Response[Any]:
    """Light, dark, or as the system; app.js does the same without a round trip."""
    form = await request.form()
    theme = str(form.get("theme", ""))
    cookie = services.cookies.theme(theme if theme in THEMES else "")
    return Redirect(addresses.local(str(form.get("back", ""))), status_code=303, cookies=[cookie])


@post("/language", include_in_schema=False, status_code=200)
async def choose_language(request: Request[Any, Any, Any], services: TheServices) -> Response[Any]:
    """The language of this browser; who is signed in chooses theirs in their settings."""
    form = await request.form()
    language = str(form.get("language", ""))
    cookie = services.cookies.language(language if language in NAMES else "")
    return Redirect(addresses.local(str(form.get("back", ""))), status_code=303, cookies=[cookie])
