"""What oncall-service counts, and what it reads from its tables at scrape."""

from collections.abc import Callable, Iterable
from typing import Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from oncall_service.resources.people import Channel
from shared import counters, outbox
from shared.clock import Clock
from shared.contracts.oncall import PAGE_EVENTS_PATH
from shared.counters import CounterDef
from shared.database import Database

# Also the path it is delivered to; a topic is only a name.
PAGE_EVENTS_TOPIC: Final = PAGE_EVENTS_PATH.rsplit("/", maxsplit=1)[-1]

OUTCOMES = ("sent", "failed", "cancelled")

# A page that found nobody in the whole installation is a failed notification of no channel.
NO_CHANNEL = "none"

NOTIFICATIONS = CounterDef(
    "oncall_notifications_sent_total",
    "Notifications that came to an end, by channel and outcome.",
    ("channel", "outcome"),
    zeros=[
        {"channel": channel, "outcome": outcome}
        for channel in (*Channel, NO_CHANNEL)
        for outcome in OUTCOMES
    ],
)

ESCALATIONS = CounterDef(
    "escalations_total", "Escalation runs that were started, by team.", ("team",)
)

GAPS = CounterDef(
    "oncall_gap_pages_total", "Steps that found nobody and paged a fallback, by team.", ("team",)
)

DEFINITIONS = (NOTIFICATIONS, ESCALATIONS, GAPS)
