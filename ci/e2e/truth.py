"""What the API says about the numbers of the dashboards, for the same window.

``expected`` answers for a query what each of its series should be, by the label that tells them
apart ("" where there is one series); None where the API has no such figure, which
``NOT_OF_THE_API`` lists with the reason, so that a new panel has to choose.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from stack import Stack

from checks.dashboards import Query
from incident_management import targets

SEVERITIES = ("critical", "high", "medium", "low")
HOUR = 3600

Series: TypeAlias = Mapping[str, float]

NOT_OF_THE_API = {
    "Oldest untaken": "grows while it is read; compared within seconds below",
    "Pages": "by team and person; their sum is that of the tile",
    "Next gap in": "shrinks while it is read, and looks further than one answer of the API",
    "Out of hours": "the API does not say whether a page was out of hours; in and out add up",
    "In hours": "likewise",
    "Pages in and out of hours": "likewise",
    "Open incidents over time": "a line of the past, of which the API keeps no copy",
    "Pages into a gap": "the API lists no pages of a fallback",
}


@dataclass(frozen=True)
class Truth:
    """The API's figures of one window that ends at ``until``."""

    until: datetime
    span: timedelta
    stats: Mapping[str, Any]
    week: Mapping[str, Any]
    incidents: list[dict[str, Any]]
    received: list[tuple[datetime, str]]
    pages: list[tuple[datetime, str]]
    escalations: list[tuple[datetime, str]]
    on_call: list[Mapping[str, Any]]

    @property
    def since(self) -> datetime:
        """When the window begins."""
        return self.until - self.span

    def within(self, at: datetime | None) -> bool:
        """Whether something happened in the window."""
        return at is not None and self.since <= at < self.until


def ask(stack: Stack, until: datetime, span: timedelta) -> Truth:
    """Everything, for the window of ``span`` up to ``until``."""
    incidents = stack.incidents()
    pages = [
        (_at(entry["at"]), incident["severity"])
        for incident in incidents
        for entry in stack.items(
            "incident-management", f"/api/v1/incidents/{incident['id']}/timeline"
        )
        if entry["kind"] == "page.target"
    ]
    began = [
        (_at(run["started_at"]), run["team"]["name"])
        for run in stack.items("oncall-service", "/api/v1/escalations")
    ]
    first = min(at for at, _ in began)
    # Those of the imported week were never run here; each incident of it had one.
    began += [
        (_at(incident["created_at"]), incident["team"]) for incident in _before(incidents, first)
    ]
    teams = stack.items("oncall-service", "/api/v1/teams")
    return Truth(
        until,
        span,
        _stats(stack, until, span),
        week(stack, until),
        incidents,
        [*_received(stack), *_received_before(incidents, first)],
        pages,
        began,
        [
            stack.get("oncall-service", "/api/v1/oncall/current", team=team["name"])
            for team in teams
        ],
    )


def week(stack: Stack, until: datetime) -> Any:
    """The statistics of the seven days up to ``until``."""
    return _stats(stack, until, timedelta(days=7))


def _stats(stack: Stack, until: datetime, span: timedelta) -> Any:
    window = {"since": (until - span).isoformat(), "until": until.isoformat()}
    return stack.get("incident-management", "/api/v1/stats", **window)


def _before(incidents: Iterable[dict[str, Any]], first: datetime) -> list[dict[str, Any]]:
    """Those that were imported: what was over before the first page was sent here."""
    return [it for it in incidents if it["resolved_at"] and _at(it["resolved_at"]) < first]


def _received(stack: Stack) -> Iterable[tuple[datetime, str]]:
    """When each alert came, and when its sender said that it is over; none came twice here."""
    for alert in stack.items("alert-ingestion", "/api/v1/alerts"):
        assert alert["count"] == 1, alert
        yield _at(alert["first_seen"]), alert["severity"]
        if alert["resolved_reason"] == "resolved_by_sender":
            yield _at(alert["resolved_at"]), alert["severity"]


def _received_before(
    incidents: Iterable[dict[str, Any]], first: datetime
) -> Iterable[tuple[datetime, str]]:
    """Of imported incidents, whose alerts nobody kept: one a minute, and the end of what healed."""
    for incident in _before(incidents, first):
        end = _at(incident["resolved_at"])
        for number in range(incident["alert_count"]):
            at = min(_at(incident["created_at"]) + timedelta(minutes=number), end)
            yield at, incident["severity"]
            if incident["resolved_by"] is None:
                yield end, incident["severity"]


