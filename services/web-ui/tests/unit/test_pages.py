"""The rules of pages that need no request."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

import pytest
from showcase import ADA, JUN
from web_ui_fakes import World, at

from shared.contracts.incident_api import IncidentAlert
from shared.contracts.incidents import Status
from shared.contracts.oncall_api import CalendarView, NotificationView, OnDuty, ShiftView
from shared.contracts.wire import Ref, Severity
from shared.errors import NotFound
from vigie_testing.clock import ManualClock
from web_ui.filters import Filters, of_query
from web_ui.pages.dashboard import worst_first
from web_ui.pages.history import address
from web_ui.pages.incident import AlertCard, links, reference_of
from web_ui.pages.notifications import line
from web_ui.pages.oncall import hand_offs
from web_ui.prose import linked

NOW = at("2026-03-02T09:00:00")
TEAM = Ref(id=uuid4(), name="Payments")


def calendar(*shifts: ShiftView) -> CalendarView:
    return CalendarView(team=TEAM, time_zone="UTC", items=list(shifts))


def shift(
    start: int, end: int, primary: OnDuty | None, secondary: OnDuty | None = None
) -> ShiftView:
    hour = timedelta(hours=1)
    return ShiftView(
        start=NOW + start * hour,
        end=NOW + end * hour,
        primary=primary,
        secondary=secondary,
        gap=primary is None,
    )


def test_a_hand_off_is_where_the_people_change_not_where_the_calendar_is_cut() -> None:
    cut = calendar(shift(-2, 3, ADA), shift(3, 5, ADA), shift(5, 7, JUN), shift(7, 9, None))
    assert [(h.at, h.primary) for h in hand_offs(cut, NOW)] == [
        (NOW + timedelta(hours=5), JUN),
        (NOW + timedelta(hours=7), None),
    ]


def test_another_secondary_is_a_hand_off_too_and_the_past_is_not() -> None:
    cut = calendar(shift(-9, -2, JUN), shift(-2, 3, ADA), shift(3, 5, ADA, JUN))
    assert [(h.primary, h.secondary) for h in hand_offs(cut, NOW)] == [(ADA, JUN)]


def test_the_worst_come_first_then_what_nobody_has_taken_then_the_oldest() -> None:
    incidents = World(ManualClock()).incidents
    low = incidents.open("low", severity=Severity.LOW)
    taken = incidents.open("taken", age=timedelta(hours=2), status=Status.ACKNOWLEDGED)
    young = incidents.open("young", age=timedelta(minutes=1))
    old = incidents.open("old", age=timedelta(hours=1))
    assert worst_first([low, taken, young, old]) == [old, young, taken, low]


def test_an_annotation_that_is_an_address_is_a_link_and_anything_else_stays_readable() -> None:
    alert = IncidentAlert(
        id=uuid4(),
        incident_id=uuid4(),
        integration="Prometheus",
        fingerprint="f",
        service="search",
        severity=Severity.HIGH,
        message="Disk full",
        state="firing",
        starts_at=NOW,
        attached_at=NOW,
        annotations={
            "runbook": "Restart the pod, then call Ada.",
            "runbook_url": "javascript:alert(1)",
            "dashboard_url": "https://grafana.example.com/d/1",
            "summary": "https://example.com is slow",
        },
    )
    card = AlertCard(alert, links(alert))
    assert [(link.name, link.url) for link in card.links] == [
        ("dashboard", "https://grafana.example.com/d/1")
    ]
    assert {name: str(text) for name, text in card.annotations.items()} == {
        "runbook": "Restart the pod, then call Ada.",
        "runbook_url": "javascript:alert(1)",
        "summary": (
            '<a href="https://example.com" rel="noopener noreferrer nofollow external">'
            "https://example.com</a> is slow"
        ),
    }


def test_a_long_address_ends_its_line_after_a_slash_and_stays_the_same_to_follow() -> None:
    said = str(linked("see https://r.example.com/a/b?x=<i>"))
    assert '<a href="https://r.example.com/a/b?x="' in said
    assert ">https://r.example.com/<wbr>a/<wbr>b?x=</a>&lt;i&gt;" in said


def test_only_links_to_web_pages_are_followed() -> None:
    alert = IncidentAlert(
        id=uuid4(),
        incident_id=uuid4(),
        integration="Prometheus",
        fingerprint="f",
        service="s",
        severity=Severity.LOW,
        message="m",
        links={
            "generator": "https://prometheus.example.com/graph",
            "evil": "javascript:alert(1)",
            "data": "data:text/html,x",
            "relative": "/sign-out",
            "broken": "http://[",
        },
        annotations={"runbook_url": "http://runbooks.example.com/a", "summary": "s"},
        state="firing",
        starts_at=NOW,
        attached_at=NOW,
    )
    assert [(link.name, link.url) for link in links(alert)] == [
        ("generator", "https://prometheus.example.com/graph"),
        ("runbook", "http://runbooks.example.com/a"),
    ]


def test_an_incident_is_found_by_its_id_or_its_number() -> None:
    identity = uuid4()
    assert reference_of(str(identity)) == identity
    assert reference_of("42") == reference_of("INC-42") == reference_of("inc-42") == 42


@pytest.mark.parametrize("nonsense", ["..", "INC-", "9" * 40, "٤٢", "x?y", ""])
def test_an_address_that_names_no_incident_leads_nowhere(nonsense: str) -> None:
    with pytest.raises(NotFound):
        reference_of(nonsense)


def test_filters_are_their_address_and_what_does_not_exist_is_not_asked_for() -> None:
    filters = Filters(
        statuses=(Status.OPEN,), severities=(Severity.HIGH,), service="kafka", text="disk & more"
    )
    query = "status=open&severity=high&service=kafka&text=disk+%26+more"
    assert filters.query() == query
    assert of_query(parse_qsl(query)) == filters
    assert of_query([("status", "gone"), ("severity", "odd"), ("text", " a ")]) == Filters(text="a")
    assert address(Filters()) == "/history"
    assert not Filters().narrowed


def test_a_filter_is_switched_on_and_off_and_leaves_the_others() -> None:
    both = Filters(text="a").toggled("severity", "low").toggled("severity", "critical")
    assert both.severities == (Severity.CRITICAL, Severity.LOW)
    assert both.toggled("severity", "low").query() == "severity=critical&text=a"
    assert Filters().toggled("assignee", "me").mine
    assert not Filters(assignee="me").toggled("assignee", "me").mine
    assert Filters().toggled("my_teams").query() == "teams=mine"
    assert Filters(service="kafka").toggled("service", "kafka") == Filters()


TOGETHER = "ok, in one message with 13 others"


@pytest.mark.parametrize(
    ("facts", "label", "remarks"),
    [
        ({"kind": "page", "reason": "primary_on_call"}, None, ["Primary on call"]),
        ({"kind": "more_alerts", "reason": "more_alerts"}, "More alerts", []),
        ({"kind": "test", "reason": "test_requested"}, None, ["Test requested"]),
        ({"kind": "quantum_leap", "reason": "because"}, "Quantum leap", ["Because"]),
        (
            {"outcome": "pending", "bundle_id": uuid4(), "reason": "primary_on_call"},
            None,
            ["Primary on call", "In one message with others"],
        ),
        ({"outcome": "sent", "bundle_id": uuid4(), "detail": TOGETHER}, None, [TOGETHER]),
    ],
)
def test_a_message_says_what_it_is_once_and_what_it_travels_with(
    facts: dict[str, Any], label: str | None, remarks: list[str]
) -> None:
    fields = {"kind": "page", "outcome": "sent", "channel": "log", **facts}
    shown = line(NotificationView(id=uuid4(), created_at=NOW, **fields))
    assert (shown.label, shown.remarks) == (label, remarks)
