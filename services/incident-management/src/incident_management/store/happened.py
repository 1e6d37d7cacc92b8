"""What happened in a window, each by its own instant, from the incidents and what is left of them.

Statements begin with ``HAPPENED``, select ``TALLIED`` and take a window's ``parameters``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from incident_management.targets import Targets
from shared.contracts.incident_api import Durations, Tally
from shared.contracts.wire import Severity
from shared.database import Connection

# Every incident that people saw, those that are forgotten too.
EVER = """(
    SELECT severity, service, team, created_at, acknowledged_at, resolved_at,
           merged_into IS NOT NULL AS merged
    FROM incidents WHERE NOT canary
    UNION ALL
    SELECT severity, service, team, created_at, acknowledged_at, resolved_at, merged
    FROM forgotten_incidents
) AS ever"""

MEANT = """(%(services)s::text[] IS NULL OR service = ANY(%(services)s))
      AND (%(teams)s::text[] IS NULL OR team = ANY(%(teams)s))"""

HAPPENED = f"""
WITH happened AS (
    SELECT created_at AS at, severity, service, team, true AS opened,
           NULL::float8 AS mtta, NULL::float8 AS mttr, false AS unseen
    FROM {EVER}
    WHERE created_at >= %(since)s AND created_at < %(until)s AND {MEANT}
    UNION ALL
    SELECT acknowledged_at, severity, service, team, false,
           greatest(extract(epoch FROM acknowledged_at - created_at)::float8, 0), NULL, false
    FROM {EVER}
    WHERE acknowledged_at >= %(since)s AND acknowledged_at < %(until)s AND {MEANT}
    UNION ALL
    SELECT resolved_at, severity, service, team, false,
           NULL, greatest(extract(epoch FROM resolved_at - created_at)::float8, 0),
           acknowledged_at IS NULL
    FROM {EVER}
    WHERE NOT merged
      AND resolved_at >= %(since)s AND resolved_at < %(until)s AND {MEANT}
)"""  # noqa: S608 - constants

TALLIED = """
       count(*) FILTER (WHERE opened) AS created,
       count(mtta) AS acknowledged,
       count(*) FILTER (WHERE mtta <= target.acknowledge) AS acknowledged_in_time,
       count(mttr) AS resolved,
       count(*) FILTER (WHERE mttr <= target.resolve) AS resolved_in_time,
       count(*) FILTER (WHERE unseen) AS never_acknowledged,
       avg(mtta) AS mtta_mean,
       percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY mtta) AS mtta_percentiles,
       avg(mttr) AS mttr_mean,
       percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY mttr) AS mttr_percentiles
FROM happened
JOIN unnest(%(severities)s::text[], %(acknowledge)s::float8[], %(resolve)s::float8[])
    AS target (severity, acknowledge, resolve) USING (severity)"""

_TOTAL = f"{HAPPENED} SELECT {TALLIED}"

_COUNTS = (
    *("created", "acknowledged", "acknowledged_in_time"),
    *("resolved", "resolved_in_time", "never_acknowledged"),
)


@dataclass(frozen=True)
class Window:
    """[since, until), of these services and teams; empty: of all."""

    since: datetime
    until: datetime
    services: Sequence[str] = ()
    teams: Sequence[str] = ()

    def before(self) -> "Window":
        """The window before this one, of equal length."""
        return Window(self.since - (self.until - self.since), self.since, self.services, self.teams)

    def parameters(self, targets: Targets) -> dict[str, Any]:
        """What a statement takes of it; ``targets`` say what was in time."""
        return {
            "since": self.since,
            "until": self.until,
            "services": list(self.services) or None,
            "teams": list(self.teams) or None,
            "severities": [severity.value for severity in Severity],
            "acknowledge": [targets.acknowledge[severity].total_seconds() for severity in Severity],
            "resolve": [targets.resolve[severity].total_seconds() for severity in Severity],
        }


async def total(connection: Connection, targets: Targets, window: Window) -> Tally:
    """All that happened in a window, under one heading."""
    cursor = await connection.execute(_TOTAL.encode(), window.parameters(targets))
    (row,) = await cursor.fetchall()
    return Tally(**tally(row))


def tally(row: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a ``Tally``, of a row with what ``TALLIED`` selects."""
    return {
        **{name: row[name] for name in _COUNTS},
        "mtta": _durations(row["acknowledged"], row["mtta_mean"], row["mtta_percentiles"]),
        "mttr": _durations(row["resolved"], row["mttr_mean"], row["mttr_percentiles"]),
    }


def _durations(count: int, mean: float | None, percentiles: list[float] | None) -> Durations:
    if not count or percentiles is None:
        return Durations(count=0)
    p50, p95 = percentiles
    return Durations(count=count, mean_seconds=mean, p50_seconds=p50, p95_seconds=p95)
