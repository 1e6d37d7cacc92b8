"""What the dashboards draw of the demonstration (./services/demo.sh): data, and the right data.

Prometheus itself answers every query of every panel, over the range with which its dashboard opens.
"""

import math
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from measuring import Measured, hurry
from senders import PATH, PROMETHEUS, PROMTOOL
from stack import START_SECONDS, Stack, wait_until

from checks import dashboards
from vigie_testing.cluster import new_session_folder

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.xdist_group("panels"),
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        PROMETHEUS is None or PROMTOOL is None,
        reason="no prometheus with promtool: whether panels draw a week was not proved",
    ),
]

DEMO = Path(__file__).parents[2] / "services" / "demo.sh"
# Prometheus looks for new blocks once a minute, and merges those it finds.
TAKE_UP_SECONDS = 300
SECONDS = {"h": 3600, "d": 86400}
# Enough to see every day of a month, and the last minute of six hours.
POINTS = 300
PAST = '{instance=~"demonstration-.+"}'
# What the week before cannot hold: the platform was not there to be measured.
OF_THE_PLATFORM = "service:"


class Drawn(Measured):
    """The installation, filled, and its Prometheus."""

    said = ""

    def samples(self, query: dashboards.Query) -> list[tuple[float, float]]:
        """(time, value) of everything a panel gets for a query, NaN left out."""
        expr, now = query.as_prometheus_sees_it(), time.time()
        if query.instant:
            series = self.prometheus("query", query=expr, time=str(now))["result"]
            pairs = [one["value"] for one in series]
        else:
            span = int(query.span[:-1]) * SECONDS[query.span[-1]]
            series = self.prometheus(
                "query_range",
                query=expr,
                start=str(now - span),
                end=str(now),
                step=str(span / POINTS),
            )["result"]
            pairs = [pair for one in series for pair in one["values"]]
        found = [(float(at), float(value)) for at, value in pairs]
        return [(at, value) for at, value in found if not math.isnan(value)]

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
def drawn() -> Iterator[Drawn]:
    """A fresh installation with a Prometheus of its own, filled with the demonstration."""
    folder = new_session_folder()
    stack = Stack.make(folder / "state", PATH=PATH)
    try:
        stack.start()
        hurry(stack)
        made = Drawn(stack)
        made.traffic()
        # An increase needs a sample before it; a quick machine would fill first.
        wait_until("a first measurement", lambda: made.measured("incidents_total"), 120)
        made.said = made.demo().stdout
        wait_until("the week's figures", lambda: _is_drawn(made), TAKE_UP_SECONDS)
        yield made
    finally:
        stack.stop()
        shutil.rmtree(folder)


def _is_drawn(drawn: Drawn) -> bool:
    """Whether the recorded series of the past are there, and the present has been measured."""
    drawn.traffic()
    return drawn.value("vigie:incident_mtta_seconds:mean_1d", timedelta(days=3)) > 0 and (
        drawn.value("count(service:latency_budget:remaining30d)") > 0
    )


@pytest.mark.parametrize("query", list(dashboards.queries()), ids=str)
def test_every_panel_has_data(drawn: Drawn, query: dashboards.Query) -> None:
    found = wait_until(str(query), lambda: _asked_again(drawn, query), 60)
    if (
        query.dashboard != "platform-health"
        and query.kind == "timeseries"
        and OF_THE_PLATFORM not in query.expr
    ):
        days = {int(at // SECONDS["d"]) for at, _ in found}
        assert len(days) >= 6, f"{query} draws {len(days)} days of the week"


def _asked_again(drawn: Drawn, query: dashboards.Query) -> list[tuple[float, float]]:
    """What a panel gets; where that is nothing, more happens before it is asked once more."""
    found = drawn.samples(query)
    if not found:
        drawn.traffic()
    return found


def test_the_demonstration_says_what_it_did_and_does_it_once(drawn: Drawn) -> None:
    assert "46 incidents of the past week" in drawn.said
    assert "the week is in Prometheus" in drawn.said
    samples = f"sum(count_over_time(incidents_total{PAST}[8d]))"
    before = drawn.value(samples)
    assert before > 3 * 2000
    again = drawn.demo()
    assert "nothing was added" in again.stdout
    assert again.stderr == ""
    assert drawn.value(samples) == before


@pytest.mark.parametrize("measure", ["mtta", "mttr"])
def test_the_mean_of_the_week_is_that_of_the_statistics(drawn: Drawn, measure: str) -> None:
    told = drawn.stack.get("incident-management", "/api/v1/stats", window="7d")["total"][measure]
    assert told["count"] > 20
    shown = drawn.value(f"vigie:incident_{measure}_seconds:mean_7d")
    assert shown == pytest.approx(told["mean_seconds"], rel=0.1)


def test_as_many_incidents_were_created_as_the_statistics_count(drawn: Drawn) -> None:
    told = drawn.stack.get("incident-management", "/api/v1/stats", window="7d")["total"]
    shown = drawn.value("sum(increase(incidents_created_total[7d]))")
    assert shown == pytest.approx(told["created"], rel=0.1)
    reached = drawn.value('sum(increase(incidents_total{status="open"}[7d]))')
    assert reached == pytest.approx(told["created"], rel=0.05)


def test_each_incident_is_drawn_on_its_day_and_none_as_a_burst_of_the_import(drawn: Drawn) -> None:
    created = [
        datetime.fromisoformat(incident["created_at"]) for incident in drawn.stack.incidents()
    ]

    def differs(ago: timedelta, window: timedelta, text: str) -> float:
        end = datetime.now(UTC) - ago
        shown = drawn.value(f'sum(increase(incidents_total{{status="open"}}[{text}]))', ago)
        return abs(shown - sum(end - window < at <= end for at in created))

    # At the edges of a window samples are minutes apart, and Prometheus extrapolates.
    assert differs(timedelta(), timedelta(hours=1), "1h") < 1.5
    for days in range(7):
        assert differs(timedelta(days=days), timedelta(days=1), "1d") < 1.5, f"{days} days ago"


def test_the_past_adds_nothing_to_what_is_open_now(drawn: Drawn) -> None:
    told = drawn.stack.get("incident-management", "/api/v1/stats")["open"]["total"]
    assert told == 3
    wait_until("the open incidents", lambda: drawn.value("sum(incidents_open)") == told)


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
