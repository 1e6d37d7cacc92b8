"""What is counted of messages to people."""

from oncall_service.notifications.channels.registry import NAMES
from shared.counters import CounterDef

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
