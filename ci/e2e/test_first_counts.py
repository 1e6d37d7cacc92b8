"""From an empty installation on, what happens for the first time is counted in every panel."""

from collections.abc import Iterator

import pytest
from drawing import OF_INCIDENTS, SERVICES, Drawn
from measuring import measured_installation
from senders import PROMETHEUS

from checks.dashboards import Query

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.xdist_group("first counts"),
    pytest.mark.timeout(400),
    pytest.mark.skipif(
        PROMETHEUS is None, reason="no prometheus: that the first of a kind counts was not proved"
    ),
]


@pytest.fixture(scope="module")
def drawn() -> Iterator[Drawn]:
    """An empty installation, measured, and then five incidents of five services at once."""
    with measured_installation() as stack:
        made = Drawn(stack)
        made.wait_for_a_first_measurement()
        made.five_incidents()
        made.settle()
        yield made


@pytest.mark.parametrize("span", ["5m", "1h", "24h", "7d"])
@pytest.mark.parametrize("query", OF_INCIDENTS, ids=str)
def test_every_panel_agrees_with_the_api(drawn: Drawn, query: Query, span: str) -> None:
    drawn.agrees(query, span)


def test_every_service_is_there_with_its_one(drawn: Drawn) -> None:
    (query,) = (it for it in OF_INCIDENTS if it.panel == "Noisiest services")
    for span in (300, 604800):
        assert drawn.shown(query, span) == dict.fromkeys(SERVICES, 1)


def test_the_first_page_of_each_incident_counts(drawn: Drawn) -> None:
    owed = sum(len(drawn.stack.pages(incident["id"])) for incident in drawn.stack.incidents())
    assert owed == len(SERVICES)
    (query,) = (it for it in OF_INCIDENTS if (it.dashboard, it.panel) == ("on-call", "Pages sent"))
    assert drawn.shown(query, 300) == {"": owed}
