"""A route for each format: parse nothing, call one use case, answer in the sender's terms."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import Any, Final

import msgspec
from litestar import HttpMethod, MediaType, Request, Response, route
from litestar.background_tasks import BackgroundTask
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Operation
from litestar.types import ExceptionHandlersMap

from alert_ingestion.formats import FORMATS, addresses
from alert_ingestion.formats.format import FOUND, Format
from alert_ingestion.formats.reading import Taken, storable
from alert_ingestion.model import Sent
from alert_ingestion.routes.documented import bodies
from alert_ingestion.routes.keys import found_in_body, integration_key
from alert_ingestion.routes.parameters import TheIngestion
from alert_ingestion.store import alerts
from alert_ingestion.workflow.ingest import Ingestion, told
from shared import problems
from shared.app import media_type_check
from shared.database import Database
from shared.errors import (
    Forbidden,
    Invalid,
    Malformed,
    NotFound,
    Problem,
    TooLarge,
    TooMany,
    TooSlow,
    Unauthorized,
    Unavailable,
    Unsupported,
)
from shared.intake import vouch
from shared.observe import tell

# Errors that are named in an answer; a sender that made thousands learns nothing from the rest.
_NAMED: Final = 100


class PartlyRefused(Malformed):
    """Some alerts of a request could not be read; the others are stored (400)."""


def route_of(form: Format) -> HTTPRouteHandler:
    """The handler that takes requests of a format."""
    alone = len(form.paths) == 1 and len(form.methods) == 1

    @route(
        list(form.paths),
        http_method=[HttpMethod(method) for method in form.methods],
        operation_class=_documented(form),
        operation_id=form.operation_id if alone else None,
        summary=form.summary,
        description=form.description,
        status_code=form.status_code,
        tags=["alerts in"],
        security=[{"bearer": []}],
        request_max_body_size=form.largest_body,
        before_request=media_type_check(("application/json", *form.media_types)),
        exception_handlers=_handlers(form),
        responses={
            form.status_code: ResponseSpec(
                form.answer,
                description=form.answer_description,
                # Made-up examples need a generator that is not in the image, and change.
                generate_examples=False,
            ),
            **_refusals(form),
        },
    )
    async def handle(request: Request[Any, Any, Any], ingestion: TheIngestion) -> Response[Any]:
        answer = await take(request, form, ingestion, request.body)
        return Response(answer, status_code=form.status_code)

    return handle


def _documented(form: Format) -> type[Operation]:
    if form.example is None:
        return Operation
    taken = {"application/json": (form.schema, form.example), **form.other_bodies}
    return bodies(taken, description=form.body_description)


def refuses_as(form: Format) -> dict[str, Any]:
    """What makes a route refuse in the words of a format: arguments of its handler."""
    return {"exception_handlers": _handlers(form), "responses": _refusals(form)}


def _handlers(form: Format) -> ExceptionHandlersMap:
    return {
        Problem: partial(_refused, form),
        HTTPException: partial(_refused_by_framework, form),
    }


def _refusals(form: Format) -> dict[int, ResponseSpec]:
    """How a format refuses, where it does not do so as everybody else."""
    if form.refused is None:
        return {}
    return {
        status: ResponseSpec(form.refused, description=description, generate_examples=False)
        for status, description in _STATUSES.items()
    }


_STATUSES: Final = {
    problem.status: problem.title
    for problem in (
        *(Malformed, Unauthorized, Forbidden, NotFound, TooSlow, TooLarge, Unsupported, Invalid),
        *(TooMany, Unavailable),
    )
}


async def take(
    request: Request[Any, Any, Any],
    form: Format,
    ingestion: Ingestion,
    body: Callable[[], Awaitable[bytes]],
) -> Any:
    """The answer to a request, as its format makes it; ``body`` reads what was sent.

    Raises:
        Problem: the request is refused.
    """
    began = perf_counter()
    reader = _Reader(request, form, ingestion.database, body)
    try:
        if form.key is not None:
            await reader.find_key(form.key)
        taken = await ingestion(integration_key(request), form, reader)
        tell(request.scope, told(taken))
        if taken.errors and form.dead_reason is None:
            _refuse_partly(taken)
    except (Malformed, Invalid, Unauthorized) as problem:
        if reader.body is not None:
            addresses.direct(problem, reader.body, form)
        raise
    if taken.errors:
        await _note_unread(request, form, taken)
    if form.confirms is not None and (url := form.confirms(reader.body or b"")) is not None:
        request.app.state.subscriptions.confirm(integration_key(request), url)
    return form.reply(replace(taken, took=perf_counter() - began))


def refused(request: Request[Any, Any, Any], form: Format, error: Exception) -> Response[bytes]:
    """The answer to a request that failed; a refusal is counted once it was given."""
    match error:
        case Problem():
            return _refused(form, request, error)
        case HTTPException():
            return _refused_by_framework(form, request, error)
        case _:
            return problems.on_unexpected(request, error)


class _Reader:
    """Reads what was sent, for whoever has found the key to be good; ``body`` once it is read."""

    def __init__(
        self,
        request: Request[Any, Any, Any],
        form: Format,
        database: Database,
        read: Callable[[], Awaitable[bytes]],
    ) -> None:
        self._request = request
        self._form = form
        self._database = database
        self._read = read
        self.body: bytes | None = None

    async def find_key(self, key: Callable[[bytes], str | None]) -> None:
        """Find the key in the body, which is read for nobody else's sake: it is small.

        Raises:
            Unauthorized: there is none, nor anywhere else.
        """
        found = key(await self._whole())
        found_in_body(self._request, found)
        if integration_key(self._request) is None:
            raise Unauthorized("The body holds no key of an integration.")

    async def __call__(self) -> Sent:
        path = self._request.scope.get("path_params", {})
        sent = Sent(
            await self._whole(),
            path=storable({name: str(value) for name, value in path.items()}),
            query=storable(_named(self._form.query, self._request.query_params)),
            headers=storable(_headed(self._form.headers, self._request)),
        )
        if self._form.kept is not None:
            sent = self._form.kept(sent)
        alert_id = self._form.about(sent) if self._form.about is not None else None
        if alert_id is None:
            return sent
        async with self._database.transaction() as connection:
            alert = await alerts.by_id(connection, alert_id)
        return replace(sent, path={**sent.path, FOUND: alert.fingerprint}) if alert else sent

    async def _whole(self) -> bytes:
        if self.body is None:
            vouch(self._request.scope)
            self.body = await self._read()
        return self.body


def _named(names: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name in names if (value := given.get(name)) is not None}


def _headed(names: Sequence[str], request: Request[Any, Any, Any]) -> dict[str, str]:
    """The headers of these names; one that ends in ``*`` stands for all that begin so."""
    if not names:
        return {}
    beginnings = tuple(name.removesuffix("*") for name in names if name.endswith("*"))
    return {
        name: value
        for name, value in request.headers.items()
        if name in names or name.startswith(beginnings)
    }


async def _note_unread(request: Request[Any, Any, Any], form: Format, taken: Taken) -> None:
    """Count what is a dead letter as a refusal, though its sender is told that it was taken."""
    said = "; ".join(f"{error.field}: {error.message}" for error in taken.errors[:10])
    reason = form.dead_reason or ""
    await request.app.state.refusals.note(integration_key(request), reason, said)


def _refuse_partly(taken: Taken) -> None:
    """Raises PartlyRefused, naming by index what could not be read; the rest is stored by then."""
    stored = len(taken.receipts)
    raise PartlyRefused(
        f"{stored} stored; refused: "
        + "; ".join(f"{error.field}: {error.message}" for error in taken.errors[:10]),
        errors=[
            {"field": error.field, "message": error.message} for error in taken.errors[:_NAMED]
        ],
        stored=stored,
    )


def _refused(form: Format, request: Request[Any, Any, Any], problem: Problem) -> Response[bytes]:
    reason = _REASONS.get(type(problem), problem.title.lower().replace(" ", "_"))
    if form.refusal is None:
        response = problems.on_problem(request, problem)
    else:
        problems.forget(problem)
        status, said = form.refusal(problem)
        response = Response(
            msgspec.json.encode(said),
            status_code=status,
            media_type=MediaType.JSON.value,
            headers=problem.headers if status == problem.status else {},
        )
    return _noted(request, response, reason, problem.detail)


def _refused_by_framework(
    form: Format, request: Request[Any, Any, Any], error: HTTPException
) -> Response[bytes]:
    if form.refusal is not None:
        return _refused(form, request, _as_problem(error))
    reason = error.__class__.__name__
    return _noted(request, problems.on_http_exception(request, error), reason, error.detail)


def _as_problem(error: HTTPException) -> Problem:
    if error.status_code == TooLarge.status:
        return TooLarge("The body is larger than this route accepts.")
    if error.status_code == NotFound.status:
        return NotFound("There is nothing at this address.")
    return Malformed(error.detail)


_REASONS: Final[dict[type[Problem], str]] = {
    Unauthorized: "unknown_key",
    PartlyRefused: "partly_refused",
}


def _noted(
    request: Request[Any, Any, Any], response: Response[bytes], reason: str, detail: str
) -> Response[bytes]:
    """The answer, after which a refusal is counted; that of a 5xx is the sender's to repeat."""
    status = response.status_code or 500
    if 400 <= status < 500:
        note = request.app.state.refusals.note
        response.background = BackgroundTask(note, integration_key(request), reason, detail)
    return response


HANDLERS: Final = tuple(route_of(form) for form in FORMATS)