def expected(query: Query, truth: Truth) -> Series | None:
    """The series of a query by their label; one without a value is left out."""
    find = _BARS.get(query.panel) or _PANELS.get(query.panel) or _COLUMNS.get(query.name)
    return None if find is None else find(query, truth)


Find: TypeAlias = Callable[[Query, Truth], Series]


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _maybe(text: str | None) -> datetime | None:
    return None if text is None else _at(text)


def _one(value: Callable[[Truth], float | None]) -> Find:
    def find(_: Query, truth: Truth) -> Series:
        found = value(truth)
        return {} if found is None else {"": found}

    return find


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _tallies(query: Query, truth: Truth) -> dict[str, Mapping[str, Any]]:
    """The tally a row of a table is about, by severity, team or service."""
    label = {"By team": "team", "By service": "service"}.get(query.panel, "severity")
    return {row[label] or "none": row for row in truth.stats[f"by_{label}"]}


def _column(value: Callable[[Mapping[str, Any]], float | None]) -> Find:
    def find(query: Query, truth: Truth) -> Series:
        found = {label: value(row) for label, row in _tallies(query, truth).items()}
        return {label: number for label, number in found.items() if number is not None}

    return find


def _in_time(step: str) -> Callable[[Mapping[str, Any]], float | None]:
    return lambda row: _ratio(row[f"{step}_in_time"], row[step])


def _pages(truth: Truth) -> int:
    return sum(truth.within(at) for at, *_ in truth.pages)


def _open_by(name: str) -> Find:
    def find(query: Query, truth: Truth) -> Series:
        return {query.name: truth.stats["open"][name][query.name]}

    return find


def _between(field: str, end: str) -> Find:
    bounds = {
        "under 1 min": (0, 60), "1 to 5 min": (60, 300), "5 to 10 min": (300, 600),
        "under 10 min": (0, 600), "10 to 30 min": (600, 1800), "30 min to 1 h": (1800, 3600),
        "over 1 h": (3600, 1e12), "1 to 4 h": (3600, 14400), "4 h to 1 day": (14400, 86400),
        "over 1 day": (86400, 1e12),
    }  # fmt: skip

    def find(query: Query, truth: Truth) -> Series:
        low, high = bounds[query.name]
        return {
            "": sum(
                truth.within(_maybe(incident[end])) and low < max(incident[field], 1e-9) <= high
                for incident in truth.incidents
                if incident[field] is not None
            )
        }

    return find


def _noisiest(query: Query, truth: Truth) -> Series:
    del query
    counted = Counter(
        {row["service"]: row["created"] for row in truth.stats["by_service"] if row["created"]}
    )
    # Of those with as many as the eighth, any may be shown.
    least = sorted(counted.values(), reverse=True)[:8][-1] if counted else 0
    return {service: count for service, count in counted.items() if count > least}


def _trend(measure: str, scale: float) -> Find:
    def find(query: Query, truth: Truth) -> Series:
        (row,) = (it for it in truth.week["by_severity"] if it["severity"] == query.name)
        mean = row[measure]["mean_seconds"]
        return {} if mean is None else {query.name: mean / scale}

    return find


def _bars(moment: str) -> Find:
    """What a bar graph of events adds up to in all of its bars."""

    def find(query: Query, truth: Truth) -> Series:
        return {
            query.name: sum(
                truth.within(_maybe(incident[moment])) and incident["severity"] == query.name
                for incident in truth.incidents
            )
        }

    return find


def _escalated(query: Query, truth: Truth) -> Series:
    del query
    return Counter(team for at, team in truth.escalations if truth.within(at))


def _on_call_now(query: Query, truth: Truth) -> Series:
    del query
    return {
        f"{it['team']['name']} {it['primary']['name'] if it['primary'] else 'nobody'}": 1
        for it in truth.on_call
    }


def _received_in(truth: Truth) -> int:
    return sum(truth.within(at) for at, _ in truth.received)


def _received_bars(query: Query, truth: Truth) -> Series:
    return {query.name: sum(truth.within(at) and to == query.name for at, to in truth.received)}


