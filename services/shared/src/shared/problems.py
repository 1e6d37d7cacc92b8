"""From any exception to application/problem+json (RFC 9457)."""

import contextlib
import inspect
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import (
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    SerializationException,
    ValidationException,
)

from shared import context
from shared.errors import FieldError, Invalid, Malformed, Problem, TooLarge
from shared.masks import masked_url

_RESUMABLE = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR

PROBLEM_JSON = "application/problem+json"

_log = structlog.get_logger(__name__)


def document(problem: Problem, *, instance: str | None = None) -> bytes:
    """The body that tells a client about ``problem``."""
    return _document(problem.status, problem.title, problem.detail, instance, problem.extra)


def problem_response(problem: Problem, *, instance: str | None = None) -> Response[bytes]:
    """The response that tells a client about ``problem``."""
    return _response(problem.status, document(problem, instance=instance), problem.headers)


def on_problem(request: Request[Any, Any, Any], problem: Problem) -> Response[bytes]:
    """A failure a use case named."""
    forget(problem)
    return problem_response(problem, instance=request.scope["path"])


def on_http_exception(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """A failure the framework found: routing, parsing, validation."""
    path = request.scope["path"]
    forget(error)
    if isinstance(error, ValidationException):
        if _lacks_body(error):
            return problem_response(
                Malformed("The body is empty: send a JSON object."), instance=path
            )
        return problem_response(_invalid(error), instance=path)
    if isinstance(error.__cause__, SerializationException | msgspec.DecodeError):
        return problem_response(_unreadable(error), instance=path)
    if error.status_code == 413:
        return problem_response(
            TooLarge("The body is larger than this route accepts."), instance=path
        )
    if isinstance(error, NotFoundException):
        detail = "There is nothing at this address."
    elif isinstance(error, MethodNotAllowedException):
        detail = f"{request.scope['method']} is not possible here."
    else:
        detail = error.detail
    status = error.status_code
    body = _document(status, HTTPStatus(status).phrase, detail, path, {})
    return _response(status, body, dict(error.headers or {}))


def on_malformed(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """A body a handler tried to decode, and could not."""
    forget(error)
    return problem_response(
        Malformed("The body is not valid JSON in UTF-8."), instance=request.scope["path"]
    )


def on_unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """A bug of ours: logged whole, told without any inner detail."""
    _log.error("unexpected_error", exc_info=error)
    return problem_response(
        Problem("Something went wrong on our side; the request id leads to the log."),
        instance=request.scope["path"],
    )


def forget(error: BaseException) -> None:
    """Let go of what was at hand when it was raised.

    An exception keeps the variables of every function it came through, for as long as a garbage
    collection takes to come by: thirty megabytes for one body of a million brackets.
    """
    seen: BaseException | None = error
    while seen is not None:
        for frame, _ in traceback.walk_tb(seen.__traceback__):
            # A coroutine may be another's, which only waits: clearing it would end it.
            if not frame.f_code.co_flags & _RESUMABLE:
                with contextlib.suppress(RuntimeError):  # it still runs
                    frame.clear()
        seen = seen.__cause__ or seen.__context__


def _unreadable(error: HTTPException) -> Malformed:
    cause = error.__cause__
    while cause is not None and not isinstance(cause, msgspec.DecodeError | UnicodeError):
        cause = cause.__cause__
    reason = f": {cause}" if isinstance(cause, msgspec.DecodeError) else ""
    return Malformed(f"The body is not valid JSON in UTF-8{reason}.")


def _lacks_body(error: ValidationException) -> bool:
    # The framework passes a handler no ``data`` then, and reports the KeyError of that.
    found = error.extra if isinstance(error.extra, list) else []
    return [(item.get("key"), item.get("message")) for item in found if isinstance(item, dict)] == [
        ("data", "'data'")
    ]


def _invalid(error: ValidationException) -> Invalid:
    found = error.extra if isinstance(error.extra, list) else []
    errors = [
        FieldError(
            str(item.get("key") or "body"),
            # What our own validators say is a sentence already.
            str(item.get("message", "is not valid")).removeprefix("Value error, "),
        )
        for item in found
        if isinstance(item, dict)
    ]
    return Invalid(errors or [FieldError("body", error.detail)])


def _document(
    status: int, title: str, detail: str, instance: str | None, extra: Mapping[str, Any]
) -> bytes:
    members = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        # Answers are kept and passed around too, and the path may hold a key.
        "instance": None if instance is None else masked_url(instance),
        "request_id": context.current().get("request_id"),
        **extra,
    }
    return msgspec.json.encode(
        {name: value for name, value in members.items() if value is not None}
    )


def _response(status: int, body: bytes, headers: Mapping[str, str]) -> Response[bytes]:
    return Response(
        content=body, status_code=status, media_type=PROBLEM_JSON, headers=dict(headers)
    )
