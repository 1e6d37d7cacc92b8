"""The main job: alert -> incident -> person notified -> acknowledged -> resolved -> measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from verification.people import NAME, service_name
from verification.senders import Sender
from verification.target import Target
from verification.waiting import eventually
from verification.watching import query
from verification.web import Service, VerificationError

# DESIGN: an incident is there at once, its page within seconds. Generous, because two cores may be
# busy building something else; a broken hand-over never arrives at all.
ARRIVAL_SECONDS = 45
# Eight scrapes at the interval of the product: a busy machine misses some.
SCRAPE_SECONDS = 120


@dataclass(frozen=True)
class Measured:
    """How many acknowledgements and resolutions have been measured so far."""

    mtta: float
    mttr: float


def walk(target: Target, sender: Sender, by_hand: bool) -> str:
    """One alert through one form; `by_hand`: a person resolves, else the sender says it is over."""
    before = counted(target)
    sender.fire(target.alerts)
    incident = eventually(
        f"{sender.form}: an incident for {service_name(sender.form)}",
        ARRIVAL_SECONDS,
        lambda: _open_incident(target.incidents, sender.form),
    )
    path = f"/api/v1/incidents/{incident['id']}"
    try:
        notified = eventually(
            f"{sender.form}: {NAME} notified of {_name(incident)}",
            ARRIVAL_SECONDS,
            lambda: _notification(target.oncall, incident["id"]),
        )
        _patch(target.incidents, path, "acknowledged")
        eventually(
            f"{sender.form}: the escalation of {_name(incident)} stopped by the acknowledgement",
            ARRIVAL_SECONDS,
            lambda: _stopped(target.oncall, incident["id"]),
        )
        if by_hand:
            _patch(target.incidents, path, "resolved")
        else:
            sender.end(target.alerts)
        resolved = eventually(
            f"{sender.form}: {_name(incident)} resolved",
            ARRIVAL_SECONDS,
            lambda: _resolved(target.incidents, path),
        )
    except VerificationError:
        _leave_nothing_open(target.incidents, path)
        raise
    for name in ("mtta_seconds", "mttr_seconds"):
        if resolved.get(name) is None or resolved[name] < 0:
            raise VerificationError(f"{_name(incident)}: {name} is {resolved.get(name)!r}")
    after = eventually(
        f"{sender.form}: MTTA and MTTR moved in "
        f"{'Prometheus' if target.prometheus else '/metrics'} beyond {before}",
        SCRAPE_SECONDS,
        lambda: _moved(before, counted(target)),
    )
    return (
        f"{_name(incident)}: notified through {notified['channel']}, acknowledged after "
        f"{resolved['mtta_seconds']:.1f} s, resolved after {resolved['mttr_seconds']:.1f} s, "
        f"measured {after.mtta:.0f} and {after.mttr:.0f} times in all"
    )


def counted(target: Target) -> Measured:
    """The counts of both histograms, in Prometheus where it runs, else from the service itself."""
    look: Callable[[str], float | None]
    if target.prometheus is not None:
        prometheus = target.prometheus

        def look(name: str) -> float | None:
            # The job that carries business figures once a service: replicas add nothing.
            return query(prometheus, f'sum({name}{{job="vigie"}})')

    else:
        page = target.incidents.call("GET", "/metrics", expect=200).body

        def look(name: str) -> float | None:
            return _sum_of(page, name)

    return Measured(
        look("incident_mtta_seconds_count") or 0.0, look("incident_mttr_seconds_count") or 0.0
    )


def _sum_of(page: str, name: str) -> float:
    lines = [line for line in page.splitlines() if line.startswith((f"{name}{{", f"{name} "))]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


def _moved(before: Measured, now: Measured) -> Measured | None:
    return now if now.mtta > before.mtta and now.mttr > before.mttr else None


def _open_incident(incidents: Service, form: str) -> dict[str, Any] | None:
    query_string = f"service={quote(service_name(form))}&status=open&limit=1"
    items = incidents.call("GET", f"/api/v1/incidents?{query_string}", expect=200).json["items"]
    return items[0] if items else None


def _notification(oncall: Service, incident_id: str) -> dict[str, Any] | None:
    path = f"/api/v1/notifications?incident_id={incident_id}&outcome=sent"
    items = oncall.call("GET", path, expect=200).json["items"]
    return next((item for item in items if (item["person"] or {}).get("name") == NAME), None)


def _stopped(oncall: Service, incident_id: str) -> bool:
    path = f"/api/v1/escalations?incident_id={incident_id}"
    items = oncall.call("GET", path, expect=200).json["items"]
    return bool(items) and all(item["status"] != "running" for item in items)


def _patch(incidents: Service, path: str, status: str) -> None:
    changed = incidents.call("PATCH", path, {"status": status}, expect=200).json
    if changed["status"] != status:
        raise VerificationError(f"{_name(changed)}: asked for {status}, is {changed['status']}")


def _resolved(incidents: Service, path: str) -> dict[str, Any] | None:
    incident: dict[str, Any] = incidents.call("GET", path, expect=200).json
    return incident if incident["status"] == "resolved" else None


def _leave_nothing_open(incidents: Service, path: str) -> None:
    """After a failure: an incident of ours must not stay on somebody's dashboard."""
    try:
        incidents.call("PATCH", path, {"status": "resolved"})
    except VerificationError as error:
        print(f"and it could not be resolved: {error}")


def _name(incident: dict[str, Any]) -> str:
    return f"INC-{incident['number']}"
