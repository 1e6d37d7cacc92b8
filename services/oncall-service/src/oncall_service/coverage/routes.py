"""Whether there is somebody for every service, for the days ahead."""

from typing import Annotated

from litestar import Router, get, post
from litestar.params import FromQuery, JSONBody, QueryParameter

from oncall_service.core.parameters import TheCore, named_or_none
from oncall_service.coverage import usecases as coverage
from oncall_service.coverage.shapes import CoveragePreview
from shared.auth import requires
from shared.contracts.identity import Role
from shared.contracts.oncall_api import CoverageView
from shared.words.asked import Language
from shared.words.catalogues import preferred, speaking

VIEWER = [requires(Role.VIEWER)]

Most = Annotated[
    int, QueryParameter(ge=0, le=1000, description="so many holes are told, the worst first")
]
SOME = 200


@get("/", guards=VIEWER)
async def check_coverage(
    core: TheCore,
    accept_language: Language,
    team: FromQuery[str | None] = None,
    limit: Most = SOME,
) -> CoverageView:
    """Look now: from every service to verified contact methods, for the next 30 days.

    `ok` is false while something is broken: a gate of a delivery chain can go by it.
    """
    words = speaking(preferred(accept_language))
    return await coverage.check(core, words, limit, named_or_none("team", team))


@get("/last", guards=VIEWER)
async def last_coverage(
    core: TheCore, accept_language: Language, limit: Most = SOME
) -> CoverageView:
    """What the last hourly look has found."""
    return await coverage.last(core, speaking(preferred(accept_language)), limit)


@post("/preview", guards=[requires(Role.ADMIN)], status_code=200)
async def preview_coverage(
    core: TheCore,
    data: JSONBody[CoveragePreview],
    accept_language: Language,
    limit: Most = SOME,
) -> CoverageView:
    """What would be found if a schedule or a policy were saved like this; nothing is saved."""
    return await coverage.preview(core, data, speaking(preferred(accept_language)), limit)


router = Router(
    "/api/v1/coverage",
    route_handlers=[check_coverage, last_coverage, preview_coverage],
    tags=["coverage"],
    security=[{"bearer": []}],
)
