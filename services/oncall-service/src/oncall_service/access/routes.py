"""Signing in and out, oneself, and API tokens."""

from typing import Any
from uuid import UUID

from litestar import Request, Router, delete, get, post
from litestar.params import FromPath, JSONBody

from oncall_service.access import sessions, tokens, usecases
from oncall_service.access.shapes import PasswordChange, SignIn, TokenCreate
from oncall_service.core.parameters import TheCore
from shared.app import INTERNAL_MAX_BODY_BYTES
from shared.auth import Caller, bearer_token, requires, requires_service
from shared.contracts.configuration import TokenCreated, TokenView
from shared.contracts.identity import (
    TOKEN_CHECK_PATH,
    Principal,
    Role,
    TokenCheck,
    TokenCheckResult,
)
from shared.contracts.oncall_api import OwnSession, SessionView
from shared.contracts.wire import Page
from shared.documented import as_responses
from shared.errors import Forbidden, TooMany, Unauthorized, Unavailable
from shared.paging import DEFAULT_LIMIT, Cursor, Limit

BEARER: list[dict[str, list[str]]] = [{"bearer": []}]


@post(
    "/sessions",
    security=[{}],
    responses=as_responses(Unauthorized, Forbidden, TooMany, Unavailable),
)
async def sign_in(
    core: TheCore, request: Request[Any, Any, Any], data: JSONBody[SignIn]
) -> SessionView:
    """Sign in with user and password. 429 after too many failed attempts."""
    return await usecases.sign_in(core, data, await _address(request))


@delete("/sessions/current", guards=[requires(Role.VIEWER)], security=BEARER)
async def sign_out(core: TheCore, request: Request[Any, Any, Any]) -> None:
    """End the session this request is authenticated with."""
    token = bearer_token(request)
    if token is None:
        raise Unauthorized("There is no session to end.")
    await usecases.sign_out(core, token)


@get("/me", guards=[requires(Role.VIEWER)], security=BEARER, sync_to_thread=False)
def me(principal: Caller) -> Principal:
    """Who is asking, and what they may do."""
    return principal


@post(
    "/me/password",
    status_code=204,
    guards=[requires(Role.VIEWER)],
    security=BEARER,
    responses=as_responses(TooMany),
)
async def change_password(core: TheCore, data: JSONBody[PasswordChange], principal: Caller) -> None:
    """Choose another password; every session of the person ends."""
    await usecases.change_password(core, principal, data)


@get("/me/sessions", guards=[requires(Role.VIEWER)], security=BEARER)
async def list_own_sessions(
    core: TheCore,
    principal: Caller,
    request: Request[Any, Any, Any],
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[OwnSession]:
    """Where one is signed in, newest first."""
    token = bearer_token(request) or ""
    return await sessions.listed(core, principal, token, limit=limit, cursor=cursor)


@delete("/me/sessions/{session_id:uuid}", guards=[requires(Role.VIEWER)], security=BEARER)
async def end_own_session(core: TheCore, session_id: FromPath[UUID], principal: Caller) -> None:
    """Sign out of one of one's own sessions; the other services notice within five seconds."""
    await sessions.end(core, principal, session_id)


@delete("/me/sessions", guards=[requires(Role.VIEWER)], security=BEARER)
async def end_other_sessions(
    core: TheCore, principal: Caller, request: Request[Any, Any, Any]
) -> None:
    """Sign out everywhere but here."""
    await sessions.end_others(core, principal, bearer_token(request) or "")


@post("/tokens", guards=[requires(Role.ADMIN)], security=BEARER)
async def create_token(
    core: TheCore, data: JSONBody[TokenCreate], principal: Caller
) -> TokenCreated:
    """Make an API token; the answer is the only place where it can be read."""
    return await tokens.create(core, data, principal)


@get("/tokens", guards=[requires(Role.ADMIN)], security=BEARER)
async def list_tokens(
    core: TheCore, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[TokenView]:
    """API tokens, newest first, revoked ones included."""
    return await tokens.listed(core, limit=limit, cursor=cursor)


@delete("/tokens/{token_id:uuid}", guards=[requires(Role.ADMIN)], security=BEARER)
async def revoke_token(core: TheCore, token_id: FromPath[UUID], principal: Caller) -> None:
    """Revoke a token for ever; the other services notice within a minute."""
    await tokens.revoke(core, token_id, principal)


router = Router(
    "/api/v1",
    route_handlers=[
        sign_in,
        sign_out,
        me,
        change_password,
        list_own_sessions,
        end_own_session,
        end_other_sessions,
        create_token,
        list_tokens,
        revoke_token,
    ],
    tags=["access"],
)


@post(
    TOKEN_CHECK_PATH,
    status_code=200,
    guards=[requires_service("alert-ingestion", "incident-management", "web-ui")],
)
async def check_token(core: TheCore, data: JSONBody[TokenCheck]) -> TokenCheckResult:
    """Whose token this is; null for one that is unknown, expired or revoked."""
    return TokenCheckResult(principal=await tokens.LocalTokenDirectory(core).find(data.token))


internal_router = Router(
    "/",
    route_handlers=[check_token],
    request_max_body_size=INTERNAL_MAX_BODY_BYTES,
    tags=["internal"],
    security=[{"bearer": []}],
)


async def _address(request: Request[Any, Any, Any]) -> str:
    """Where the person is, for the throttle.

    web-ui signs people in on their behalf: its word about their address counts if it proves, with
    its service token, that it is web-ui. From anybody else the header could be made up.
    """
    client = request.client.host if request.client else "unknown"
    forwarded = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    token = bearer_token(request)
    if not forwarded or token is None:
        return client
    principal = await request.app.state.authenticator.authenticate(token)
    trusted = principal is not None and principal.kind == "service"
    return forwarded[:100] if trusted else client
