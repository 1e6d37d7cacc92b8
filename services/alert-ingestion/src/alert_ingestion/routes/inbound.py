"""A route for each format: parse nothing, call one use case, answer in the sender's terms."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from litestar import Request, Response, post
from litestar.background_tasks import BackgroundTask
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec

from alert_ingestion.formats import FORMATS
from alert_ingestion.formats.format import Format
from alert_ingestion.formats.reading import Taken
from alert_ingestion.model import Sent
from alert_ingestion.routes.documented import json_body
from alert_ingestion.routes.keys import integration_key
from alert_ingestion.routes.parameters import TheIngestion
from alert_ingestion.workflow.ingest import Body, Ingestion, told
from shared import problems
from shared.errors import Malformed, Problem, Unauthorized
from shared.intake import vouch
from shared.observe import tell

# Errors that are named in an answer; a sender that made thousands learns nothing from the rest.
_NAMED: Final = 100


class PartlyRefused(Malformed):
    """Some alerts of a request could not be read; the others are stored (400)."""


def route_of(form: Format) -> HTTPRouteHandler:
    """The handler that takes requests of a format."""

    @post(
        list(form.paths),
        operation_class=json_body(
            dict(form.schema), description=form.body_description, example=form.example
        ),
        operation_id=form.operation_id if len(form.paths) == 1 else None,
        summary=form.summary,
        description=form.description,
        status_code=form.status_code,
        tags=["alerts in"],
        security=[{"bearer": []}],
        request_max_body_size=form.largest_body,
        exception_handlers={Problem: _refused, HTTPException: _refused_by_framework},
        responses={
            form.status_code: ResponseSpec(
                form.answer,
                description=form.answer_description,
                # Made-up examples need a generator that is not in the image, and change.
                generate_examples=False,
            )
        },
    )
    async def handle(request: Request[Any, Any, Any], ingestion: TheIngestion) -> Response[Any]:
        answer = await take(request, form, ingestion, request.body)
        return Response(answer, status_code=form.status_code)

    return handle


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
    taken = await ingestion(integration_key(request), form, _reader(request, form, body))
    tell(request.scope, told(taken))
    _refuse_partly(taken)
    return form.reply(taken)


def refused(request: Request[Any, Any, Any], _form: Format, error: Exception) -> Response[bytes]:
    """The answer to a request that failed; a refusal is counted once it was given."""
    match error:
        case Problem():
            return _refused(request, error)
        case HTTPException():
            return _refused_by_framework(request, error)
        case _:
            return problems.on_unexpected(request, error)


def _reader(
    request: Request[Any, Any, Any], form: Format, body: Callable[[], Awaitable[bytes]]
) -> Body:
    """Reads what was sent, for whoever has found the key to be good."""

    async def read() -> Sent:
        vouch(request.scope)
        return Sent(
            await body(),
            path={name: str(value) for name, value in request.scope.get("path_params", {}).items()},
            query=_named(form.query, request.query_params),
            headers=_named(form.headers, request.headers),
        )

    return read


def _named(names: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name in names if (value := given.get(name)) is not None}


def _refuse_partly(taken: Taken) -> None:
    """Raises PartlyRefused, naming by index what could not be read; the rest is stored by then."""
    if not taken.errors:
        return
    stored = len(taken.receipts)
    raise PartlyRefused(
        f"{stored} stored; refused: "
        + "; ".join(f"{error.field}: {error.message}" for error in taken.errors[:10]),
        errors=[
            {"field": error.field, "message": error.message} for error in taken.errors[:_NAMED]
        ],
        stored=stored,
    )


def _refused(request: Request[Any, Any, Any], problem: Problem) -> Response[bytes]:
    reason = _REASONS.get(type(problem), problem.title.lower().replace(" ", "_"))
    return _noted(request, problems.on_problem(request, problem), reason, problem.detail)


def _refused_by_framework(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    reason = error.__class__.__name__
    return _noted(request, problems.on_http_exception(request, error), reason, error.detail)


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