def _received_and_paged(query: Query, truth: Truth) -> Series:
    return {query.name: _pages(truth) if query.name == "pages sent" else _received_in(truth)}


def _limits(text: str) -> Series:
    """What an installation begins with; no test sets another."""
    return {it.value: limit.total_seconds() for it, limit in targets.parse_targets(text).items()}


_TOTAL: dict[str, Callable[[Truth], float | None]] = {
    "Open incidents": lambda it: it.stats["open"]["total"],
    "Not taken yet": lambda it: it.stats["open"]["by_status"]["open"],
    "Critical or high": lambda it: sum(
        it.stats["open"]["by_severity"][severity] for severity in ("critical", "high")
    ),
    "New incidents": lambda it: it.stats["total"]["created"],
    "MTTA": lambda it: it.stats["total"]["mtta"]["mean_seconds"],
    "MTTR": lambda it: it.stats["total"]["mttr"]["mean_seconds"],
    "Taken in time": lambda it: _in_time("acknowledged")(it.stats["total"]),
    "Solved in time": lambda it: _in_time("resolved")(it.stats["total"]),
    "Never taken": lambda it: it.stats["total"]["never_acknowledged"],
    "Alerts received": _received_in,
    "Alerts a page": lambda it: _ratio(_received_in(it), _pages(it)),
    "Pages sent": _pages,
    "Pages an incident": lambda it: _ratio(_pages(it), it.stats["total"]["created"]),
    "Escalations": lambda it: sum(it.within(at) for at, _ in it.escalations),
    "Teams in a gap": lambda it: sum(team["gap"] for team in it.on_call),
    "Out of reach": lambda it: sum(
        team["primary"] is None or not team["primary"]["reachable"] for team in it.on_call
    ),
}

_PANELS: dict[str, Find] = {
    **{title: _one(value) for title, value in _TOTAL.items()},
    "Open by severity": _open_by("by_severity"),
    "Open by status": _open_by("by_status"),
    "Noisiest services": _noisiest,
    "Times to acknowledge": _between("mtta_seconds", "acknowledged_at"),
    "Times to resolve": _between("mttr_seconds", "resolved_at"),
    "MTTA of the 7 days before": _trend("mtta", 60),
    "MTTR of the 7 days before": _trend("mttr", HOUR),
    "On call now": _on_call_now,
}

_BARS: dict[str, Find] = {
    "Incidents opened": _bars("created_at"),
    "Incidents resolved": _bars("resolved_at"),
    "Escalations by team": _escalated,
    "Alerts over time": _received_bars,
    "Received and paged": _received_and_paged,
}

_COLUMNS: dict[str, Find] = {
    "MTTA target": lambda *_: _limits(targets.ACKNOWLEDGE),
    "MTTR target": lambda *_: _limits(targets.RESOLVE),
    "New": _column(lambda row: row["created"]),
    "Resolved": _column(lambda row: row["resolved"]),
    "MTTA": _column(lambda row: row["mtta"]["mean_seconds"]),
    "MTTR": _column(lambda row: row["mttr"]["mean_seconds"]),
    "MTTA p50": _column(lambda row: row["mtta"]["p50_seconds"]),
    "MTTA p95": _column(lambda row: row["mtta"]["p95_seconds"]),
    "MTTR p50": _column(lambda row: row["mttr"]["p50_seconds"]),
    "MTTR p95": _column(lambda row: row["mttr"]["p95_seconds"]),
    "Taken in time": _column(_in_time("acknowledged")),
    "Solved in time": _column(_in_time("resolved")),
    "Never taken": _column(lambda row: row["never_acknowledged"]),
}


def instants(incidents: Iterable[Mapping[str, Any]]) -> list[float]:
    """When anything happened to incidents, in seconds since 1970."""
    return [
        _at(incident[moment]).timestamp()
        for incident in incidents
        for moment in ("created_at", "acknowledged_at", "resolved_at")
        if incident[moment]
    ]


def quiet(incidents: Iterable[Mapping[str, Any]], spans: Iterable[int]) -> datetime:
    """A time up to now from which no window begins within half a minute of what happened."""
    happened = instants(incidents)
    until = datetime.now(UTC).timestamp() - 1
    while any(abs(until - span - at) < 30 for span in spans for at in happened):
        until -= 1
    return datetime.fromtimestamp(until, UTC)
