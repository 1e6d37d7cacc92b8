"""Containers die while alerts stream in: each comes back by itself and nothing accepted is lost.

`docker kill` counts as a stop by hand, after which Docker restarts nothing on purpose; what is
killed here is the process, as the kernel does it when memory runs out.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from containers.senders import AlertStream
from containers.stack import FOUR, Stack, docker, wait_until

ALL = (*FOUR, "postgres", "prometheus")
# Generous, for a machine that has much else to do; seconds are printed.
RECOVERY_SECONDS = 300
DELIVERY_SECONDS = 240
# Answers that a sender may get while something is down: accepted, "not now", or none at all.
HONEST = {201, 503, 0}


def kill(stack: Stack, service: str) -> None:
    """SIGKILL to the main process, from outside its namespace."""
    container = stack.containers()[service]
    docker(
        "run", "--rm", "--pid=host", "--user=0", "--network=none", "--entrypoint=sh",
        stack.containers()["postgres"]["Image"], "-c", f"kill -9 {container['State']['Pid']}",
    )  # fmt: skip


def accepted_incidents_in(stack: Stack) -> set[str]:
    return set(stack.sql("SELECT id FROM incidents.incidents").split())


def is_back(stack: Stack, service: str, restarts: int) -> bool:
    """It was restarted, and everything is healthy."""
    return stack.containers()[service]["RestartCount"] > restarts and all(
        stack.health(name) == "healthy" for name in ALL
    )


def has_accepted(stream: AlertStream, at_least: int) -> bool:
    return len(stream.accepted) >= at_least


def nothing_is_missing(stack: Stack, wanted: set[str]) -> None:
    """Every incident id that a sender was given exists, within the time that deliveries take."""
    try:
        wait_until(
            "every accepted alert to have its incident",
            lambda: wanted <= accepted_incidents_in(stack),
            DELIVERY_SECONDS,
        )
    except AssertionError as error:
        missing = sorted(wanted - accepted_incidents_in(stack))
        stuck = stack.sql("SELECT topic, attempts, dead, last_error FROM alerts.outbox LIMIT 20")
        raise AssertionError(f"{error}; missing {missing}; waiting to be sent: {stuck}") from error


def test_each_container_comes_back_and_nothing_accepted_is_missing(
    make_stack: Callable[..., Stack],
) -> None:
    stack = make_stack("durable")
    recovery: dict[str, float] = {}
    with AlertStream(stack) as stream:
        for service in ALL:
            wait_until("alerts", partial(has_accepted, stream, len(stream.accepted) + 5))
            before = stack.containers()[service]["RestartCount"]
            kill(stack, service)
            recovery[service] = wait_until(
                f"{service} to come back and all to be healthy",
                partial(is_back, stack, service, before),
                RECOVERY_SECONDS,
            )
        wait_until("alerts again", partial(has_accepted, stream, len(stream.accepted) + 5))
    print(f"recovered after seconds: {recovery}; answers: {dict(stream.statuses)}")
    assert set(stream.statuses) <= HONEST, stream.statuses
    wanted = set(stream.accepted.values())
    assert len(wanted) == len(stream.accepted), "two services in one incident"
    nothing_is_missing(stack, wanted)
