"""Group commit: requests that arrive together share one transaction, and one wait for the disk.

There is no timer. Whatever waits when a transaction has been committed is the next one, so one
request alone waits for nobody, and many together cost one commit. A request that cannot be stored
is taken out and stored by itself, so that it fails none of its neighbours.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

import structlog

from shared import tasks
from shared.errors import Busy, Problem, Unavailable

MOST_WAITING: Final = 2_000
"""Requests that wait at once; one more is told to come back (503)."""

MOST_AT_ONCE: Final = 500
"""Weight of one transaction: so many alerts, for what ten thousand need at once would not fit."""

Work = TypeVar("Work")
Result = TypeVar("Result")

_log: Final = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Waiting(Generic[Work, Result]):
    work: Work
    weight: int
    result: "asyncio.Future[Result]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


Store = Callable[[Sequence[Work]], Awaitable[Sequence[Result | Problem]]]
"""Stores works in one transaction; what became of each, in order, once it is committed."""

Alone = Callable[[Work, Exception], Awaitable[Result]]
"""What becomes of a work that cannot be stored even by itself."""


class Gathering(Generic[Work, Result]):
    """Collects works while a transaction is under way, and stores them in the next one."""

    def __init__(self, store: Store[Work, Result], alone: Alone[Work, Result]) -> None:
        self._store = store
        self._alone = alone
        self._waiting: deque[_Waiting[Work, Result]] = deque()
        self._came = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Store in the background."""
        self._tasks = [asyncio.create_task(self._run(), name="group commit")]

    async def stop(self) -> None:
        """Stop; whoever waits still is told so."""
        await tasks.end(self._tasks)
        while self._waiting:
            _settle(self._waiting.popleft(), Unavailable("The service is stopping."))

    async def __call__(self, work: Work, weight: int) -> Result:
        """Store ``work`` with what waits beside it; returns after the commit.

        Raises:
            Busy: too many wait already.
            Problem: what became of it.
        """
        if len(self._waiting) >= MOST_WAITING:
            raise Busy
        one: _Waiting[Work, Result] = _Waiting(work, weight)
        self._waiting.append(one)
        self._came.set()
        return await one.result

    async def _run(self) -> None:
        while True:
            await self._came.wait()
            self._came.clear()
            while self._waiting:
                if together := self._next():
                    await self._flush(together)

    def _next(self) -> list[_Waiting[Work, Result]]:
        """As much as fits into one transaction, and one work at least."""
        taken: list[_Waiting[Work, Result]] = []
        weight = 0
        while self._waiting and (not taken or weight + self._waiting[0].weight <= MOST_AT_ONCE):
            one = self._waiting.popleft()
            weight += one.weight
            # Whoever hung up meanwhile is not stored: they will send it again.
            if not one.result.cancelled():
                taken.append(one)
        return taken

    async def _flush(self, together: Sequence[_Waiting[Work, Result]]) -> None:
        try:
            results = await self._store([one.work for one in together])
        except Unavailable as error:
            for one in together:
                _settle(one, error)
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not be everybody's
            await self._apart(together, error)
        except asyncio.CancelledError:
            for one in together:
                _settle(one, Unavailable("The service is stopping."))
            raise
        else:
            for one, result in zip(together, results, strict=True):
                _settle(one, result)

    async def _apart(self, together: Sequence[_Waiting[Work, Result]], error: Exception) -> None:
        if len(together) > 1:
            _log.warning("stored_one_by_one", requests=len(together), error=repr(error))
            for one in together:
                await self._flush([one])
            return
        [one] = together
        _log.exception("could_not_be_stored", exc_info=error)
        try:
            _settle(one, await self._alone(one.work, error))
        except Exception as trouble:  # noqa: BLE001 - it is its request's to answer
            _settle(one, trouble)


def _settle(one: _Waiting[Work, Result], result: Result | Exception) -> None:
    if one.result.done():
        return
    if isinstance(result, Exception):
        one.result.set_exception(result)
    else:
        one.result.set_result(result)
