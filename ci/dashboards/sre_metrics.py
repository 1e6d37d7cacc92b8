"""SRE Metrics: how a lead sees whether the team gets better at it."""

from dashboards import looks
from dashboards.board import Board, severity_filter
from dashboards.incident_overview import CHOSEN
from dashboards.panels import About, Asked, bars, by_severity, lines, ranking, sheet, tile
from dashboards.queries import (
    between,
    gained,
    gained_from,
    mean,
    percentile,
    select,
    share,
    total,
)

# Bounds in seconds of the histograms' buckets, as people say them.
_TO_ACKNOWLEDGE = (
    ("under 1 min", None, 60.0),
    ("1 to 5 min", 60.0, 300.0),
    ("5 to 10 min", 300.0, 600.0),
    ("10 to 30 min", 600.0, 1800.0),
    ("30 min to 1 h", 1800.0, 3600.0),
    ("over 1 h", 3600.0, None),
)
_TO_RESOLVE = (
    ("under 10 min", None, 600.0),
    ("10 to 30 min", 600.0, 1800.0),
    ("30 min to 1 h", 1800.0, 3600.0),
    ("1 to 4 h", 3600.0, 14400.0),
    ("4 h to 1 day", 14400.0, 86400.0),
    ("over 1 day", 86400.0, None),
)

_DONE = {"acknowledge": "acknowledged", "resolve": "resolved"}

_MINUTES, _HOURS = "suffix: min", "suffix: h"


def _counted(counter: str, *by: str, only: str = "") -> str:
    return total(gained(select(counter, CHOSEN, only)), *by)


def _mean_of(step: str, *by: str) -> str:
    """Of acknowledge or resolve, from the sums that are kept by team and service."""
    return share(
        _counted(f"incident_{step}_seconds_total", *by),
        _counted(f"incidents_{_DONE[step]}_total", *by),
    )


def _in_time(step: str, *by: str) -> str:
    counter = f"incidents_{_DONE[step]}_total"
    return share(_counted(counter, *by, only='in_time="yes"'), _counted(counter, *by))


def _handled_by(label: str) -> dict[str, tuple[str, str]]:
    return {
        "Resolved": (_counted("incidents_resolved_total", label), "short"),
        "MTTA": (_mean_of("acknowledge", label), "s"),
        "MTTR": (_mean_of("resolve", label), "s"),
        "Taken in time": (_in_time("acknowledge", label), "percentunit"),
        "Solved in time": (_in_time("resolve", label), "percentunit"),
        "Never taken": (_counted("incidents_never_acknowledged_total", label), "short"),
    }


def _by_severity() -> dict[str, tuple[str, str]]:
    found = {"New": (_counted("incidents_created_total", "severity"), "short")}
    for name, step, histogram in (
        ("MTTA", "acknowledge", "incident_mtta_seconds"),
        ("MTTR", "resolve", "incident_mttr_seconds"),
    ):
        target = select("incident_target_seconds", CHOSEN, f'step="{step}"')
        found |= {
            name: (mean(histogram, CHOSEN, "severity"), "s"),
            f"{name} p50": (percentile(0.5, histogram, CHOSEN, "severity"), "s"),
            f"{name} p95": (percentile(0.95, histogram, CHOSEN, "severity"), "s"),
            f"{name} target": (f"max by (severity) ({target})", "s"),
        }
    return found | {
        "Taken in time": (_in_time("acknowledge", "severity"), "percentunit"),
        "Solved in time": (_in_time("resolve", "severity"), "percentunit"),
    }


_RESPONSE = [
    sheet(
        About(
            "How fast, by severity",
            "What was opened, acknowledged and resolved in the range: means, percentiles, targets "
            "and the share that kept them.",
        ),
        _by_severity(),
        key=["severity"],
        height=7,
    ),
    ranking(
        About("Times to acknowledge", "How many were first acknowledged after how long."),
        *(
            Asked(between("incident_mtta_seconds", CHOSEN, above, up_to), name)
            for name, above, up_to in _TO_ACKNOWLEDGE
        ),
        name="${__series.name}",
        width=12,
        height=9,
    ),
    ranking(
        About("Times to resolve", "How many were resolved after how long.", link=looks.RESOLVED),
        *(
            Asked(between("incident_mttr_seconds", CHOSEN, above, up_to), name)
            for name, above, up_to in _TO_RESOLVE
        ),
        name="${__series.name}",
        width=12,
        height=9,
    ),
    lines(
        About(
            "MTTA of the 7 days before",
            "At each time, the mean time to acknowledge of the seven days up to it.",
            _MINUTES,
        ),
        *by_severity("severity:incident_mtta_seconds:mean_7d{SEVERITY} / 60"),
        width=12,
    ),
    lines(
        About(
            "MTTR of the 7 days before",
            "At each time, the mean time to resolve of the seven days up to it.",
            _HOURS,
        ),
        *by_severity("severity:incident_mttr_seconds:mean_7d{SEVERITY} / 3600"),
        width=12,
    ),
]

_WHO = [
    sheet(
        About("By team", "What each team resolved in the range, and how fast."),
        _handled_by("team"),
        key=["team"],
        worst_first="Resolved",
        width=12,
        height=9,
    ),
    sheet(
        About("By service", "What was resolved of each service in the range, and how fast."),
        _handled_by("service"),
        key=["service"],
        worst_first="Resolved",
        width=12,
        height=9,
    ),
]

_NOISE = [
    tile(
        About(
            "Alerts a page",
            "Alerts received for each page sent in the range: how much noise reached nobody.",
            empty="no page sent",
        ),
        share(_counted("alerts_received_total"), _counted("oncall_paged_total")),
    ),
    tile(
        About(
            "Pages an incident",
            "Pages sent for each incident opened in the range.",
            empty="no incident",
        ),
        share(_counted("oncall_paged_total"), _counted("incidents_created_total")),
    ),
    bars(
        About("Received and paged", "Alerts received, and pages sent, from each bar to the next."),
        Asked(total(gained_from(select("alerts_received_total", CHOSEN))), "alerts received"),
        Asked(total(gained_from(select("oncall_paged_total", CHOSEN))), "pages sent"),
        width=16,
    ),
]

BOARD = Board(
    uid="vigie-sre-metrics",
    title="SRE Metrics",
    says=(
        "Times to acknowledge and resolve against their targets, by severity, team and service; "
        "and noise."
    ),
    span="30d",
    filters=[severity_filter()],
    rows=[("Response", _RESPONSE), ("Who", _WHO), ("Noise", _NOISE)],
    tags=("vigie", "incidents"),
)
