"""Every query of every panel at every range, against a real Prometheus and what the API says.

The installation holds the week of ./services/demo.sh and five incidents of new services that just
began, some of them acknowledged and resolved. Counts are equal, means within 2 %, percentiles
within 10 %.
"""

import math
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import truth
from measuring import SCRAPES_SECONDS, Measured, hurry
from senders import PATH, PROMETHEUS, PROMTOOL
from stack import START_SECONDS, Stack, wait_until

from checks import dashboards
from checks.dashboards import Query
from shared.counters import HELD_SECONDS
from vigie_testing.cluster import new_session_folder

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.xdist_group("panels"),
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        PROMETHEUS is None or PROMTOOL is None,
        reason="no prometheus with promtool: whether panels tell the truth was not proved",
    ),
]

DEMO = Path(__file__).parents[2] / "services" / "demo.sh"
# Prometheus looks for new blocks once a minute, and merges those it finds.
TAKE_UP_SECONDS = 300
PAST = '{instance=~"demonstration-.+"}'
SPANS = {"5m": 300, "1h": 3600, "24h": 86400, "7d": 604800, "30d": 2592000}
SERVICES = ("invoices", "mail", "basket", "ledger-new", "stock")
SEVERITIES = ("critical", "high", "medium", "low", "critical")
LABELS = ("severity", "status", "service", "team", "person")
# Beside these the service is the one that was asked, and no column.
WITH_A_TEAM = ("team", "person")
# Of the platform itself: no figure of the API, and not there before it was installed.
PLATFORM = "platform-health"


