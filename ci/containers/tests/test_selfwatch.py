"""The platform tells about itself through its own front door."""

from __future__ import annotations

from collections.abc import Callable

from containers.stack import Stack, wait_until

OPENS_WITHIN_SECONDS = 180
RESOLVES_WITHIN_SECONDS = 420


def about_web_ui(stack: Stack, *statuses: str) -> bool:
    return any(
        "web-ui" in f"{incident['service']} {incident['title']}" and incident["status"] in statuses
        for incident in stack.incidents()
    )


def test_a_service_that_stops_becomes_an_incident_and_resolves_when_it_is_back(
    make_stack: Callable[..., Stack],
) -> None:
    stack = make_stack()
    stack.compose("stop", "web-ui")
    opened = wait_until(
        "an incident about web-ui", lambda: about_web_ui(stack, "open"), OPENS_WITHIN_SECONDS
    )
    stack.compose("start", "web-ui")
    resolved = wait_until(
        "it to resolve", lambda: about_web_ui(stack, "resolved"), RESOLVES_WITHIN_SECONDS
    )
    print(f"opened after {opened:.0f} s, resolved {resolved:.0f} s after the start")
