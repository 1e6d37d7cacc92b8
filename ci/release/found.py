"""What runs, as the Engine says it, whoever started it: a kept release, or a stack started by hand.

A release names itself: compose labels each container with the file that it was started from, and a
release's file lies in its own folder. Anything else was started by hand. Its containers are read
back into a compose file, so that it can be started again when what replaces it fails.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from release.engine import docker
from release.store import Release, Store

LABEL = "com.docker.compose."
BY_HAND = "by-hand"
Container = Mapping[str, Any]

# What a service of compose calls it: where the Engine keeps it.
_OF_CONFIG = {
    "command": "Cmd",
    "entrypoint": "Entrypoint",
    "environment": "Env",
    "stop_signal": "StopSignal",
    "user": "User",
    "working_dir": "WorkingDir",
}
_OF_HOST = {
    "cap_add": "CapAdd",
    "cap_drop": "CapDrop",
    "dns": "Dns",
    "extra_hosts": "ExtraHosts",
    "group_add": "GroupAdd",
    "init": "Init",
    "mem_limit": "Memory",
    "pids_limit": "PidsLimit",
    "privileged": "Privileged",
    "read_only": "ReadonlyRootfs",
    "security_opt": "SecurityOpt",
    "shm_size": "ShmSize",
    "sysctls": "Sysctls",
}
_OF_HEALTH = {
    "interval": "Interval",
    "timeout": "Timeout",
    "start_period": "StartPeriod",
    "start_interval": "StartInterval",
}


def what_runs(store: Store) -> Release | None:
    """The release that runs; a stack started by hand becomes one. None when nothing runs."""
    containers = containers_of(store.project)
    if not any(container["State"]["Running"] for container in containers):
        return None
    known = release_of(containers, store)
    if known is not None:
        return known
    images = {_service(container): container["Image"] for container in containers}
    compose = as_compose(store.project, containers, _networks(store.project))
    release = store.add(compose, images, BY_HAND)
    if store.stack(release).unhealthy():
        return release
    return store.mark_found(release)


def release_of(containers: Sequence[Container], store: Store) -> Release | None:
    """The kept release that all of the containers were started from, or None."""
    files = {_label(container, "project.config_files") for container in containers}
    return next((it for it in store.all() if files == {str(it.file)}), None)


def containers_of(project: str) -> list[Container]:
    """All containers of a project, stopped ones included, as `docker inspect` gives them."""
    label = f"label={LABEL}project={project}"
    listed = docker("ps", "--all", "--quiet", "--filter", label).split()
    found: list[Container] = json.loads(docker("inspect", *listed)) if listed else []
    return [container for container in found if _label(container, "oneoff") != "True"]


def as_compose(
    project: str, containers: Sequence[Container], networks: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """A compose file that starts these containers again, by image id and with their volumes.

    `networks`: those of the project, as `docker network inspect` gives them; they are made anew.
    """
    keys = {network["Name"]: network["Labels"][f"{LABEL}network"] for network in networks}
    services: dict[str, Any] = {}
    outside: set[str] = set()
    volumes: set[str] = set()
    for container in sorted(containers, key=lambda it: _label(it, "container-number")):
        name = _service(container)
        if name in services:
            _one_more(services[name], container)
            continue
        services[name] = _of(container, keys)
        outside |= set(_joined(container)) - keys.keys()
        volumes |= {mount["Name"] for mount in container["Mounts"] if mount["Type"] == "volume"}
    for service in services.values():
        needed = service.get("depends_on", {})
        service["depends_on"] = {other: needed[other] for other in needed if other in services}
    made = {
        keys[it["Name"]]: {"internal": it["Internal"], "driver": it["Driver"]} for it in networks
    }
    return {
        "name": project,
        "services": _escaped(services),
        "networks": {**made, **{name: {"name": name, "external": True} for name in outside}},
        "volumes": {name: {"name": name, "external": True} for name in sorted(volumes)},
    }


def _networks(project: str) -> list[Mapping[str, Any]]:
    label = f"label={LABEL}project={project}"
    listed = docker("network", "ls", "--quiet", "--filter", label).split()
    found: list[Mapping[str, Any]] = (
        json.loads(docker("network", "inspect", *listed)) if listed else []
    )
    return found


def _of(container: Container, keys: Mapping[str, str]) -> dict[str, Any]:
    config, host = container["Config"], container["HostConfig"]
    service = {
        "image": container["Image"],
        "pull_policy": "never",
        **{ours: config.get(theirs) for ours, theirs in _OF_CONFIG.items()},
        **{ours: host.get(theirs) for ours, theirs in _OF_HOST.items()},
        "restart": _restart(host["RestartPolicy"]),
        "labels": {k: v for k, v in config["Labels"].items() if not k.startswith(LABEL)},
        "logging": {"driver": host["LogConfig"]["Type"], "options": host["LogConfig"]["Config"]},
        "tmpfs": [f"{at}:{how}".rstrip(":") for at, how in (host.get("Tmpfs") or {}).items()],
        "volumes": [_mount(mount) for mount in container["Mounts"] if mount["Type"] != "tmpfs"],
        "ports": list(_ports(host)),
        "healthcheck": _health(config.get("Healthcheck")),
        "depends_on": dict(_depends_on(container)),
    }
    if config.get("StopTimeout") is not None:
        service["stop_grace_period"] = f"{config['StopTimeout']}s"
    joined = _joined(container)
    if joined:
        own = {_service(container), container["Name"].lstrip("/"), container["Id"][:12]}
        service["networks"] = {
            keys.get(name, name): {"aliases": sorted(set(it.get("Aliases") or ()) - own)}
            for name, it in joined.items()
        }
    else:
        service["network_mode"] = host["NetworkMode"]
    return {key: value for key, value in service.items() if value not in (None, "", [], {}, 0)}


def _one_more(service: dict[str, Any], replica: Container) -> None:
    """Count another container of a service; its host ports extend the ranges."""
    service["scale"] = service.get("scale", 1) + 1
    for port, other in zip(service.get("ports", ()), _ports(replica["HostConfig"]), strict=True):
        if "published" in port:
            ends = [int(end) for end in f"{port['published']}-{other['published']}".split("-")]
            port["published"] = f"{min(ends)}-{max(ends)}"


def _joined(container: Container) -> dict[str, Any]:
    """The networks a container is in; none for one that has no network or the host's."""
    found: dict[str, Any] = container["NetworkSettings"]["Networks"]
    return {name: it for name, it in found.items() if name not in {"none", "host"}}


