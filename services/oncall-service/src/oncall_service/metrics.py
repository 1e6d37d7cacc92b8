"""What oncall-service counts."""

from oncall_service.people.shapes import Channel
from shared.counters import CounterDef

# Teams that have series of their own; with so many, "other" says no less.
MOST_TEAMS = 500

PAGE_EVENTS_TOPIC = "page-events"

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
    "escalations_total",
    "Escalation runs that were started, by team.",
    ("team",),
    free=("team",),
    most=MOST_TEAMS,
)

GAPS = CounterDef(
    "oncall_gap_pages_total",
    "Steps that found nobody and paged a fallback, by team.",
    ("team",),
    free=("team",),
    most=MOST_TEAMS,
)

PAGES = CounterDef(
    "oncall_pages_total",
    "Times a person was paged by a step of an escalation, by team.",
    ("team", "person"),
    free=("team", "person"),
    most=2 * MOST_TEAMS,
)

DEFINITIONS = (NOTIFICATIONS, ESCALATIONS, GAPS, PAGES)
BY_TEAM = (ESCALATIONS, GAPS, PAGES)
