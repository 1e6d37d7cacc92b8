"""PostgreSQL's vital figures for Prometheus, read at scrape through a role that sees no content.

They live here rather than in an exporter of its own: one image and one process less to run, and
the same figures without Docker. The role (vigie_metrics) is a member of pg_monitor and may open few
connections. Without its credentials the series are absent; with the server down ``postgres_up``
is 0.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import psycopg
import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from psycopg.rows import dict_row

from shared.metrics import Collect

CONNECT_SECONDS = 2

_STATES = ("active", "idle", "idle in transaction", "other")

_VITALS = """
SELECT d.xact_commit, d.xact_rollback, d.blks_hit, d.blks_read, d.deadlocks, d.temp_bytes,
       pg_database_size(d.datname) AS size,
       current_setting('max_connections')::int
           - current_setting('superuser_reserved_connections')::int AS max_connections,
       (SELECT coalesce(extract(epoch FROM max(now() - xact_start)), 0)::float8
        FROM pg_stat_activity
        WHERE datname = current_database() AND backend_type = 'client backend'
            AND pid <> pg_backend_pid()) AS longest_transaction,
       (SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock') AS waiting_for_locks,
       extract(epoch FROM now() - pg_postmaster_start_time())::float8 AS uptime
FROM pg_stat_database AS d WHERE d.datname = current_database()
"""

_CONNECTIONS = """
SELECT CASE WHEN state IN ('active', 'idle', 'idle in transaction') THEN state ELSE 'other' END
           AS state, count(*) AS held
FROM pg_stat_activity WHERE backend_type = 'client backend' GROUP BY 1
"""

_COUNTERS = (
    ("postgres_block_hits_total", "Blocks found in shared buffers.", "blks_hit"),
    ("postgres_block_reads_total", "Blocks read from outside of shared buffers.", "blks_read"),
    ("postgres_deadlocks_total", "Deadlocks resolved by ending a transaction.", "deadlocks"),
    ("postgres_temp_bytes_total", "Bytes written to temporary files.", "temp_bytes"),
)
_GAUGES = (
    ("postgres_database_size_bytes", "Size of the database on disk.", "size"),
    ("postgres_connections_max", "Connections that ordinary roles may open.", "max_connections"),
    (
        "postgres_longest_transaction_seconds",
        "Age of the oldest transaction of a client; a vacuum is none.",
        "longest_transaction",
    ),
    ("postgres_lock_waiters", "Sessions that wait for a lock.", "waiting_for_locks"),
    ("postgres_uptime_seconds", "Time since the server started.", "uptime"),
)

_log = structlog.get_logger(__name__)


def collector(parameters: Mapping[str, Any]) -> Collect:
    """Reads the figures through a connection of its own, opened and closed by each scrape."""

    async def collect() -> Iterable[Metric]:
        try:
            vitals, connections = await _read(parameters)
        except psycopg.Error as error:
            _log.warning("postgres_figures_unavailable", error=str(error).strip())
            return [_up(False)]
        return [_up(True), *_families(vitals, connections)]

    return collect


async def _read(parameters: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, int]]:
    connection = await psycopg.AsyncConnection.connect(
        **{**parameters, "connect_timeout": CONNECT_SECONDS}, autocommit=True, row_factory=dict_row
    )
    async with connection:
        vitals = await (await connection.execute(_VITALS)).fetchone()
        held = await (await connection.execute(_CONNECTIONS)).fetchall()
    return vitals or {}, {row["state"]: row["held"] for row in held}


def _up(up: bool) -> Metric:
    return GaugeMetricFamily("postgres_up", "Whether the server answered this scrape.", value=up)


def _families(vitals: Mapping[str, Any], held: Mapping[str, int]) -> Iterable[Metric]:
    for name, text, column in _COUNTERS:
        yield CounterMetricFamily(name, text, value=float(vitals[column]))
    for name, text, column in _GAUGES:
        yield GaugeMetricFamily(name, text, value=float(vitals[column]))
    yield GaugeMetricFamily(
        "postgres_cache_hit_ratio",
        "Share of block requests that shared buffers answered, since the statistics began.",
        value=_ratio(vitals["blks_hit"], vitals["blks_read"]),
    )
    transactions = CounterMetricFamily(
        "postgres_transactions_total", "Transactions that ended.", labels=["outcome"]
    )
    transactions.add_metric(["commit"], vitals["xact_commit"])
    transactions.add_metric(["rollback"], vitals["xact_rollback"])
    yield transactions
    connections = GaugeMetricFamily(
        "postgres_connections", "Client connections to the server, by state.", labels=["state"]
    )
    for state in _STATES:
        connections.add_metric([state], held.get(state, 0))
    yield connections


def _ratio(hits: int, reads: int) -> float:
    return hits / (hits + reads) if hits + reads else 1.0
