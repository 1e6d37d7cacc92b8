"""Prometheus and Grafana: every target up, every rule healthy, every dashboard there."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

from verification.waiting import eventually
from verification.web import Service, VerificationError

TARGET_SECONDS = 90


def targets(prometheus: Service) -> str:
    """Every active target was up while we looked; the message names those that never were.

    Once each is enough: on a busy machine single scrapes run out of time, and a target that is
    really down is never up.
    """
    seen_up: set[str] = set()

    def look() -> int:
        document = prometheus.call("GET", "/api/v1/targets?state=active", expect=200).json
        active = document["data"]["activeTargets"]
        seen_up.update(target["scrapeUrl"] for target in active if target["health"] == "up")
        down = [target for target in active if target["scrapeUrl"] not in seen_up]
        if down or not active:
            names = ", ".join(f"{t['scrapeUrl']}: {t['lastError'] or t['health']}" for t in down)
            raise VerificationError(f"prometheus: {names or 'no active target'}")
        return len(active)

    found = eventually("prometheus: every target up", TARGET_SECONDS, look)
    return f"{found} targets up"


def rules(prometheus: Service) -> str:
    """Every rule evaluates without an error."""
    document = prometheus.call("GET", "/api/v1/rules", expect=200).json
    found = [rule for group in document["data"]["groups"] for rule in group["rules"]]
    broken = [f"{rule['name']}: {rule['lastError']}" for rule in found if rule["health"] == "err"]
    if broken:
        raise VerificationError(f"prometheus: rule {broken[0]}")
    if not found:
        raise VerificationError("prometheus: no rule is loaded")
    return f"{len(found)} rules healthy"


def sessions(prometheus: Service) -> str:
    """The database's figures are those of everybody: each of three services holds a session.

    A role that may see its own sessions alone would count one.
    """

    def look() -> int:
        held = query(prometheus, "sum(postgres_connections)") or 0
        if held < 4:
            raise VerificationError(f"prometheus: {held:g} sessions of the database are seen")
        return int(held)

    return f"{eventually('the sessions of the database', TARGET_SECONDS, look)} sessions seen"


def query(prometheus: Service, expression: str) -> float | None:
    """The single value of an expression now, or None without one."""
    reply = prometheus.call("GET", f"/api/v1/query?query={quote(expression)}", expect=200)
    result = reply.json["data"]["result"]
    return float(result[0]["value"][1]) if result else None


def dashboards(grafana: Service, folder: Path) -> str:
    """Every dashboard of the repository is in Grafana under its uid."""
    files = sorted(folder.glob("*.json"))
    for file in files:
        uid = json.loads(file.read_text(encoding="utf-8"))["uid"]
        grafana.call("GET", f"/api/dashboards/uid/{uid}", expect=200)
    return f"{len(files)} dashboards provisioned"
