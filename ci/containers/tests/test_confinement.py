"""What a container may do, seen from Docker and tried from inside."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from containers.stack import FOUR, Stack, docker

LONG_RUNNING = (*FOUR, "postgres", "prometheus")
MOST_MEGABYTES_OVER_BASE = 100


@pytest.fixture(scope="session")
def containers(stack: Stack) -> dict[str, dict[str, Any]]:
    return stack.containers()


@pytest.mark.parametrize("name", [*LONG_RUNNING, "secrets"])
def test_no_container_can_write_its_root_or_gain_rights(
    containers: dict[str, dict[str, Any]], name: str
) -> None:
    container = containers[name]
    host = container["HostConfig"]
    assert host["ReadonlyRootfs"] is True
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert host["Memory"] > 0
    assert host["PidsLimit"] > 0
    assert not host["Privileged"]
    is_root = container["Config"]["User"].split(":")[0] in ("", "0", "root")
    assert is_root == (name == "secrets")
    # Newer engines write CAP_CHOWN.
    added = [capability.removeprefix("CAP_") for capability in host["CapAdd"] or []]
    assert added == (["CHOWN"] if name == "secrets" else [])


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_the_process_itself_is_not_root_and_finds_its_root_read_only(
    stack: Stack, name: str
) -> None:
    script = "id -u; grep -E '^(CapEff|NoNewPrivs)' /proc/1/status; touch /try 2>&1 || echo refused"
    seen = stack.compose("exec", "-T", name, "sh", "-c", script)
    assert not seen.startswith("0\n")
    assert re.search(r"CapEff:\s+0000000000000000", seen)
    assert re.search(r"NoNewPrivs:\s+1", seen)
    assert "refused" in seen


def test_no_secret_is_visible_to_docker_inspect(
    stack: Stack, containers: dict[str, dict[str, Any]]
) -> None:
    everything = stack.compose(
        "run",
        "--rm",
        "--no-deps",
        "-T",
        "--entrypoint",
        "python3",
        "secrets",
        "-c",
        "import pathlib, json; print(json.dumps({p.name: p.read_text().strip()"
        " for p in pathlib.Path('/run/secrets/installation').iterdir()}))",
    )
    values = json.loads(everything)
    assert len(values) >= 15
    shown = json.dumps(containers)
    images = {container["Image"] for container in containers.values()}
    shown += docker("image", "inspect", *images)
    shown += "".join(docker("history", "--no-trunc", image) for image in images)
    shown += stack.compose("logs")
    assert [name for name, value in values.items() if value in shown] == []


def test_a_consumer_reads_its_own_secrets_and_no_others(stack: Stack) -> None:
    folders = [*FOUR, "postgres", "prometheus", "grafana", "installation"]
    for name in (*FOUR, "postgres", "prometheus"):
        script = "; ".join(
            f"cat /run/secrets/{folder}/* >/dev/null 2>&1 && echo {folder}"
            f" || ls /run/secrets/{folder} >/dev/null 2>&1 && echo {folder}"
            for folder in folders
        )
        seen = stack.compose("exec", "-T", name, "sh", "-c", f"{script}; true")
        assert seen == "", f"{name} lists {seen}"
    own = stack.compose(
        "exec",
        "-T",
        "alert-ingestion",
        "sh",
        "-c",
        "cat /run/secrets/alert-ingestion/ingestion_key; "
        "cat /run/secrets/prometheus/ingestion_key 2>&1 || true",
    )
    assert own.startswith(stack.secret("ingestion_key"))
    assert "Permission denied" in own


def test_only_loopback_is_published_and_postgresql_not_at_all(
    containers: dict[str, dict[str, Any]],
) -> None:
    for name, container in containers.items():
        for bindings in (container["NetworkSettings"]["Ports"] or {}).values():
            for binding in bindings or []:
                assert binding["HostIp"] == "127.0.0.1", name
                assert name != "postgres"


def test_what_has_no_business_with_the_database_cannot_reach_it(stack: Stack) -> None:
    connect = "import socket; socket.create_connection(('postgres', 5432), timeout=3)"
    assert stack.compose("exec", "-T", "oncall-service", "python", "-c", connect) == ""
    with pytest.raises(AssertionError, match="socket.gaierror|TimeoutError"):
        stack.compose("exec", "-T", "web-ui", "python", "-c", connect)


@pytest.mark.parametrize("name", FOUR)
def test_an_image_adds_under_100_megabytes_and_nothing_that_does_not_run(
    containers: dict[str, dict[str, Any]], name: str
) -> None:
    image = containers[name]["Image"]
    # Our own layers: those above the base, which ends with the first line of the Dockerfile's.
    rows = [
        json.loads(line)
        for line in docker(
            "history", "--no-trunc", "--human=false", "--format", "{{json .}}", image
        ).splitlines()
    ]
    first = next(index for index, row in enumerate(rows) if "COPY /opt/venv" in row["CreatedBy"])
    added = sum(int(row["Size"]) for row in rows[: first + 1]) / 1e6
    assert added < MOST_MEGABYTES_OVER_BASE
    unwanted = docker(
        "run", "--rm", "--network", "none", "--entrypoint", "sh", image, "-c",
        "command -v gcc cc make git; "
        "find /app /opt/venv -name .git -o -name tests -o -name '*.c' -o -name .env; "
        "find / -xdev -path '*/.cache/pip' 2>/dev/null; true",
    )  # fmt: skip
    assert unwanted == ""


@pytest.mark.parametrize("name", FOUR)
def test_a_service_stops_by_itself_within_ten_seconds(stack: Stack, name: str) -> None:
    container = stack.containers()[name]["Id"]
    docker("stop", "--time", "10", container)
    state = stack.containers()[name]["State"]
    assert state["ExitCode"] in (0, 143), "137 would mean that it had to be killed"
    docker("start", container)