def _restart(policy: Mapping[str, Any]) -> str:
    count = policy.get("MaximumRetryCount", 0)
    return f"{policy['Name'] or 'no'}{f':{count}' if count else ''}"


def _mount(mount: Mapping[str, Any]) -> dict[str, Any]:
    source = mount["Name"] if mount["Type"] == "volume" else mount["Source"]
    return {
        "type": mount["Type"],
        "source": source,
        "target": mount["Destination"],
        "read_only": not mount["RW"],
    }


def _ports(host: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for inside, bindings in sorted((host.get("PortBindings") or {}).items()):
        target, _, protocol = inside.partition("/")
        for binding in bindings:
            # A port that the Engine chose is chosen again.
            where = {"host_ip": binding["HostIp"], "published": binding["HostPort"]}
            chosen = {key: value for key, value in where.items() if value not in {"", "0"}}
            yield {"target": int(target), "protocol": protocol, **chosen}


def _health(check: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not check or not check.get("Test"):
        return None
    if check["Test"] == ["NONE"]:
        return {"disable": True}
    times = {ours: check[theirs] for ours, theirs in _OF_HEALTH.items() if check.get(theirs)}
    found = {ours: f"{nanoseconds // 1_000_000}ms" for ours, nanoseconds in times.items()}
    return {
        "test": check["Test"],
        **found,
        **({"retries": n} if (n := check.get("Retries")) else {}),
    }


def _depends_on(container: Container) -> Iterator[tuple[str, dict[str, str]]]:
    """From the label `name:condition:restart`, one after the other with commas between."""
    for entry in filter(None, _label(container, "depends_on").split(",")):
        name, condition, *_ = entry.split(":")
        yield name, {"condition": condition}


def _service(container: Container) -> str:
    return _label(container, "service")


def _label(container: Container, name: str) -> str:
    return str(container["Config"]["Labels"].get(f"{LABEL}{name}", ""))


def _escaped(value: Any) -> Any:
    """Compose reads a dollar as the start of a variable; here every text is what it is."""
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, dict):
        return {key: _escaped(entry) for key, entry in value.items()}
    return [_escaped(entry) for entry in value] if isinstance(value, list) else value
