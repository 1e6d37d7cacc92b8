"""Stacks come, stand side by side, go, and come again."""

from __future__ import annotations

import os
from collections.abc import Callable

from containers.stack import FOUR, Stack, docker, request, wait_until


def left_of(project: str) -> str:
    """What Docker still knows of a project: containers, networks, volumes."""
    label = f"label=com.docker.compose.project={project}"
    return (
        docker("ps", "--all", "--quiet", "--filter", label)
        + docker("network", "ls", "--quiet", "--filter", label)
        + docker("volume", "ls", "--quiet", "--filter", label)
    )


def test_two_stacks_side_by_side_do_not_know_each_other_and_leave_nothing(
    make_stack: Callable[..., Stack],
) -> None:
    one, other = make_stack(), make_stack()
    assert one.secret("ingestion_key") != other.secret("ingestion_key")
    assert one.send_alert("shop", "one").status == 201
    wait_until("the incident to arrive", lambda: one.services_with_incidents("shop"))
    assert other.services_with_incidents("shop") == set()
    for stack in (one, other):
        for service in FOUR:
            assert request(stack.url(service, "/ready")).status == 200
    one.down()
    assert left_of(one.project) == ""
    assert request(other.url("alert-ingestion", "/ready")).status == 200
    other.down()
    assert left_of(other.project) == ""


def test_down_with_volumes_and_up_again_is_a_fresh_installation(
    make_stack: Callable[..., Stack],
) -> None:
    stack = make_stack()
    first = stack.secret("admin_password")
    assert stack.send_alert("shop", "of the first installation").status == 201
    stack.down()
    print(f"up again after {stack.up():.0f} s, load {os.getloadavg()[0]:.0f}")
    stack.forget()
    assert stack.secret("admin_password") != first
    assert stack.services_with_incidents("shop") == set()


def test_up_a_second_time_changes_no_secret_and_restarts_nothing(stack: Stack) -> None:
    def started() -> dict[str, str]:
        return {
            name: container["State"]["StartedAt"]
            for name, container in stack.containers().items()
            if name != "secrets"
        }

    before, key = started(), stack.secret("ingestion_key")
    stack.up()
    stack.forget()
    assert stack.secret("ingestion_key") == key
    assert started() == before
