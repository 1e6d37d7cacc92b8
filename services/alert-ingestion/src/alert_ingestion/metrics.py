"""What the service counts: rows in its schema, incremented with what they count, read at scrape."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeAlias

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from alert_ingestion.handover import TOPIC
from alert_ingestion.model import Reason, Step
from alert_ingestion.store import alerts, canary, heartbeats, inbox
from shared import counters, outbox
from shared.clock import Clock
from shared.contracts.wire import Severity
from shared.counters import CounterDef, HistogramDef
from shared.database import Connection, Database

NEW_INCIDENT: Final = "new_incident"
EXISTING_INCIDENT: Final = "existing_incident"
DUPLICATE: Final = "duplicate"
HELD: Final = "held"

RECEIVED: Final = CounterDef(
    "alerts_received_total",
    "Alerts received, repetitions and resolutions included, by severity.",
    labels=("severity",),
    zeros=[{"severity": severity.value} for severity in Severity],
)
CORRELATED: Final = CounterDef(
    "alerts_correlated_total",
    "Firing alerts received, by what became of them.",
    labels=("result",),
    zeros=[{"result": result} for result in (NEW_INCIDENT, EXISTING_INCIDENT, DUPLICATE, HELD)],
)
DECIDED: Final = CounterDef(
    "alerts_decided_total",
    "What senders said of alerts, by the reason of what became of it.",
    labels=("reason",),
    zeros=[{"reason": reason.value} for reason in Reason if reason is not Reason.HEARTBEAT],
)
RESOLVED: Final = CounterDef(
    "alerts_resolved_total",
    "Alerts that ended, by the reason.",
    labels=("reason",),
    zeros=[
        {"reason": reason.value}
        for reason in (
            *(Reason.RESOLVED_BY_SENDER, Reason.TIMED_OUT, Reason.NEW_OCCURRENCE),
            *(Reason.QUIET, Reason.STORM_OVER),
        )
    ],
)
TRUNCATED: Final = CounterDef(
    "alerts_truncated_total", "Alerts that a sender's webhook said it left out."
)

REFUSED: Final = CounterDef(
    "alerts_refused_total",
    "Requests of senders that were refused (4xx) or not mapped, by integration and reason.",
    labels=("integration", "reason"),
    free=("integration",),
)

DEAD_LETTERS: Final = CounterDef(
    "alerts_dead_letters_total",
    "Authentic requests of which something could not be read, or stored, by the reason.",
    labels=("reason",),
    zeros=[{"reason": reason} for reason in ("unreadable", "not_mapped", "not_stored")],
)

OK: Final = "ok"
FAILED: Final = "failed"

CANARY_WALKS: Final = CounterDef(
    "canary_walks_total",
    "Walks of the canary from alert to page and back that are over, by outcome.",
    labels=("outcome",),
    zeros=[{"outcome": outcome} for outcome in (OK, FAILED)],
)
CANARY_SECONDS: Final = HistogramDef(
    "canary_seconds",
    "From the start of a walk of the canary until its page was sent, and its incident resolved.",
    (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60, 120),
    labels=("step",),
    zeros=[{"step": step.value} for step in (Step.PAGED, Step.RESOLVED)],
)


class Ping(StrEnum):
    """What became of telling somebody outside that this installation is alive."""

    SENT = "sent"
    FAILED = "failed"
    WITHHELD = "withheld"


PINGS: Final = CounterDef(
    "deadman_pings_total",
    "Times somebody outside was to be told that this installation is alive, by outcome.",
    labels=("outcome",),
    zeros=[{"outcome": outcome.value} for outcome in Ping],
)

COUNTED: Final[Sequence[CounterDef | HistogramDef]] = (
    *(RECEIVED, CORRELATED, DECIDED, RESOLVED, TRUNCATED, REFUSED, DEAD_LETTERS),
    *(CANARY_WALKS, CANARY_SECONDS, PINGS),
)


WriteBefore: TypeAlias = Callable[[Connection], Awaitable[None]]


class BusinessMetrics:
    """Reads them at scrape."""

    def __init__(
        self, database: Database, clock: Clock, before: WriteBefore, *, canary_interval: float
    ) -> None:
        self._database = database
        self._clock = clock
        self._before = before
        self._canary_interval = canary_interval

    async def collect(self) -> Iterable[Metric]:
        """Every family; what was only counted in memory is written first."""
        async with self._database.transaction() as connection:
            await self._before(connection)
        async with self._database.transaction() as connection:
            firing = await alerts.firing_by_severity(connection)
            return [
                *await counters.families(connection, COUNTED),
                *await outbox.families(connection, [TOPIC], now=self._clock.now()),
                _firing(firing),
                GaugeMetricFamily(
                    "alerts_dead_letters_waiting",
                    "Dead letters that nobody has replayed.",
                    value=await inbox.dead(connection),
                ),
                *_canary(await canary.last_success(connection), self._canary_interval),
                _heartbeats(await heartbeats.last(connection), self._clock.now()),
            ]


def _firing(counts: dict[str, int]) -> Metric:
    family = GaugeMetricFamily("alerts_firing", "Alerts that fire now.", labels=["severity"])
    for severity in Severity:
        family.add_metric([severity.value], counts.get(severity.value, 0))
    return family


def _canary(last_success: datetime | None, interval: float) -> list[Metric]:
    return [
        GaugeMetricFamily(
            "canary_last_success_timestamp_seconds",
            "When the last walk of the canary was complete; 0: never.",
            value=last_success.timestamp() if last_success else 0.0,
        ),
        GaugeMetricFamily(
            "canary_interval_seconds", "How often the canary walks; 0: never.", value=interval
        ),
    ]


def _heartbeats(heard: Mapping[str, datetime], now: datetime) -> Metric:
    family = GaugeMetricFamily(
        "heartbeat_age_seconds", "Since when a heartbeat has not been heard.", labels=["name"]
    )
    for name, at in heard.items():
        family.add_metric([name], max(0.0, (now - at).total_seconds()))
    return family
