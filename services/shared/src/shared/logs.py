"""One JSON object a line on standard output, for our own log calls and for the libraries'."""

import logging
import sys

import structlog
from structlog.typing import Processor

from shared import context
from shared.masks import mask_event

# Libraries that narrate each request or connection at INFO: their warnings are what matters here.
_TALKATIVE = (
    "httpx",
    "httpcore",
    "urllib3",
    "alembic",
    "uvicorn.access",
    "psycopg.pool",
    "asyncio",
)


def configure(service: str, level: str) -> None:
    """Send every log line of this process to standard output as JSON, marked with the service."""

    def mark(
        _logger: object, _method: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        event["service"] = service
        return event

    shared: list[Processor] = [
        context.merge,
        mark,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        mask_event,
    ]
    render = structlog.processors.JSONRenderer()
    # Our own lines go straight out: through the standard library each costs twice as much.
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                render,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
