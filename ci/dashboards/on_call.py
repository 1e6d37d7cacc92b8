"""On-call: who is called, when, and where nobody is."""

from dashboards import looks
from dashboards.board import Board, team_filter
from dashboards.panels import About, Asked, bars, sheet, tile
from dashboards.queries import gained, gained_from, select, total

TEAMS = 'team=~"$team"'


def _named(expr: str) -> str:
    """Figures by person_id, with the name of the person beside it."""
    names = "max by (person_id, person) (oncall_person_info)"
    return f"{expr} * on (person_id) group_left (person) {names}"


def _pages(*matchers: str) -> str:
    counted = total(gained(select("oncall_pages_total", TEAMS, *matchers)), "team", "person_id")
    return f"sum by (team, person) ({_named(counted)})"


_NOW = [
    tile(
        About(
            "Teams in a gap",
            "Teams that have nobody on call now: a page goes to the fallback.",
            link=looks.ON_CALL,
        ),
        total(select("oncall_gap", TEAMS)),
        steps=((1, "orange"),),
    ),
    tile(
        About(
            "Out of reach",
            "Teams whose person on call has no working contact method, or is nobody.",
            link=looks.ON_CALL,
        ),
        total(select("oncall_hole", TEAMS)),
        steps=((1, "red"),),
    ),
    tile(
        About(
            "Next gap in",
            "Until the first time in the next seven days that a team has nobody on call.",
            "s",
            link=looks.ON_CALL,
            empty="none in 7 days",
        ),
        f"min({select('oncall_gap_ahead_seconds', TEAMS)})",
    ),
    tile(
        About("Pages sent", "Times somebody was paged in the range.", link=looks.MESSAGES),
        total(gained(select("oncall_pages_total", TEAMS))),
    ),
    tile(
        About(
            "Out of hours",
            "Pages of the range outside of the working hours of the person.",
            link=looks.MESSAGES,
        ),
        total(gained(select("oncall_pages_total", TEAMS, 'hours="out"'))),
        steps=((1, "yellow"), (20, "orange")),
    ),
    tile(
        About("Escalations", "Escalation runs that were started in the range."),
        total(gained(select("escalations_total", TEAMS))),
    ),
]

_PEOPLE = [
    sheet(
        About("On call now", "Who is called first, by team.", link=looks.ON_CALL),
        {"On call": (f"{select('oncall_current', TEAMS)} == 1", "short")},
        key=["team", "person"],
        width=8,
    ),
    sheet(
        About(
            "Pages a person",
            "How often each person was paged in the range, in and out of their working hours.",
            link=looks.MESSAGES,
        ),
        {
            "Pages": (_pages(), "short"),
            "In hours": (_pages('hours="in"'), "short"),
            "Out of hours": (_pages('hours="out"'), "short"),
        },
        key=["team", "person"],
        worst_first="Out of hours",
        width=16,
    ),
]

_OVER_TIME = [
    bars(
        About("Pages in and out of hours", "Pages from each bar to the next.", link=looks.MESSAGES),
        *(
            Asked(
                total(gained_from(select("oncall_pages_total", TEAMS, f'hours="{hours}"'))),
                f"{hours} {'of ' if hours == 'out' else ''}hours",
            )
            for hours in ("out", "in")
        ),
        width=8,
    ),
    bars(
        About("Escalations by team", "Escalation runs started from each bar to the next."),
        Asked(total(gained_from(select("escalations_total", TEAMS)), "team"), "{{team}}"),
        width=8,
    ),
    bars(
        About(
            "Pages into a gap",
            "Steps that found nobody on call and paged a fallback, from each bar to the next.",
            link=looks.ON_CALL,
        ),
        Asked(total(gained_from(select("oncall_gap_pages_total", TEAMS)), "team"), "{{team}}"),
        width=8,
    ),
]

BOARD = Board(
    uid="vigie-on-call",
    title="On-call",
    says="Who is called now, how often each person was paged and when, and where nobody is.",
    span="7d",
    filters=[team_filter()],
    rows=[("Now, and in the range", _NOW), ("People", _PEOPLE), ("Over time", _OVER_TIME)],
    tags=("vigie", "oncall"),
)
