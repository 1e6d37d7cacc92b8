"""What is counted of teams: what pages them, and what finds nobody."""

from enum import StrEnum

from shared.contracts.wire import Severity
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

# People that have series of their own.
MOST_PEOPLE = 2 * MOST_TEAMS


class Within(StrEnum):
    """Whether a page falls into a person's own working hours; a release before did not note it."""

    IN = "in"
    OUT = "out"
    UNKNOWN = "unknown"


PAGES = CounterDef(
    "oncall_pages_total",
    "Times a person was paged by a step of an escalation, by team, and whether the page falls into "
    "the person's own working hours (without any: Monday to Friday, 9 to 18, in their zone).",
    ("team", "person_id", "hours"),
    free=("team", "person_id"),
    most=MOST_PEOPLE,
    among={"hours": (Within.IN, Within.OUT)},
    # Rows of its name are those of the release before, by the name of the person: it reads them
    # again should it come back, and stumbles over rows with other labels.
    stored="oncall_pages_by_hours_total",
)

PAGED = CounterDef(
    "oncall_paged_total",
    "Times a person was paged by a step of an escalation, by severity.",
    ("severity",),
    zeros=[{"severity": severity.value} for severity in Severity],
)

BY_TEAM = (ESCALATIONS, GAPS, PAGES)
