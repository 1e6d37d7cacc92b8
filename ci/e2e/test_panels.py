"""Every query of every panel at every range, against a real Prometheus and what the API says.

The installation holds the week of ./services/demo.sh and five incidents of new services that just
began, some of them acknowledged and resolved. Counts are equal, means within 2 %, percentiles
within 10 %.
"""

import math
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from drawing import OF_INCIDENTS, PLATFORM, SPANS, Drawn
from measuring import measured_installation
from senders import PROMETHEUS, PROMTOOL
from stack import START_SECONDS, wait_until

from checks import dashboards
from checks.dashboards import Query

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
# Nothing was refused, and burn rates are of the promises that the installation itself has made.
NO_PAST = ("Alerts refused", "Burn rate, errors")

WEEKS_BARS = next(it for it in OF_INCIDENTS if it.panel == "Incidents opened")


class Filled(Drawn):
    """One that holds the demonstration; ``said`` is what that said."""

    said = ""

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


@pytest.fixture(scope="module")
def drawn() -> Iterator[Filled]:
    """A fresh installation with a Prometheus of its own, filled, and then five incidents."""
    with measured_installation() as stack:
        made = Filled(stack)
        made.traffic()
        made.wait_for_a_first_measurement()
        made.said = made.demo().stdout
        # Not at the edge of a bar of the week: what is seen a scrape later would lie in the next.
        bar = WEEKS_BARS.step(SPANS["7d"])
        wait_until("a bar with room", lambda: time.time() % bar < bar - 90, 120)
        made.five_incidents()
        wait_until("the week's figures", lambda: _is_drawn(made), TAKE_UP_SECONDS)
        made.settle()
        yield made


def _is_drawn(drawn: Filled) -> bool:
    """Whether the recorded series of the past are there, and the present has been measured."""
    drawn.traffic()
    recorded = 'severity:incident_mtta_seconds:mean_7d{severity="high"}'
    return drawn.value(recorded, timedelta(days=3)) > 0 and drawn.value(f"sum({recorded})") > 0


@pytest.mark.parametrize("span", SPANS)
@pytest.mark.parametrize("query", OF_INCIDENTS, ids=str)
def test_a_panel_says_what_the_api_says(drawn: Drawn, query: Query, span: str) -> None:
    drawn.agrees(query, span)


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
    """No query fails; what has happened since the start is drawn, and the week before it."""
    rare = ("Deadlocks", "Alerts refused", "Canary", "budget", "What Prometheus says")
    found = drawn.rendered(query, SPANS[span])
    assert found or span == "7d" or any(it in f"{query.panel}" for it in rare), str(query)
    # What is drawn over time has a past, but for what nobody promised then.
    if span == "7d" and query.kind == "timeseries" and query.panel not in NO_PAST:
        days = {
            float(at) // 86400
            for series in found
            for at, value in series["values"]
            if not math.isnan(float(value))
        }
        assert len(days) >= 6, f"{query}: {len(days)} days"


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
    queries = [it for it in OF_INCIDENTS if it.panel == WEEKS_BARS.panel]
    step = WEEKS_BARS.step(SPANS["7d"])
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
    def labels(job: str, instance: str) -> dict[str, set[frozenset[str]]]:
        found: dict[str, set[frozenset[str]]] = {}
        matcher = f'{{job="{job}", instance{instance}"demonstration-.+"}}'
        for series in drawn.prometheus("series", **{"match[]": matcher}):
            found.setdefault(series["__name__"], set()).add(frozenset(series))
        return found

    for job, least in (("vigie", 30), ("vigie-replicas", 9)):
        past, living = labels(job, "=~"), labels(job, "!~")
        assert len(past) > least, job
        assert {name: living.get(name) for name in past} == past


def test_the_past_ends_before_what_was_really_measured(drawn: Drawn) -> None:
    """At a restart Prometheus would pass over measurements that a block reaches beyond."""
    last = drawn.value(f"max(max_over_time(timestamp(incidents_total{PAST})[1d:1m]))")
    first = drawn.value("min(min_over_time(timestamp(up)[1d:5s]))")
    assert last < first
