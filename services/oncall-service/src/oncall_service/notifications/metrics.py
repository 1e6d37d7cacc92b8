"""What is counted of messages to people."""

from oncall_service.notifications.channels.registry import NAMES
from shared.counters import CounterDef, HistogramDef

OUTCOMES = ("sent", "failed", "cancelled")

# A page that found nobody in the whole installation is a failed notification of no channel.
NO_CHANNEL = "none"

NOTIFICATIONS = CounterDef(
    "oncall_notifications_sent_total",
    "Notifications that came to an end, by channel and outcome.",
    ("channel", "outcome"),
    zeros=[
        {"channel": channel, "outcome": outcome}
        for channel in (*NAMES, NO_CHANNEL)
        for outcome in OUTCOMES
    ],
)

SECONDS = HistogramDef(
    "oncall_notification_seconds",
    "From when a page, or word of more alerts, was due to when it was sent, by channel.",
    (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600),
    ("channel",),
    zeros=[{"channel": channel} for channel in NAMES],
)

BUNDLED = CounterDef(
    "oncall_notifications_bundled_total",
    "Notifications that were sent together with others in one message.",
)
