"""What runs by itself: the ends of alerts nobody repeats, the canary, what is tidied away."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from alert_ingestion.settings import AlertIngestionSettings
from alert_ingestion.workflow import housekeeping
from alert_ingestion.workflow.canary import Canary
from alert_ingestion.workflow.dead_man import DeadMan
from alert_ingestion.workflow.heartbeats import look
from alert_ingestion.workflow.ingest import Ingestion
from alert_ingestion.workflow.release import look_again
from alert_ingestion.workflow.storm_watch import watch
from alert_ingestion.workflow.timeouts import resolve_timed_out
from shared.clock import Clock
from shared.database import Database
from shared.periodic import EngineMetrics, Periodic

_TIMEOUTS_EVERY_SECONDS: Final = 5.0
_RELEASE_EVERY_SECONDS: Final = 2.0
_HEARTBEATS_EVERY_SECONDS: Final = 2.0
_STORMS_EVERY_SECONDS: Final = 5.0
_HOUSEKEEPING_EVERY_SECONDS: Final = 3600.0
# How punctual it is; how often it walks is a setting.
_CANARY_LOOKS_EVERY_SECONDS: Final = 5.0
_DEAD_MAN_EVERY_SECONDS: Final = 60.0


def engines(
    database: Database,
    clock: Clock,
    settings: AlertIngestionSettings,
    ingestion: Ingestion,
    metrics: EngineMetrics,
) -> list[Periodic]:
    """All of them."""
    retention = timedelta(days=settings.inbox_retention_days)
    listening_since = clock.now()
    canary = Canary(
        database,
        clock,
        ingestion,
        interval=timedelta(seconds=settings.canary_interval_seconds),
        patience=timedelta(seconds=settings.canary_patience_seconds),
    )

    async def timeouts() -> bool:
        _, more = await resolve_timed_out(database, clock.now())
        return more

    async def release() -> bool:
        return await look_again(database, ingestion.defaults, clock.now())

    async def heartbeats() -> bool:
        return await look(
            database, ingestion.defaults, clock.now(), listening_since=listening_since
        )

    async def storms() -> None:
        await watch(database, ingestion.defaults, clock.now())

    async def tidy() -> bool:
        return await housekeeping.forget(database, clock.now(), retention=retention)

    async def archive() -> bool:
        return await housekeeping.archive(database, clock.now())

    async def past() -> bool:
        return await housekeeping.forget_past(
            database, clock.now(), retention=timedelta(days=settings.alert_retention_days)
        )

    work = [
        ("timeouts", _until_done(timeouts), _TIMEOUTS_EVERY_SECONDS, 30),
        ("release", _until_done(release), _RELEASE_EVERY_SECONDS, 60),
        ("heartbeats", _until_done(heartbeats), _HEARTBEATS_EVERY_SECONDS, 60),
        ("storms", storms, _STORMS_EVERY_SECONDS, 60),
        ("housekeeping", _until_done(tidy), _HOUSEKEEPING_EVERY_SECONDS, 300),
        ("archive", _until_done(archive), _HOUSEKEEPING_EVERY_SECONDS, 300),
        ("past", _until_done(past), _HOUSEKEEPING_EVERY_SECONDS, 300),
        ("canary", canary.go_on, _CANARY_LOOKS_EVERY_SECONDS, 30),
    ]
    if url := settings.deadman_url.get_secret_value():
        # As late as CanarySilent lets it be.
        within = 4 * canary.interval + timedelta(minutes=2) if canary.interval else timedelta()
        dead_man = DeadMan(database, clock, url, canary_within=within)
        work.append(("dead_man", dead_man.ping, _DEAD_MAN_EVERY_SECONDS, 30))
    return [
        Periodic(
            name,
            do,
            interval=interval,
            timeout=timeout,
            clock=clock,
            metrics=metrics,
        )
        for name, do, interval, timeout in work
    ]


def _until_done(do: Callable[[], Awaitable[bool]]) -> Callable[[], Awaitable[None]]:
    """Repeats what is done a batch at a time."""

    async def run() -> None:
        while await do():
            pass

    return run
