"""PromQL that dashboards have in common, said once.

Counts are exact. The business counters are rows that never restart and begin at zero
(docs/adr/0005 and 0025), so what happened is the last value less the one before the window, by
series; ``increase()`` would guess at what lies between the samples and the edges, and answer 46.3
where the API counts 46.

They are also quick. Both values are looked for within an hour of the edges of a window. Only for a
series that began or ended inside of it more is read, and then not a month of samples but what a
rule notes of it every five minutes (prometheus/rules/counted.yml, which counted.py makes).
"""

from collections.abc import Iterable

SEVERITIES = ("critical", "high", "medium", "low")
"""Worst first, as they stand in every panel."""

FIRST, LAST = "min_10m", "last_10m"
# How far back the value at an edge is looked for: over a restart, or a while without scrapes.
_BEFORE = "1h"
# The first note of a series that has just begun is taken by then.
_UNTIL_NOTED = "10m"


def select(metric: str, *matchers: str) -> str:
    """A selector; empty matchers are left out."""
    return f"{metric}{{{','.join(filter(None, matchers))}}}"


def gained(series: str, window: str = "$__range") -> str:
    """By series, how much a counter rose in the window that ends now.

    A series that was not there before the window begins with its first value in it, and one that
    has ended counts up to its last.
    """
    last = (
        f"(last_over_time({series}[{_BEFORE}]) or last_over_time({noted(series, LAST)}[{window}]))"
    )
    before = (
        f"(last_over_time({series}[{_BEFORE}] offset {window})"
        f" or min_over_time({noted(series, FIRST)}[{window}])"
        f" or min_over_time({series}[{_UNTIL_NOTED}]))"
    )
    return f"clamp_min({last} - {before}, 0)"


def gained_from(series: str) -> str:
    """By series, how much a counter rose in the interval of a graph that begins at each point.

    From there on, and not up to there: Grafana's points lie on multiples of the interval, so what
    happened since the last one would be on no graph until the next.
    """
    ahead = "offset -$__interval"
    last = (
        f"(last_over_time({series}[{_BEFORE}] {ahead})"
        f" or last_over_time({noted(series, LAST)}[$__interval] {ahead}))"
    )
    before = (
        f"(last_over_time({series}[{_BEFORE}])"
        f" or min_over_time({noted(series, FIRST)}[$__interval] {ahead})"
        f" or min_over_time({series}[{_UNTIL_NOTED}] {ahead}))"
    )
    return f"clamp_min({last} - {before}, 0)"


def noted(series: str, what: str) -> str:
    """What a rule notes every five minutes of a selected counter; its matchers stay."""
    metric, brace, matchers = series.partition("{")
    return f"counted:{metric}:{what}{brace}{matchers}"


def total(expr: str, *by: str) -> str:
    """The sum, by labels if any are named."""
    grouping = f" by ({', '.join(by)}) " if by else ""
    return f"sum{grouping}({expr})"


def share(part: str, whole: str) -> str:
    """A ratio; nothing where there is nothing to divide by."""
    return f"{part} / ({whole} > 0)"


def mean(histogram: str, matchers: str, *by: str) -> str:
    """The mean of a histogram's observations in the range."""
    observed, count = (
        total(gained(select(f"{histogram}_{part}", matchers)), *by) for part in ("sum", "count")
    )
    return share(observed, count)


def percentile(quantile: float, histogram: str, matchers: str, *by: str) -> str:
    """A percentile of a histogram's observations in the range; nothing without any."""
    buckets = total(gained(select(f"{histogram}_bucket", matchers)), *by, "le")
    return f"histogram_quantile({quantile}, {buckets}) >= 0"


def between(histogram: str, matchers: str, above: float | None, up_to: float | None) -> str:
    """How many observations of the range lie between two bounds of the histogram's buckets."""

    def within(bound: float | None) -> str:
        le = f'le="{"+Inf" if bound is None else bound}"'
        return total(gained(select(f"{histogram}_bucket", matchers, le)))

    return within(up_to) if above is None else f"{within(up_to)} - {within(above)}"


def rate(counter: str, matchers: Iterable[str] = (), *by: str) -> str:
    """Per second, of a process's own counter: those restart, which ``rate()`` knows."""
    return total(f"rate({select(counter, *matchers)}[$__rate_interval])", *by)


def passing(quantile: float, histogram: str, window: str, *by: str) -> str:
    """A percentile as time goes by, of what was observed in the ``window`` up to each point."""
    buckets = total(f"increase({histogram}_bucket[{window}])", *by, "le")
    return f"histogram_quantile({quantile}, {buckets})"
