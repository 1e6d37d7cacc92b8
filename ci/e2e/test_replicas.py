"""Two copies of every service on one database: still one incident a group and one page a person."""

import contextlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from stack import Stack, running, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack"), pytest.mark.timeout(300)]

SERVICES = ("alert-ingestion", "incident-management", "oncall-service")
GROUPS, ALERTS, RESENDS = 15, 150, 2


@pytest.fixture(scope="module")
def twins(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A second copy of each service; their addresses."""
    logs: Path = tmp_path_factory.mktemp("twins")
    with contextlib.ExitStack() as copies:
        yield {
            name: copies.enter_context(running(stack.copy_of(name), logs / f"{name}.log"))
            for name in SERVICES
        }


def test_no_alert_is_in_two_incidents_and_no_page_goes_out_twice(
    stack: Stack, twins: dict[str, str]
) -> None:
    doors = [stack.url("alert-ingestion"), twins["alert-ingestion"]]

    def send(number: int) -> dict[str, str]:
        # Each alert goes in several times, through both copies, at about the same time.
        alert = number // RESENDS
        answer = stack.alert(
            doors[number % 2],
            service=f"twin-{alert % GROUPS:02}",
            message=f"alert {alert}",
            dedup_key=f"twin-{alert}",
        )
        assert answer.status_code == 201, answer.text
        reply: dict[str, str] = answer.json()
        return reply

    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(send, range(ALERTS * RESENDS)))
    home = {reply["alert_id"]: reply["incident_id"] for reply in replies}
    assert len(home) == ALERTS
    assert all(home[reply["alert_id"]] == reply["incident_id"] for reply in replies)
    actions = Counter(reply["action"] for reply in replies)
    assert actions == {
        "new_incident": GROUPS,
        "attached_to_existing_incident": ALERTS - GROUPS,
        "duplicate_suppressed": ALERTS * (RESENDS - 1),
    }

    def incidents() -> list[dict[str, object]]:
        return [i for i in stack.incidents() if str(i["service"]).startswith("twin-")]

    wait_until(
        "every alert to be in its incident",
        lambda: sum(i["alert_count"] for i in incidents()) == ALERTS,  # type: ignore[misc]
        60,
    )
    found = incidents()
    assert len(found) == GROUPS
    assert {str(i["id"]) for i in found} == set(home.values())
    wait_until("a page for each", lambda: all(stack.pages(str(i["id"])) for i in found), 60)
    # Any second page would be written by the same engines that wrote the first: let each of
    # them finish what is due before counting.
    wait_until("nothing to be owed any more", lambda: _nothing_owed(stack))
    assert Counter(len(stack.pages(str(i["id"]))) for i in found) == {1: GROUPS}


def _nothing_owed(stack: Stack) -> bool:
    """The outboxes of all services are empty, so nothing more can come of what was sent."""
    return all(
        value == 0
        for name in SERVICES
        for series, value in stack.samples(name).items()
        if series.startswith(("outbox_depth", "outbox_pending", "outbox_rows"))
    )


def test_both_copies_count_the_same_business_figures(stack: Stack, twins: dict[str, str]) -> None:
    def counted(url: str) -> dict[str, str]:
        lines = stack.api.get(f"{url}/metrics").text.splitlines()
        kept = (line.rpartition(" ") for line in lines if line.startswith("alerts_received_total{"))
        return {series: value for series, _, value in kept}

    ours, theirs = counted(stack.url("alert-ingestion")), counted(twins["alert-ingestion"])
    assert ours == theirs
    assert sum(map(float, ours.values())) > 0
