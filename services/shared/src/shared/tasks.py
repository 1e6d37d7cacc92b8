"""Ending background tasks, however often it takes to tell them."""

import asyncio
from collections.abc import Iterable
from typing import Any

REPEAT_SECONDS = 0.2


async def end(tasks: Iterable["asyncio.Task[Any]"]) -> None:
    """Cancel tasks and wait until they have ended; how they ended does not matter any more.

    Cancelled again until they have: a library that waits with ``asyncio.wait_for`` (psycopg_pool
    does) loses a cancellation that meets what it waited for, before Python 3.12.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        ended, pending = await asyncio.wait(pending, timeout=REPEAT_SECONDS)
        # Looked at, so that nobody warns about an exception that was never retrieved.
        await asyncio.gather(*ended, return_exceptions=True)
