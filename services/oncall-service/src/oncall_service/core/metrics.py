"""What is counted of teams: what pages them, and what finds nobody."""

from shared.counters import CounterDef

# Teams that have series of their own; with so many, "other" says no less.
MOST_TEAMS = 500

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

BY_TEAM = (ESCALATIONS, GAPS, PAGES)
