"""What every service measures of itself, and how /metrics is put together at scrape."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterable, Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TypeAlias

import httpx
import structlog
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from shared.errors import Unavailable
from shared.workers import Worker

COLLECT_TIMEOUT_SECONDS = 4.0
STATUS_CLASSES = ("2xx", "3xx", "4xx", "5xx")

Collect: TypeAlias = Callable[[], Awaitable[Iterable[Metric]]]
"""Reads metrics at scrape, from the database."""

_log = structlog.get_logger(__name__)


class ServiceMetrics:
    """Request rate, errors and duration by route, and what was built."""

    def __init__(
        self, registry: CollectorRegistry, *, service: str, version: str, revision: str
    ) -> None:
        # A series with the creation time of each counter doubles the page and helps nobody here.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self.registry = registry
        self._requests = Counter(
            "http_requests_total",
            "Requests answered, by route and class of status.",
            ["method", "route", "status"],
            registry=registry,
        )
        self._duration = Histogram(
            "http_request_duration_seconds",
            "Time from the first byte of a request to the last of its answer.",
            ["method", "route"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
            registry=registry,
        )
        Gauge(
            "build_info",
            "What this process was built from; always 1.",
            ["service", "version", "revision"],
            registry=registry,
        ).labels(service, version, revision).set(1)
        for name, text, of in _DISK:
            Gauge(name, text, registry=registry).set_function(partial(_disk, of))

    def declare(self, method: str, route: str) -> None:
        """Start a route's series at zero, so that increase() sees the first request."""
        for status in STATUS_CLASSES:
            self._requests.labels(method, route, status)
        self._duration.labels(method, route)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        self._requests.labels(method, route, f"{status // 100}xx").inc()
        self._duration.labels(method, route).observe(seconds)


_DISK = (
    ("disk_free_bytes", "Free space where this process runs; volumes mostly lie there.", "free"),
    ("disk_size_bytes", "Size of that disk.", "total"),
)


def _disk(of: str) -> float:
    return float(getattr(shutil.disk_usage(Path.cwd()), of))


class _Snapshot(Collector):
    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


class Part(StrEnum):
    """What Prometheus asks for: once a service, or of each of its processes.

    ``INSTALLATION`` is what the database says, the same in every replica; ``REPLICA`` is what one
    process measures of itself. Both are what /metrics is without a part. Where a service has
    several workers, each series of ``REPLICA`` says of which one it is; ``WORKER`` is what the one
    that answers measures of itself.
    """

    INSTALLATION = "installation"
    REPLICA = "replica"
    WORKER = "worker"


async def render(
    registry: CollectorRegistry,
    collectors: Sequence[Collect],
    part: Part | None = None,
    worker: Worker | None = None,
) -> bytes:
    """The page: the process's own metrics, then what the database says, or that it does not."""
    if part is Part.WORKER or (worker is None and part is Part.REPLICA):
        return generate_latest(registry)
    if part is Part.INSTALLATION:
        return await _of_installation(collectors)
    own = generate_latest(registry) if worker is None else await _of_workers(registry, worker)
    return own if part is Part.REPLICA else own + await _of_installation(collectors)


async def _of_workers(registry: CollectorRegistry, worker: Worker) -> bytes:
    """What each of the processes measures of itself, told apart by a label."""
    pages = {worker.number: generate_latest(registry)}
    async with httpx.AsyncClient(timeout=COLLECT_TIMEOUT_SECONDS, trust_env=False) as client:
        for number, port in worker.siblings.items():
            try:
                answer = await client.get(
                    f"http://127.0.0.1:{port}/metrics", params={"part": Part.WORKER.value}
                )
            except httpx.HTTPError as error:
                # It ended, and will be back; its counters begin anew then.
                _log.warning("worker_not_measured", worker=number, error=repr(error))
            else:
                pages[number] = answer.content
    families: dict[str, Metric] = {}
    for number, page in sorted(pages.items()):
        for family in text_string_to_metric_families(page.decode()):
            into = families.setdefault(
                family.name, Metric(family.name, family.documentation, family.type)
            )
            into.samples += [
                one._replace(labels={**one.labels, "worker": str(number)}) for one in family.samples
            ]
    return _page(list(families.values()))


async def _of_installation(collectors: Sequence[Collect]) -> bytes:
    families: list[Metric] = []
    answered = True
    try:
        async with asyncio.timeout(COLLECT_TIMEOUT_SECONDS):
            for collect in collectors:
                families.extend(await collect())
    except (Unavailable, TimeoutError) as error:
        _log.warning("metrics_without_database", error=str(error))
        # Half of the figures would look like a fall to zero of the others.
        families, answered = [], False
    if collectors:
        families.append(
            GaugeMetricFamily(
                "database_up",
                "Whether the database answered this scrape; without it only process metrics.",
                value=float(answered),
            )
        )
    return _page(families)


def _page(families: Sequence[Metric]) -> bytes:
    snapshot = CollectorRegistry()
    snapshot.register(_Snapshot(families))
    return generate_latest(snapshot)
