"""From an empty installation on, what happens for the first time is counted in every panel."""

import shutil
from collections.abc import Iterator

import pytest
from measuring import SCRAPES_SECONDS, Measured, hurry
from senders import PATH, PROMETHEUS
from stack import Stack, wait_until

from checks import dashboards
from shared.counters import HELD_SECONDS
from vigie_testing.cluster import new_session_folder

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.xdist_group("first counts"),
    pytest.mark.timeout(400),
    pytest.mark.skipif(
        PROMETHEUS is None, reason="no prometheus: that the first of a kind counts was not proved"
    ),
]

SERVICES = ("checkout", "search", "ledger", "mail", "basket")
SEVERITIES = ("critical", "high", "medium", "low", "critical")


@pytest.fixture(scope="module")
def measured() -> Iterator[Measured]:
    """An empty installation, measured, and then five incidents of five services at once."""
    folder = new_session_folder()
    stack = Stack.make(folder / "state", PATH=PATH)
    try:
        stack.start()
        hurry(stack)
        made = Measured(stack)
        wait_until("a first measurement", lambda: made.measured("incidents_total"), 120)
        for service, severity in zip(SERVICES, SEVERITIES, strict=True):
            assert stack.alert(service=service, severity=severity).status_code == 201
        wait_until("the incidents", lambda: len(stack.incidents()) == len(SERVICES))
        held = HELD_SECONDS + 6 * SCRAPES_SECONDS
        shown = "sum(incidents_created_total)"
        wait_until("their count", lambda: made.value(shown) == len(SERVICES), held + 30)
        # One more measurement, so that the increase lies inside of what is looked at.
        wait_until("one more scrape", lambda: made.value(f"min_over_time(({shown})[6s:1s])") == 5)
        yield made
    finally:
        stack.stop()
        shutil.rmtree(folder)


@pytest.mark.parametrize("span", ["5m", "1h", "24h", "7d"])
def test_five_incidents_are_five_at_every_range(measured: Measured, span: str) -> None:
    counted = 0
    for query in dashboards.queries():
        if "incidents_created_total" not in query.expr:
            continue
        counted += 1
        expr = query.expr.replace("$__range", span).replace("[1d]", f"[{span}]")
        expr = (
            expr.replace("[1h]", f"[{span}]").replace("$service", ".*").replace("$severity", ".*")
        )
        assert round(measured.value(f"sum({expr})")) == len(SERVICES), f"{query} over {span}"
    assert counted >= 4


def test_every_service_is_there_with_its_one(measured: Measured) -> None:
    for service in SERVICES:
        expr = f'sum(increase(incidents_created_total{{service="{service}"}}[5m]))'
        assert round(measured.value(expr)) == 1, service


def test_the_first_page_of_a_person_counts(measured: Measured) -> None:
    pages = [measured.stack.pages(incident["id"]) for incident in measured.stack.incidents()]
    owed = sum(len(sent) for sent in pages)
    assert owed == len(SERVICES)
    shown = "sum(increase(oncall_pages_total[5m]))"
    wait_until("the pages", lambda: round(measured.value(shown)) == owed, HELD_SECONDS + 30)
