"""Events come at least once and in any order; what they say in the end is the same."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Event = dict[str, Any]
START = 1_000_000


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[str, int, int, int | None]]:
    """Alerts of one incident: (severity, index, begins, ends), as alert-ingestion would group them.

    Each begins while another one fires, because otherwise it would be another incident's.
    """
    alerts: list[tuple[str, int, int, int | None]] = []
    for index in range(draw(st.integers(1, 4))):
        if not alerts:
            begin = 0
        else:
            latest = max(START if end is None else end for _, _, _, end in alerts)
            begin = draw(st.integers(0, min(latest - 1, 5000)))
        end = draw(st.one_of(st.none(), st.integers(begin + 1, 6000)))
        alerts.append((draw(st.sampled_from(["critical", "low"])), index, begin, end))
    return alerts


async def outcome(service: Any, incident: UUID) -> dict[str, Any]:
    """What is true in the end, without what depends on the order of writing."""
    shown = await service.get(incident)
    response = await service.client.get(
        f"/api/v1/incidents/{incident}/alerts", headers=service.person()
    )
    alerts = {
        alert["message"]: (alert["state"], alert["attached_at"], alert["resolved_at"])
        for alert in response.json()["items"]
    }
    keys = ("status", "created_at", "resolved_at", "alert_count", "mttr_seconds", "acknowledged_at")
    return {key: shown[key] for key in keys} | {"alerts": alerts, "is": shown["id"]}


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=histories(), data=st.data())
async def test_any_order_and_any_repetition_end_in_the_same_state(
    service: Any, history: Any, data: st.DataObject
) -> None:
    async def told(order: str) -> dict[str, Any]:
        incident = uuid4()
        events = _events(service, incident, history)
        if order == "shuffled":
            repeated = data.draw(st.lists(st.sampled_from(events), max_size=4))
            events = _openings_in_order(data.draw(st.permutations([*events, *repeated])))
        else:
            events.sort(key=lambda event: event["occurred_at"])
        for batch in _batches(data, events):
            await service.alert_events(*batch)
        end = await outcome(service, incident)
        assert end.pop("is") == str(incident), "no recurrence was made of what was one incident"
        return end

    assert await told("shuffled") == await told("in order")


def _events(service: Any, incident: UUID, history: Any) -> list[Event]:
    start = service.clock.now()
    events = []
    for severity, index, begin, end in history:
        common = {
            "alert": uuid4(),
            "incident": incident,
            "severity": severity,
            "message": f"alert {index}",
        }
        at = start + timedelta(seconds=begin, milliseconds=index)
        events.append(service.event("alert.opened", at=at, **common))
        if end is not None:
            at = start + timedelta(seconds=end, milliseconds=index)
            events.append(service.event("alert.resolved", at=at, **common))
    return events


def _openings_in_order(events: Sequence[Event]) -> list[Event]:
    """Ends and repetitions anywhere, beginnings as they came.

    An outbox delivers what concerns one incident in order. Without that, an end that is known
    before the beginnings of others looks like the end of the incident, and what began after it like
    a recurrence.
    """
    openings = iter(
        sorted(
            (event for event in events if event["type"] == "alert.opened"),
            key=lambda event: event["occurred_at"],
        )
    )
    return [next(openings) if event["type"] == "alert.opened" else event for event in events]


def _batches(data: st.DataObject, events: Sequence[Event]) -> list[Sequence[Event]]:
    cut = data.draw(st.integers(0, len(events)))
    return [batch for batch in (events[:cut], events[cut:]) if batch]


async def test_an_early_resolution_is_undone_and_pages_again(
    service: Any, seconds_after: Any
) -> None:
    first, second, incident = uuid4(), uuid4(), uuid4()
    await service.alert_events(
        service.event("alert.opened", alert=first, incident=incident, at=seconds_after(0)),
        service.event("alert.resolved", alert=first, incident=incident, at=seconds_after(60)),
    )
    (late,) = await service.alert_events(
        service.event("alert.opened", alert=second, incident=incident, at=seconds_after(30))
    )
    assert (late["incident_id"], late["reason"]) == (str(incident), "revives")
    assert (await service.get(incident))["status"] == "open"
    await service.alert_events(
        service.event("alert.resolved", alert=second, incident=incident, at=seconds_after(90))
    )
    assert (await service.get(incident))["mttr_seconds"] == 90
    kinds = await service.kinds(incident)
    assert kinds.count("incident.reopened") == 1
    figures = await service.metrics()
    assert figures['incidents_total{status="resolved"}'] == 1


async def test_a_late_alert_goes_to_the_open_recurrence_instead_of_reviving_a_second(
    service: Any, seconds_after: Any
) -> None:
    root = await service.opened(at=seconds_after(0))
    await service.patch(root["id"], status="resolved")
    early, late, alert = uuid4(), uuid4(), uuid4()
    await service.alert_events(
        service.event(
            "alert.opened",
            incident=early,
            recurrence_of=root["id"],
            alert=alert,
            at=seconds_after(10),
        ),
        service.event("alert.resolved", incident=early, alert=alert, at=seconds_after(60)),
        service.event(
            "alert.opened", incident=late, recurrence_of=root["id"], at=seconds_after(70)
        ),
    )
    (result,) = await service.alert_events(
        service.event("alert.opened", incident=early, at=seconds_after(20))
    )
    assert result["incident_id"] == str(late)
    assert (await service.get(early))["status"] == "resolved"
