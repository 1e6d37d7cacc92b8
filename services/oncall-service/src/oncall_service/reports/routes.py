"""Reports."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from litestar import Response, Router, get
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, OpenAPIType, Operation, Schema
from litestar.params import QueryParameter

from oncall_service.core.parameters import TheCore, instant, named_or_none
from oncall_service.reports import usecases
from oncall_service.reports.sheet import as_csv
from shared.auth import requires
from shared.contracts.identity import Role
from shared.contracts.reports import FairnessView

DEFAULT_PERIOD = timedelta(days=28)
CSV = "text/csv"


class Format(StrEnum):
    """How a report is written."""

    JSON = "json"
    CSV = "csv"


@dataclass
class _EitherFormat(Operation):
    """The second media type for OpenAPI, which a signature cannot say."""

    def __post_init__(self) -> None:
        """Add it."""
        answer = (self.responses or {}).get("200")
        if isinstance(answer, OpenAPIResponse) and answer.content is not None:
            answer.content[CSV] = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING))


@get("/fairness", operation_class=_EitherFormat)
async def fairness(
    *,
    core: TheCore,
    start: Annotated[
        str | None,
        QueryParameter(name="from", description="ISO 8601 instant; default: four weeks before"),
    ] = None,
    until: Annotated[
        str | None, QueryParameter(description="ISO 8601 instant; default: now")
    ] = None,
    team: Annotated[str | None, QueryParameter(description="id or name; without it: all")] = None,
    country: Annotated[
        str | None,
        QueryParameter(max_length=10, description="whose public holidays count, such as FR"),
    ] = None,
    report_format: Annotated[Format, QueryParameter(name="format")] = Format.JSON,
) -> Response[FairnessView]:
    """Who carried what: pages, by night, on weekends and holidays, and hours on call."""
    ends = instant("until", until) or core.clock.now()
    begins = instant("from", start) or ends - DEFAULT_PERIOD
    code = named_or_none("country", country)
    report = await usecases.fairness(
        core, begins, ends, named_or_none("team", team), code.upper() if code else None
    )
    if report_format is Format.CSV:
        headers = {"Content-Disposition": 'attachment; filename="fairness.csv"'}
        return Response(as_csv(report), media_type=CSV, headers=headers)  # type: ignore[arg-type]
    return Response(report)


router = Router(
    "/api/v1/reports",
    route_handlers=[fairness],
    guards=[requires(Role.VIEWER)],
    tags=["reports"],
    security=[{"bearer": []}],
)
