"""The incidents of a believable week: a pure function of a seed and of now.

Identities depend on the seed alone, so loading a second time, whenever that is, changes nothing.
"""

import random
import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import people

INCIDENTS = 46
DAYS = 7
_NAMESPACE = uuid.UUID("5b2f8f0e-5a54-4d0e-9d53-6f6a3a1c7e21")


class Kind(NamedTuple):
    """What goes wrong, how often it does (a weight), and whether it often heals by itself."""

    service: str
    severity: str
    title: str
    weight: int
    heals: bool


KINDS = (
    Kind("checkout", "critical", "Checkout fails for more than 5 % of customers", 2, False),
    Kind("payments-api", "critical", "Card payments are declined by the processor", 1, False),
    Kind("postgres", "critical", "Primary database does not accept writes", 1, False),
    Kind("api-gateway", "high", "5xx rate of the gateway above 2 %", 5, False),
    Kind("payments-api", "high", "p99 latency of payments above 1.5 s", 4, False),
    Kind("search", "high", "Search index is 20 minutes behind", 3, False),
    Kind("ledger", "high", "Ledger reconciliation differs from the bank's file", 2, False),
    Kind("postgres", "medium", "Replication lag above 60 s", 5, True),
    Kind("edge-proxy", "medium", "TLS certificate expires in 6 days", 2, False),
    Kind("fraud-check", "medium", "Scoring queue grows faster than it is read", 4, True),
    Kind("object-storage", "medium", "Disk of node 4 fills up within 24 h", 3, False),
    Kind("checkout", "medium", "Basket service restarts repeatedly", 4, True),
    Kind("search", "low", "Cache hit rate below 80 %", 5, True),
    Kind("api-gateway", "low", "Connection pool at 85 %", 5, True),
)

# Minutes until somebody acknowledges, and from there until it is resolved:
# (shortest, typical, longest).
_ACKNOWLEDGE = {
    "critical": (1, 2, 6),
    "high": (2, 5, 14),
    "medium": (4, 11, 45),
    "low": (8, 25, 120),
}
_RESOLVE = {
    "critical": (14, 38, 110),
    "high": (12, 45, 150),
    "medium": (15, 60, 260),
    "low": (10, 50, 300),
}

_NOTES = (
    "Rolled back the release of this morning; error rate is falling.",
    "Traffic moved to the second zone while we look.",
    "Same pattern as last month: the nightly export holds a lock.",
    "Vendor confirms a partial outage on their side.",
    "Raised the pool to 60 connections; watching.",
    "Restarted the stuck consumer, the queue drains.",
    "Added a dashboard panel for this, it took too long to see.",
)


def past_incidents(
    seed: int, now: datetime, persons: Mapping[str, Mapping[str, str]]
) -> list[dict[str, Any]]:
    """Bodies for the import: resolved incidents of the seven days before ``now``."""
    chance = random.Random(seed)  # noqa: S311 - a story, not a secret
    kinds = chance.choices(KINDS, weights=[kind.weight for kind in KINDS], k=INCIDENTS)
    return [
        _incident(chance, index, kind, now, persons)
        | {"id": str(uuid.uuid5(_NAMESPACE, f"{seed} {index}"))}
        for index, kind in enumerate(kinds)
    ]


def open_alerts(seed: int) -> Iterator[dict[str, Any]]:
    """Bodies for the alert API: what is going on right now."""
    burning = (
        ("checkout", "critical", "Checkout fails for more than 5 % of customers", "eu-west"),
        ("checkout", "critical", "Checkout fails for more than 5 % of customers", "eu-south"),
        ("search", "high", "Search index is 20 minutes behind", "eu-west"),
        ("object-storage", "medium", "Disk of node 7 fills up within 24 h", "eu-west"),
    )
    for service, severity, message, region in burning:
        yield {
            "service": service,
            "severity": severity,
            "message": message,
            "labels": {"region": region, "demo": "true"},
            "annotations": {"runbook": f"https://runbooks.example.com/{service}"},
            "dedup_key": f"demo-{seed}-{service}-{region}",
        }


def _incident(
    chance: random.Random,
    index: int,
    kind: Kind,
    now: datetime,
    persons: Mapping[str, Mapping[str, str]],
) -> dict[str, Any]:
    team, severity = people.team_of(kind.service), kind.severity
    acknowledge = timedelta(minutes=chance.triangular(*_shape(_ACKNOWLEDGE[severity])))
    work = timedelta(minutes=chance.triangular(*_shape(_RESOLVE[severity])))
    # Spread over the week, the last one over by now; nights are quieter than days.
    created = now - timedelta(days=DAYS) * (1 - (index + chance.random()) / (INCIDENTS + 1))
    if created.hour < 6 and chance.random() < 0.6:
        created += timedelta(hours=6)
    created = min(created, now - acknowledge - work - timedelta(minutes=10))
    first = people.first_hand_off(now).replace(tzinfo=now.tzinfo)
    name = people.on_call(team, created, first)
    unattended = kind.heals and chance.random() < 0.6
    incident: dict[str, Any] = {
        "title": kind.title,
        "service": kind.service,
        "severity": severity,
        "team": team.name,
        "assignee": dict(persons[name]),
        "created_at": created.isoformat(),
        "resolved_at": (created + acknowledge + work).isoformat(),
        "alert_count": 1 + int(chance.expovariate(0.6)),
        "timeline": [
            {
                "at": (created + timedelta(seconds=2)).isoformat(),
                "kind": "page.target",
                "text": f"{name} is paged: primary of {team.name}.",
                "reason": "primary_on_call",
            }
        ],
    }
    if unattended:
        return incident
    incident["acknowledged_at"] = (created + acknowledge).isoformat()
    incident["acknowledged_by"] = name
    if severity in {"critical", "high"} and chance.random() < 0.7:
        incident["in_progress_at"] = (created + acknowledge + work / 10).isoformat()
    if not kind.heals or chance.random() < 0.5:
        incident["resolved_by"] = name
    if chance.random() < 0.55:
        at = created + acknowledge + work * chance.uniform(0.2, 0.8)
        incident["timeline"].append({"at": at.isoformat(), "text": chance.choice(_NOTES)})
    return incident


def _shape(minutes: tuple[int, int, int]) -> tuple[float, float, float]:
    """(low, high, mode) as ``random.triangular`` wants them."""
    shortest, typical, longest = minutes
    return shortest, longest, typical
