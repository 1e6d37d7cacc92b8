"""The service, killed by itself at a named point of its work: ``python dies_at.py POINT``.

For test_killed.py alone. The service knows nothing of it: what it calls is wrapped here, and the
process goes the first time that the point is passed, as by ``kill -9``: nothing is closed, rolled
back or flushed.
"""

import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from oncall_service import app
from oncall_service.notifications import outcomes as notes
from oncall_service.notifications.claims import Claims
from oncall_service.notifications.dispatch import Dispatch
from oncall_service.paging import due, outcomes
from oncall_service.paging.runs import Runs
from oncall_service.settings import OncallSettings
from shared.server import serve

Async = Callable[..., Awaitable[Any]]


def die() -> None:
    """End at once; nothing after this happens."""
    os.kill(os.getpid(), signal.SIGKILL)


def before(work: Async) -> Async:
    """Die instead of it, when there is something to do: its last argument."""

    async def passing(*arguments: Any) -> Any:
        if arguments[-1]:
            die()
        return await work(*arguments)

    return passing


def after(work: Async, *, whatever_came: bool = False) -> Async:
    """Die as soon as it has done something."""

    async def passing(*arguments: Any) -> Any:
        done = await work(*arguments)
        if done or whatever_came:
            die()
        return done

    return passing


async def _dies(*_: Any) -> None:
    die()


async def _sends_nothing(*_: Any) -> bool:
    return False


def arm(point: str) -> None:
    """Wrap what is called at a point.

    Raises:
        ValueError: there is no such point.
    """
    match point:
        case "before the transaction":
            due._advance = before(due._advance)
        case "rows written, not committed":
            # The last thing of a transaction; its rows, what it owes and counts are written.
            Runs.write_last = _dies  # type: ignore[method-assign]
        case "committed, nothing sent":
            due._advance = after(due._advance)
            # Whoever is woken by the commit would be faster now and then.
            Dispatch.send_due = _sends_nothing  # type: ignore[method-assign]
        case "claimed, nothing sent":
            Claims.take = after(Claims.take)  # type: ignore[method-assign]
        case "answered, outcome not written":
            Dispatch._send = after(Dispatch._send)  # type: ignore[method-assign]
        case "outcome written, not committed":
            notes.note = after(notes.note, whatever_came=True)  # type: ignore[assignment]
        case "outcome committed":
            written = after(outcomes.write_down, whatever_came=True)
            outcomes.write_down = written  # type: ignore[assignment]
        case "never":
            pass
        case _:
            raise ValueError(f"no point is called {point!r}")


if __name__ == "__main__":
    arm(sys.argv[1])
    serve(app.NAME, app.create_app, OncallSettings)
