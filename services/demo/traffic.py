"""The requests that the four services would have answered in that week, and the canary's walks."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from random import Random
from statistics import NormalDist
from typing import NamedTuple

from pulse import Moment
from staircases import Family, written

# Rates are asked for: in the window of each point of a week's graph lie two samples.
EVERY_SECONDS = 600
# Of the canary in that time: one every five minutes.
WALKS = 2
# The job that asks each process for what it measures of itself.
REPLICAS = "vigie-replicas"


class Route(NamedTuple):
    """Requests a second on a busy day, and their median in seconds.

    ``refused`` is the share that is answered with a 4xx; where there is one, now and then
    something fails too.
    """

    service: str
    method: str
    path: str
    rate: float
    median: float
    refused: float = 0.0


class _Observed(NamedTuple):
    """What a histogram gained: how many up to each bound, how many in all, and their sum."""

    up_to: list[float]
    count: int
    total: float


ROUTES = (
    Route("alert-ingestion", "POST", "/api/v1/alerts", 0.06, 0.010, 0.001),
    Route("alert-ingestion", "POST", "/api/v1/webhooks/alertmanager", 0.04, 0.012),
    Route("incident-management", "GET", "/api/v1/incidents", 0.16, 0.009),
    Route("incident-management", "GET", "/api/v1/incidents/{incident}", 0.07, 0.007, 0.001),
    Route("oncall-service", "GET", "/api/v1/oncall/current", 0.08, 0.008),
    Route("oncall-service", "POST", "/internal/v1/tokens/check", 0.05, 0.006, 0.001),
    Route("web-ui", "GET", "/", 0.10, 0.014),
    Route("web-ui", "GET", "/incidents/{incident}", 0.05, 0.016, 0.001),
)
# Of the services' buckets, those that a 95th percentile and the promise of half a second need.
SECONDS_BUCKETS = (0.025, 0.05, 0.1, 0.5)
CANARY = Family("canary_seconds", "histogram", "alert-ingestion", (1, 2.5, 5, 10))
# The least and the most seconds from the start of a walk.
_STEPS = {"paged": (0.9, 3.2), "resolved": (3.0, 7.0)}
# Of the logarithm of a duration: 95 of 100 requests take less than four medians.
_SPREAD = 0.8


def lines(week: Sequence[Moment], instance: str) -> Iterator[str]:
    """The lines of an OpenMetrics file; the moments are ``EVERY_SECONDS`` apart."""
    answered = [_answered(route, week, instance) for route in ROUTES]
    yield "# TYPE http_requests counter\n"
    for route, gained in zip(ROUTES, answered, strict=True):
        family = Family("http_requests", "counter", route.service)
        for status in gained[0] if gained else ():
            series = written(
                family, "http_requests_total", instance, _labels(route) | {"status": status}
            )
            heights = accumulate(step[status] for step in gained)
            yield from (
                f"{series} {height} {it.at}\n" for height, it in zip(heights, week, strict=True)
            )
    yield "# TYPE http_request_duration_seconds histogram\n"
    for route, gained in zip(ROUTES, answered, strict=True):
        family = Family(
            "http_request_duration_seconds", "histogram", route.service, SECONDS_BUCKETS
        )
        took = [
            _durations(route, it, sum(step.values())) for it, step in zip(week, gained, strict=True)
        ]
        yield from _histogram(family, _labels(route), took, week, instance)
    yield f"# TYPE {CANARY.name} histogram\n"
    for step, (least, most) in _STEPS.items():
        chance = Random(f"{instance} {step}")  # noqa: S311 - a story, not a secret
        took = [_walked([chance.uniform(least, most) for _ in range(WALKS)]) for _ in week]
        yield from _histogram(CANARY, {"step": step}, took, week, instance)


def _labels(route: Route) -> dict[str, str]:
    return {"job": REPLICAS, "method": route.method, "route": route.path}


def _answered(route: Route, week: Sequence[Moment], instance: str) -> list[dict[str, int]]:
    """By moment, how many requests were answered with which class of status."""
    chance = Random(f"{instance} {route}")  # noqa: S311 - a story, not a secret
    gained = []
    for it in week:
        expected = route.rate * EVERY_SECONDS * it.busy
        step = {"2xx": int(expected * chance.uniform(0.85, 1.15) + chance.random())}
        if route.refused:
            step["4xx"] = int(chance.random() < route.refused * expected)
            # A few in the week: far from what the budget of errors allows.
            step["5xx"] = int(it.trouble > 0.6 and chance.random() < 0.02)
        gained.append(step)
    return gained


def _durations(route: Route, it: Moment, count: int) -> _Observed:
    """Of so many requests: the busier, the slower."""
    median = route.median * (0.8 + 0.4 * it.busy)
    spread = NormalDist(math.log(median), _SPREAD)
    up_to = [count * spread.cdf(math.log(bound)) for bound in SECONDS_BUCKETS]
    return _Observed(up_to, count, count * median * math.exp(_SPREAD**2 / 2))


def _walked(seconds: Sequence[float]) -> _Observed:
    up_to = [float(sum(one <= bound for one in seconds)) for bound in CANARY.buckets]
    return _Observed(up_to, len(seconds), sum(seconds))


def _histogram(
    family: Family,
    labels: Mapping[str, str],
    gained: Sequence[_Observed],
    week: Sequence[Moment],
    instance: str,
) -> Iterator[str]:
    counts = list(accumulate(it.count for it in gained))
    parts = [
        ("_bucket", {"le": str(bound)}, [*map(round, accumulate(it.up_to[n] for it in gained))])
        for n, bound in enumerate(family.buckets)
    ]
    sums = [round(total, 3) for total in accumulate(it.total for it in gained)]
    parts += [("_bucket", {"le": "+Inf"}, counts), ("_sum", {}, sums), ("_count", {}, counts)]
    for suffix, le, values in parts:
        series = written(family, family.name + suffix, instance, {**labels, **le})
        yield from (f"{series} {value} {it.at}\n" for value, it in zip(values, week, strict=True))
