"""The product's prometheus.yml, for an installation whose programs are ports of this machine."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from vigie_local.installation import Installation

# Longer than the longest rule looks back; as docker-compose.yml keeps by default.
RETENTION = "40d"


def derive(source: Path, installation: Installation) -> str:
    """The text of a configuration that says the same about this installation.

    Names of containers become addresses, files under /run/secrets become the generated ones, rules
    are read from where they lie. What does not run here (Grafana, exporters) is left out.
    """
    document = yaml.safe_load(source.read_text(encoding="utf-8"))
    document["rule_files"] = [
        str(source.parent / pattern) for pattern in document.get("rule_files", [])
    ]
    jobs = [_here(job, installation) for job in document.get("scrape_configs", [])]
    document["scrape_configs"] = [job for job in jobs if _has_targets(job)]
    alerting = document.get("alerting", {})
    if "alertmanagers" in alerting:
        alertmanagers = [_here(entry, installation) for entry in alerting["alertmanagers"]]
        alerting["alertmanagers"] = [entry for entry in alertmanagers if _has_targets(entry)]
    text: str = yaml.safe_dump(document, sort_keys=False)
    return text


def _here(value: Any, installation: Installation) -> Any:
    """Rewrite addresses and secret files anywhere inside a job."""
    if isinstance(value, list):
        return [_here(item, installation) for item in value]
    if not isinstance(value, dict):
        return value
    result: dict[str, Any] = {}
    for key, item in value.items():
        if key == "static_configs":
            found = [_static(entry, installation.ports) for entry in item]
            result.setdefault(key, []).extend(entry for entry in found if entry["targets"])
        elif key == "dns_sd_configs":
            # The label by which relabelling knows what was looked up, as discovery would set it.
            entries = [
                {"targets": [name], "labels": {"__meta_dns_name": name}}
                for entry in item
                for name in entry["names"]
            ]
            found = [_static(entry, installation.ports) for entry in entries]
            result.setdefault("static_configs", []).extend(
                entry for entry in found if entry["targets"]
            )
        elif isinstance(item, str) and item.startswith("/run/secrets/"):
            result[key] = str(installation.secrets / Path(item).name)
        else:
            result[key] = _here(item, installation)
    return result


def _static(entry: Mapping[str, Any], ports: Mapping[str, int]) -> dict[str, Any]:
    targets = []
    for target in entry["targets"]:
        host = target.rpartition(":")[0] or target
        name = "prometheus" if host in {"localhost", "127.0.0.1"} else host
        if name in ports:
            targets.append(f"127.0.0.1:{ports[name]}")
    return {**entry, "targets": targets}


def _has_targets(entry: Mapping[str, Any]) -> bool:
    return any(static["targets"] for static in entry.get("static_configs", []))
