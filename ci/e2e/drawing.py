"""An installation, the Prometheus that measures it, and what its dashboards say beside the API."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import truth
from measuring import SCRAPES_SECONDS, Measured
from stack import Stack, wait_until

from checks import dashboards
from checks.dashboards import Query
from shared.counters import HELD_SECONDS

SPANS = {"5m": 300, "1h": 3600, "24h": 86400, "7d": 604800, "30d": 2592000}
SERVICES = ("invoices", "mail", "basket", "ledger-new", "stock")
SEVERITIES = ("critical", "high", "medium", "low", "critical")
LABELS = ("severity", "status", "service", "team", "person")
# Beside these the service is the one that was asked, and no column.
WITH_A_TEAM = ("team", "person")
# Of the platform itself: no figure of the API, and not there before it was installed.
PLATFORM = "platform-health"
OF_INCIDENTS = [query for query in dashboards.queries() if query.dashboard != PLATFORM]


@dataclass
class Drawn(Measured):
    """The installation, filled, its Prometheus, and the time at which everything is compared."""

    stack: Stack
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
            values = {float(at): float(value) for at, value in series["values"]}
            name = query.name if query.kind == "timeseries" and "{{" not in query.name else None
            if "$__interval" in query.expr:
                number = sum(values.values())
            elif _is_trend(query):
                number = values.get(self._settled_point(query, span).timestamp(), math.nan)
            else:
                number = list(values.values())[-1]
            if not math.isnan(number):
                numbers[name or _label(series["metric"])] = number
        return numbers

    def truth(self, query: Query, span: int) -> truth.Truth:
        """What the API says of the ``span`` seconds that a query looks at."""
        if span not in self.told:
            self.told[span] = truth.ask(self.stack, self.until, timedelta(seconds=span))
        told = self.told[span]
        if _is_trend(query):
            told = replace(told, week=truth.week(self.stack, self._settled_point(query, span)))
        return told

    def _settled_point(self, query: Query, span: int) -> datetime:
        """The last point of a line, a multiple of its step, at which all had been measured.

        What happens is scraped, and recorded by a rule, some seconds later.
        """
        step = query.step(span)
        point = self.until.timestamp() // step * step
        happened = truth.instants(self.stack.incidents())
        while any(0 <= point - at < 4 * SCRAPES_SECONDS for at in happened):
            point -= step
        return datetime.fromtimestamp(point, UTC)

    def agrees(self, query: Query, span: str) -> None:
        """Assert that a panel says what the API says: counts equal, means and percentiles nearly.

        What the API does not have has to be listed as such, and is only asked for.
        """
        told = truth.expected(query, self.truth(query, SPANS[span]))
        if told is None:
            assert query.panel in truth.NOT_OF_THE_API or query.name in truth.NOT_OF_THE_API
            self.rendered(query, SPANS[span])
            return
        shown = self.shown(query, SPANS[span])
        if query.panel == "Noisiest services":
            shown = {name: shown.get(name, 0) for name in told}
        tolerance = 0.1 if "p50" in query.name or "p95" in query.name else 0.0
        if "MTT" in query.panel + query.name:
            tolerance = max(tolerance, 0.02)
        # Nothing and zero are the same to a reader; but of a mean nothing is not zero.
        if tolerance == 0.0:
            told, shown = ({k: v for k, v in it.items() if v} for it in (told, shown))
        assert shown == pytest.approx(dict(told), rel=tolerance or 1e-9), f"{query} over {span}"

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

    def wait_for_a_first_measurement(self) -> None:
        """What is counted needs a sample before it; a quick machine would be done sooner."""
        for first in ("incidents_total", "alerts_received_total", "escalations_total"):
            wait_until(f"a first {first}", lambda first=first: self.measured(first), 120)  # type: ignore[misc]

    def settle(self) -> None:
        """Wait until all that has happened is shown, and compare from then on."""
        happened = time.time()
        settled = HELD_SECONDS + 4 * SCRAPES_SECONDS + 5
        wait_until("what is new to be shown", lambda: time.time() > happened + settled, 120)
        self.until = truth.quiet(self.stack.incidents(), SPANS.values())


def _is_trend(query: Query) -> bool:
    """Whether it draws, at each time, the mean of the days before."""
    return "mean_7d" in query.expr


def _label(labels: Mapping[str, str]) -> str:
    names = WITH_A_TEAM if "person" in labels else LABELS
    return " ".join(labels[name] for name in names if name in labels)
