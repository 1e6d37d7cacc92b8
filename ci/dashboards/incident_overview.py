"""Incident Overview: what is open, how fast it is taken and ended, and where it comes from."""

from dashboards import looks
from dashboards.board import Board, severity_filter
from dashboards.panels import About, Asked, bars, by_severity, lines, ranking, tile
from dashboards.queries import gained, gained_from, mean, select, share, total

CHOSEN = 'severity=~"$severity"'

_TARGET_MET: tuple[tuple[float, str], ...] = ((0.8, "yellow"), (0.95, "green"))


def _in_time(counter: str) -> str:
    kept, all_of_them = (
        total(gained(select(counter, CHOSEN, in_time))) for in_time in ('in_time="yes"', "")
    )
    return share(kept, all_of_them)


_CREATED = total(gained(select("incidents_created_total", CHOSEN)), "service")

_NOW = [
    tile(
        About(
            "Open incidents",
            "Incidents that are not resolved, of the chosen severities.",
            link=looks.OPEN,
        ),
        total(select("incidents_open", CHOSEN)),
        steps=((1, "yellow"), (5, "orange"), (10, "red")),
    ),
    tile(
        About("Not taken yet", "Open incidents that nobody has acknowledged.", link=looks.OPEN),
        total(select("incidents_open", CHOSEN, 'status="open"')),
        steps=((1, "orange"), (3, "red")),
    ),
    tile(
        About(
            "Oldest untaken",
            "How long the oldest incident has waited that nobody ever acknowledged.",
            "s",
            link=looks.OPEN,
        ),
        f"max({select('incidents_unacknowledged_oldest_seconds', CHOSEN)})",
        steps=((300, "yellow"), (900, "orange"), (3600, "red")),
    ),
    tile(
        About(
            "Critical or high",
            "Open incidents that are critical or high.",
            link=looks.OPEN,
        ),
        total(select("incidents_open", CHOSEN, 'severity=~"critical|high"')),
        steps=((1, "orange"), (3, "red")),
    ),
    tile(
        About("New incidents", "Incidents that were opened in the range.", link=looks.EVERY),
        total(gained(select("incidents_created_total", CHOSEN))),
    ),
    tile(
        About(
            "Alerts received",
            "Alerts that came in the range, repetitions and resolutions included.",
        ),
        total(gained(select("alerts_received_total", CHOSEN))),
    ),
    tile(
        About(
            "MTTA",
            "Mean time from opening to the first acknowledgement, of what was acknowledged in the "
            "range.",
            "s",
            empty="none acknowledged",
        ),
        mean("incident_mtta_seconds", CHOSEN),
        steps=((300, "yellow"), (900, "orange"), (3600, "red")),
    ),
    tile(
        About(
            "MTTR",
            "Mean time from opening to resolution, of what was resolved in the range.",
            "s",
            empty="none resolved",
            link=looks.RESOLVED,
        ),
        mean("incident_mttr_seconds", CHOSEN),
        steps=((3600, "yellow"), (14400, "orange"), (86400, "red")),
    ),
    tile(
        About(
            "Taken in time",
            "Share of what was acknowledged in the range within the target of its severity "
            "(VIGIE_ACKNOWLEDGE_TARGETS).",
            "percentunit",
            empty="none acknowledged",
        ),
        _in_time("incidents_acknowledged_total"),
        good=_TARGET_MET,
    ),
    tile(
        About(
            "Solved in time",
            "Share of what was resolved in the range within the target of its severity "
            "(VIGIE_RESOLVE_TARGETS).",
            "percentunit",
            empty="none resolved",
            link=looks.RESOLVED,
        ),
        _in_time("incidents_resolved_total"),
        good=_TARGET_MET,
    ),
    tile(
        About(
            "Never taken",
            "Incidents that ended in the range and that nobody had ever acknowledged.",
            link=looks.RESOLVED,
        ),
        total(gained(select("incidents_never_acknowledged_total", CHOSEN))),
        steps=((1, "yellow"), (10, "orange")),
    ),
    tile(
        About(
            "Pages sent",
            "Times a person was paged in the range by a step of an escalation.",
            link=looks.MESSAGES,
        ),
        total(gained(select("oncall_paged_total", CHOSEN))),
    ),
]

_WHERE = [
    ranking(
        About("Open by severity", "Open incidents now, the worst severity first.", link=looks.OPEN),
        *by_severity(total("incidents_open{SEVERITY}", "severity")),
        name="${__field.labels.severity}",
        width=8,
    ),
    ranking(
        About("Open by status", "How far people are with what is open.", link=looks.OPEN),
        *(
            Asked(total(select("incidents_open", CHOSEN, f'status="{status}"'), "status"), status)
            for status in ("open", "acknowledged", "in_progress")
        ),
        name="${__field.labels.status}",
        width=8,
    ),
    ranking(
        About(
            "Noisiest services",
            "The services with the most new incidents in the range.",
            link=looks.EVERY,
        ),
        Asked(
            f"sort_desc(topk(8, {_CREATED} > 0))",
            "{{service}}",
        ),
        name="${__field.labels.service}",
        width=8,
    ),
]

_OVER_TIME = [
    bars(
        About("Incidents opened", "New incidents from each bar to the next.", link=looks.EVERY),
        *by_severity(total(gained_from("incidents_created_total{SEVERITY}"), "severity")),
    ),
    lines(
        About("Open incidents over time", "Incidents that were not resolved.", link=looks.OPEN),
        *by_severity(total("incidents_open{SEVERITY}", "severity")),
        width=12,
    ),
    bars(
        About("Alerts over time", "Alerts received from each bar to the next."),
        *by_severity(total(gained_from("alerts_received_total{SEVERITY}"), "severity")),
    ),
    bars(
        About("Incidents resolved", "Resolutions from each bar to the next.", link=looks.RESOLVED),
        *by_severity(total(gained_from("incidents_resolved_total{SEVERITY}"), "severity")),
    ),
]

BOARD = Board(
    uid="vigie-incident-overview",
    title="Incident Overview",
    says="What is open, how fast it is taken and ended, and where it comes from.",
    span="7d",
    filters=[severity_filter()],
    rows=[
        ("Now, and in the range", _NOW),
        ("Where", _WHERE),
        ("Over time", _OVER_TIME),
    ],
    tags=("vigie", "incidents"),
)
