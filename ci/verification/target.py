"""What is verified: which services it has, how to reach them, and with which credentials."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from release.engine import Stack
from verification.web import Direct, Inside, Route, Service, VerificationError, basic, bearer

_PORTS = {"alert-ingestion": 8001, "incident-management": 8002, "oncall-service": 8003}
SERVICES = ("alert-ingestion", "incident-management", "oncall-service", "web-ui")


@dataclass(frozen=True)
class Target:
    """A running Vigie. `prometheus` and `grafana` are None where they do not run."""

    kind: str
    alerts: Service
    incidents: Service
    oncall: Service
    web: Service
    prometheus: Service | None
    grafana: Service | None

    @property
    def services(self) -> tuple[Service, ...]:
        """The four services."""
        return (self.alerts, self.incidents, self.oncall, self.web)


def of_stack(root: Path, stack_json: Path) -> Target:
    """The compose stack that deploy.sh recorded."""
    document = json.loads(stack_json.read_text(encoding="utf-8"))
    stack = Stack(document["project"], Path(document["compose"]))
    environment = {
        **os.environ,
        "COMPOSE_PROJECT_NAME": stack.project,
        "COMPOSE_FILE": str(stack.file),
    }
    found = _credentials(root, "compose", environment)
    inside = next(c["ID"] for c in stack.containers() if c["Service"] == "web-ui")
    return _target(document["target"], found, inside)


def of_local(root: Path) -> Target:
    """What ./services/run.sh runs."""
    return _target("local", _credentials(root, "local", os.environ), None)


def _credentials(root: Path, runtime: str, environment: Mapping[str, str]) -> dict[str, Any]:
    done = subprocess.run(
        [str(root / "ci" / "credentials.sh"), "--json", "--runtime", runtime],
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise VerificationError(f"ci/credentials.sh found nothing to verify: {said}")
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def _target(kind: str, found: Mapping[str, Any], inside: str | None) -> Target:
    urls, token = found["urls"], bearer(found["api_token"])

    def route(name: str) -> Route | None:
        url = urls.get(name.replace("-", "_"))
        if url:
            return Direct(url)
        if inside and name in _PORTS:
            return Inside(inside, f"http://{name}:{_PORTS[name]}")
        return None

    def needed(name: str, authorization: str) -> Service:
        way = route(name)
        if way is None:
            raise VerificationError(f"{name} does not run, or cannot be reached from here")
        return Service(name, way, authorization)

    def optional(name: str, authorization: str = "") -> Service | None:
        way = route(name)
        return Service(name, way, authorization) if way else None

    grafana = basic("admin", found["grafana_admin_password"] or "")
    return Target(
        kind=kind,
        alerts=needed("alert-ingestion", bearer(found["ingestion_key"])),
        incidents=needed("incident-management", token),
        oncall=needed("oncall-service", token),
        web=needed("web-ui", ""),
        prometheus=optional("prometheus"),
        grafana=optional("grafana", grafana),
    )