@dataclass
class Drawn(Measured):
    """The installation, filled, its Prometheus, and the time at which everything is compared."""

    stack: Stack
    said: str = ""
    until: datetime = field(default_factory=lambda: datetime.now(UTC))
    told: dict[int, truth.Truth] = field(default_factory=dict)

    def rendered(self, query: Query, span: int) -> list[dict[str, Any]]:
        """The series of a query over ``span`` seconds up to the time of comparison."""
        expr, end = query.as_prometheus_sees_it(span), self.until.timestamp()
        if query.instant:
            found = self.prometheus("query", query=expr, time=str(end))["result"]
            return [{**it, "values": [it["value"]]} for it in found]
        # Grafana puts the points on multiples of the step.
        step = query.step(span)
        start, end = ((at // step) * step for at in (end - span, end))
        found = self.prometheus(
            "query_range", query=expr, start=str(start), end=str(end), step=str(step)
        )["result"]
        return list(found)

    def shown(self, query: Query, span: int) -> dict[str, float]:
        """What a panel says, by label: its number, the sum of its bars, the end of its line."""
        numbers: dict[str, float] = {}
        for series in self.rendered(query, span):
            values = [float(value) for _, value in series["values"]]
            bars = "$__interval" in query.expr
            name = query.name if query.kind == "timeseries" and "{{" not in query.name else None
            number = sum(values) if bars else values[-1]
            if not math.isnan(number):
                numbers[name or _label(series["metric"])] = number
        return numbers

    def truth(self, query: Query, span: int) -> truth.Truth:
        """What the API says of the ``span`` seconds that a query looks at."""
        if span not in self.told:
            self.told[span] = truth.ask(self.stack, self.until, timedelta(seconds=span))
        told = self.told[span]
        if query.kind == "timeseries" and "mean_7d" in query.expr:
            # A line of weeks ends at the last multiple of its step.
            step = query.step(span)
            ended = datetime.fromtimestamp(self.until.timestamp() // step * step, UTC)
            told = replace(told, week=truth.week(self.stack, ended))
        return told

    def traffic(self) -> None:
        """Somebody looks, and somebody is refused."""
        self.stack.api.get(self.stack.url("web-ui", "/sign-in"))
        self.stack.get("incident-management", "/api/v1/stats")
        self.stack.get("oncall-service", "/api/v1/people")
        refused = self.stack.api.get(
            self.stack.url("incident-management", "/api/v1/incidents/INC-999999")
        )
        assert refused.status_code == 404

    def demo(self) -> subprocess.CompletedProcess[str]:
        """``./services/demo.sh``."""
        done = subprocess.run(
            [str(DEMO)],
            env=self.stack.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=TAKE_UP_SECONDS + START_SECONDS,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done

    def five_incidents(self) -> None:
        """Of new services: two are taken and one of them is ended, and one ends by itself."""
        for service, severity in zip(SERVICES, SEVERITIES, strict=True):
            sent = self.stack.alert(service=service, severity=severity, dedup_key=service)
            assert sent.status_code == 201
        mine = wait_until("the incidents", self._five)
        # Not at once: what takes less than a second is in one bucket.
        time.sleep(2)
        for service in SERVICES[:2]:
            assert self.stack.patch(mine[service], status="acknowledged").status_code == 200
        assert self.stack.patch(mine[SERVICES[1]], status="resolved").status_code == 200
        ended = self.stack.alert(
            service=SERVICES[2], severity="medium", dedup_key=SERVICES[2], status="resolved"
        )
        assert ended.status_code in {200, 201}
        wait_until("the end", lambda: self.stack.incident(mine[SERVICES[2]])["resolved_at"])

    def _five(self) -> dict[str, str] | None:
        found = {it["service"]: it["id"] for it in self.stack.incidents()}
        return found if set(SERVICES) <= set(found) else None


def _label(labels: Mapping[str, str]) -> str:
    names = WITH_A_TEAM if "person" in labels else LABELS
    return " ".join(labels[name] for name in names if name in labels)


@pytest.fixture(scope="module")
def drawn() -> Iterator[Drawn]:
    """A fresh installation with a Prometheus of its own, filled, and then five incidents."""
    folder = new_session_folder()
    stack = Stack.make(folder / "state", PATH=PATH)
    try:
        stack.start()
        hurry(stack)
        made = Drawn(stack)
        made.traffic()
        # What is counted needs a sample before it; a quick machine would fill first.
        for first in ("incidents_total", "alerts_received_total", "escalations_total"):
            wait_until(f"a first {first}", lambda first=first: made.measured(first), 120)  # type: ignore[misc]
        made.said = made.demo().stdout
        made.five_incidents()
        happened = time.time()
        wait_until("the week's figures", lambda: _is_drawn(made), TAKE_UP_SECONDS)
        settled = HELD_SECONDS + 4 * SCRAPES_SECONDS + 5
        wait_until("what is new to be shown", lambda: time.time() > happened + settled, 120)
        made.until = truth.quiet(stack.incidents(), SPANS.values())
        yield made
    finally:
        stack.stop()
        shutil.rmtree(folder)


def _is_drawn(drawn: Drawn) -> bool:
    """Whether the recorded series of the past are there, and the present has been measured."""
    drawn.traffic()
    recorded = 'severity:incident_mtta_seconds:mean_7d{severity="high"}'
    return drawn.value(recorded, timedelta(days=3)) > 0 and drawn.value(f"sum({recorded})") > 0


OF_INCIDENTS = [query for query in dashboards.queries() if query.dashboard != PLATFORM]


@pytest.mark.parametrize("span", SPANS)
@pytest.mark.parametrize("query", OF_INCIDENTS, ids=str)
def test_a_panel_says_what_the_api_says(drawn: Drawn, query: Query, span: str) -> None:
    told = truth.expected(query, drawn.truth(query, SPANS[span]))
    if told is None:
        assert query.panel in truth.NOT_OF_THE_API or query.name in truth.NOT_OF_THE_API
        drawn.rendered(query, SPANS[span])
        return
    shown = drawn.shown(query, SPANS[span])
    if query.panel == "Noisiest services":
        shown = {name: shown.get(name, 0) for name in told}
    tolerance = 0.1 if "p50" in query.name or "p95" in query.name else 0.0
    if "MTT" in query.panel + query.name:
        tolerance = max(tolerance, 0.02)
    # Nothing and zero are the same to a reader; but of a mean nothing is not zero.
    if tolerance == 0.0:
        told, shown = ({k: v for k, v in it.items() if v} for it in (told, shown))
    assert shown == pytest.approx(dict(told), rel=tolerance or 1e-9), f"{query} over {span}"


def test_the_windows_are_not_empty(drawn: Drawn) -> None:
    """Else nothing would be compared with nothing."""
    for span, least in (("5m", 5), ("1h", 5), ("24h", 8), ("7d", 45), ("30d", 45)):
        total = drawn.truth(OF_INCIDENTS[0], SPANS[span]).stats["total"]
        assert total["created"] >= least, span
        assert total["acknowledged"] >= 2, span
        assert total["never_acknowledged"] >= 1, span


@pytest.mark.parametrize("span", ["1h", "7d"])
@pytest.mark.parametrize(
    "query", [query for query in dashboards.queries() if query.dashboard == PLATFORM], ids=str
)
def test_the_platform_is_measured(drawn: Drawn, query: Query, span: str) -> None:
    """No query fails, and what has happened since the start is drawn."""
    rare = ("dead", "Deadlocks", "Alerts refused", "Canary", "budget", "What Prometheus says")
    found = drawn.rendered(query, SPANS[span])
    assert found or span == "7d" or any(it in f"{query.panel}" for it in rare), str(query)


def test_the_tile_of_what_waits_is_the_age_of_the_oldest(drawn: Drawn) -> None:
    (query,) = (it for it in OF_INCIDENTS if it.panel == "Oldest untaken")
    oldest = min(
        datetime.fromisoformat(it["created_at"])
        for it in drawn.stack.incidents()
        if it["status"] == "open" and it["acknowledged_at"] is None
    )
    shown = drawn.shown(query, SPANS["5m"])[""]
    assert shown == pytest.approx((drawn.until - oldest).total_seconds(), abs=15)


def test_pages_in_and_out_of_hours_are_all_pages(drawn: Drawn) -> None:
    by_name = {
        query.name: drawn.shown(query, SPANS["7d"])
        for query in OF_INCIDENTS
        if query.panel == "Pages a person"
    }
    sums = {name: sum(numbers.values()) for name, numbers in by_name.items()}
    assert sums["Pages"] == sums["In hours"] + sums["Out of hours"]
    told = drawn.truth(OF_INCIDENTS[0], SPANS["7d"])
    assert sums["Pages"] == sum(told.within(at) for at, _ in told.pages)
    assert sums["Out of hours"] > 0
    people = {it["name"] for it in drawn.stack.items("oncall-service", "/api/v1/people")}
    assert {label.removeprefix(f"{label.split(' ')[0]} ") for label in by_name["Pages"]} <= people


def test_the_demonstration_says_what_it_did_and_does_it_once(drawn: Drawn) -> None:
    assert "46 incidents of the past week" in drawn.said
    assert "the week is in Prometheus" in drawn.said
    samples = f"sum(count_over_time(incidents_total{PAST}[8d]))"
    before = drawn.value(samples)
    assert before > 3 * 300
    again = drawn.demo()
    assert "nothing was added" in again.stdout
    assert again.stderr == ""
    assert drawn.value(samples) == before


def test_each_bar_of_the_week_has_what_was_opened_in_it(drawn: Drawn) -> None:
    queries = [it for it in OF_INCIDENTS if it.panel == "Incidents opened"]
    step = queries[0].step(SPANS["7d"])
    drawn_at = {
        (query.name, float(at)): float(value)
        for query in queries
        for series in drawn.rendered(query, SPANS["7d"])
        for at, value in series["values"]
        if float(value)
    }
    opened: dict[tuple[str, float], float] = {}
    first = (drawn.until.timestamp() - SPANS["7d"]) // step * step
    for incident in drawn.stack.incidents():
        at = datetime.fromisoformat(incident["created_at"]).timestamp()
        if first <= at < drawn.until.timestamp():
            place = incident["severity"], at // step * step
            opened[place] = opened.get(place, 0) + 1
    moved = {
        place
        for place in opened.keys() | drawn_at.keys()
        if opened.get(place) != drawn_at.get(place)
    }
    # A count is seen at the scrape after it: what came just before the end of a bar is in the next.
    assert len(moved) <= 2, moved
    assert sum(drawn_at.values()) == sum(opened.values())


def test_the_past_has_the_labels_of_the_living_series(drawn: Drawn) -> None:
    def labels(matcher: str) -> dict[str, set[frozenset[str]]]:
        found: dict[str, set[frozenset[str]]] = {}
        for series in drawn.prometheus("series", **{"match[]": matcher}):
            found.setdefault(series["__name__"], set()).add(frozenset(series))
        return found

    past = labels(PAST)
    assert len(past) > 10
    living = labels('{instance!~"demonstration-.+", job="vigie"}')
    assert {name: living.get(name) for name in past} == past


def test_the_past_ends_before_what_was_really_measured(drawn: Drawn) -> None:
    """At a restart Prometheus would pass over measurements that a block reaches beyond."""
    last = drawn.value(f"max(max_over_time(timestamp(incidents_total{PAST})[1d:1m]))")
    first = drawn.value("min(min_over_time(timestamp(up)[1d:5s]))")
    assert last < first
