"""Statistics, and the stream of changes."""

from typing import Annotated, Any

from litestar import Request, Router, get
from litestar.params import HeaderParameter, QueryParameter
from litestar.response import Stream

from incident_management import measures
from incident_management.routes import parameters
from incident_management.routes.dependencies import TheClock, TheDatabase, TheStreams, TheTargets
from incident_management.routes.parameters import When
from incident_management.store import figures
from incident_management.store.happened import Window
from shared.app import UNCOMPRESSED
from shared.auth import requires, while_authenticated
from shared.contracts.identity import Role
from shared.contracts.incident_api import Stats
from shared.errors import FieldError, Invalid

DEFAULT_WINDOW = "7d"


@get("/stats", guards=[requires(Role.VIEWER)], tags=["statistics"])
async def get_statistics(
    *,
    database: TheDatabase,
    clock: TheClock,
    targets: TheTargets,
    window: Annotated[
        str | None, QueryParameter(description="90m, 24h, 7d (default), 4w: back from `until`")
    ] = None,
    since: When = None,
    until: When = None,
    compare: Annotated[
        bool, QueryParameter(description="with the total of the window before, of equal length")
    ] = False,
) -> Stats:
    """Exact figures over what happened in [since, until): how many, and how fast."""
    end = parameters.instant("until", until) or clock.now()
    start = parameters.instant("since", since)
    if start is not None and window is not None:
        raise Invalid([FieldError("window", "give either window or since, not both")])
    if start is None:
        try:
            start = end - measures.parse_window(window or DEFAULT_WINDOW)
        except ValueError as error:
            raise Invalid([FieldError("window", str(error))]) from None
    if start > end:
        raise Invalid([FieldError("since", "must not be after until")])
    async with database.transaction() as connection:
        return await figures.statistics(connection, targets, Window(start, end), compare=compare)


@get(
    "/events",
    guards=[requires(Role.VIEWER)],
    tags=["stream"],
    media_type="text/event-stream",
    opt={UNCOMPRESSED: True},
)
async def stream_events(
    request: Request[Any, Any, Any],
    streams: TheStreams,
    last_event_id: Annotated[
        str | None, HeaderParameter(name="Last-Event-ID", description="id of the last event seen")
    ] = None,
) -> Stream:
    """Changes as server-sent events: `incident` for each, `reset` when too much was missed."""
    after, reset = await streams.start_after(_event_id(last_event_id))
    events = streams.events(after, reset=reset, stopping=request.app.state.stopping)
    return Stream(
        while_authenticated(request, events),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _event_id(text: str | None) -> int | None:
    if not text:
        return None
    # What is no id of ours is treated as one that is too old: the client starts anew.
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 2**62


router = Router(
    "/api/v1", route_handlers=[get_statistics, stream_events], security=[{"bearer": []}]
)
