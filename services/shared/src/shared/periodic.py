"""Work that comes round: run on a beat, with a time limit, its failures counted and visible."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from shared import tasks
from shared.clock import Clock
from shared.errors import Unavailable

_log = structlog.get_logger(__name__)


class EngineMetrics:
    """Cycles and age of the last good one, for every engine of the process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.cycles = Counter(
            "engine_cycles_total",
            "Cycles of a periodic engine by outcome.",
            ["engine", "outcome"],
            registry=registry,
        )
        self.age = Gauge(
            "engine_cycle_age_seconds",
            "Time since the last successful cycle of a periodic engine.",
            ["engine"],
            registry=registry,
        )
        self.interval = Gauge(
            "engine_interval_seconds",
            "The beat of a periodic engine: how often a cycle is due.",
            ["engine"],
            registry=registry,
        )


class Periodic:
    """Runs ``work`` every ``interval`` seconds, or at once after :meth:`wake`.

    A cycle that raises or takes longer than ``timeout`` seconds is logged and counted, and the
    next one comes all the same. Any number of replicas may run the same engine: its work claims
    what it touches with FOR UPDATE SKIP LOCKED.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], Awaitable[object]],
        *,
        interval: float,
        timeout: float,
        clock: Clock,
        metrics: EngineMetrics,
        event: asyncio.Event | None = None,
    ) -> None:
        self.name = name
        self._work = work
        self._interval = interval
        self._timeout = timeout
        self._clock = clock
        self._metrics = metrics
        self._event = event or asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._last_success = clock.now()
        self._has_run = False
        for outcome in ("success", "failure"):
            metrics.cycles.labels(name, outcome)
        metrics.age.labels(name).set_function(self.age_seconds)
        metrics.interval.labels(name).set(interval)

    def age_seconds(self) -> float:
        """Seconds since the last successful cycle, or since the start."""
        return (self._clock.now() - self._last_success).total_seconds()

    async def check(self) -> None:
        """Raise ``Unavailable`` before the first cycle that succeeded (for /ready)."""
        if not self._has_run:
            raise Unavailable(f"The engine '{self.name}' has not done a whole cycle yet.")

    def wake(self) -> None:
        """Run a cycle now."""
        self._event.set()

    async def start(self) -> None:
        """Run in the background."""
        self._task = asyncio.create_task(self._run(), name=f"engine {self.name}")

    async def stop(self) -> None:
        """Stop, in the middle of a cycle if need be: its transaction rolls back."""
        if self._task is not None:
            await tasks.end([self._task])

    async def cycle(self) -> bool:
        """One cycle; whether it succeeded."""
        try:
            async with asyncio.timeout(self._timeout):
                await self._work()
        except Unavailable as error:
            _log.warning("engine_cycle_failed", engine=self.name, error=error.detail)
        except Exception:  # noqa: BLE001 - the engine outlives any bug in its work
            _log.exception("engine_cycle_failed", engine=self.name)
        else:
            self._last_success = self._clock.now()
            self._has_run = True
            self._metrics.cycles.labels(self.name, "success").inc()
            return True
        self._metrics.cycles.labels(self.name, "failure").inc()
        return False

    async def _run(self) -> None:
        while True:
            self._event.clear()
            await self.cycle()
            try:
                # Not wait_for: before Python 3.12 it loses a cancellation that meets the wake-up.
                async with asyncio.timeout(self._interval):
                    await self._event.wait()
            except TimeoutError:
                continue
