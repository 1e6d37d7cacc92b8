"""POST /api/v2/alerts as Prometheus uses it, and the two webhooks."""

from datetime import timedelta
from typing import Any

LABELS = {"alertname": "Down", "service": "checkout", "severity": "page"}


def alert(service: Any, /, *, start: float = -1, end: float | None = None, **more: Any) -> Any:
    """An alert whose times are minutes from now."""

    def at(minutes: float) -> str:
        instant: str = (service.clock.now() + timedelta(minutes=minutes)).isoformat()
        return instant

    ends = {} if end is None else {"endsAt": at(end)}
    return {"labels": LABELS, "startsAt": at(start), **ends, **more}


async def post(service: Any, /, *alerts: Any, status: int = 200) -> Any:
    answer = await service.post("/api/v2/alerts", list(alerts))
    assert answer.status_code == status, answer.text
    return answer


async def only(service: Any) -> Any:
    [found] = (await service.get("/api/v1/alerts"))["items"]
    return found


async def test_an_accepted_request_is_answered_with_an_empty_200(service: Any) -> None:
    answer = await post(service, alert(service))
    assert (answer.content, answer.headers["content-length"]) == (b"", "0")
    stored = await only(service)
    assert (stored["severity"], stored["severity_original"]) == ("critical", "page")
    assert (stored["service"], stored["message"]) == ("checkout", "Down")


async def test_under_a_path_prefix_it_is_the_same(service: Any) -> None:
    answer = await service.post("/alertmanager/api/v2/alerts", [alert(service)])
    assert answer.status_code == 200
    assert service.count("alerts") == 1


async def test_nothing_is_stored_for_an_empty_array(service: Any) -> None:
    await post(service)
    assert service.count("inbox") == 0


async def test_a_resend_extends_the_timeout_instead_of_paging_again(service: Any) -> None:
    await post(service, alert(service))
    service.clock.advance(minutes=4)
    await post(service, alert(service, start=-5))
    service.clock.advance(minutes=4)
    assert await service.let_time_out() == 0
    service.clock.advance(minutes=1)
    assert await service.let_time_out() == 1
    stored = await only(service)
    assert (stored["status"], stored["resolved_reason"]) == ("resolved", "timed_out")
    assert stored["count"] == 2
    events = service.owed()
    assert [event.type for event in events] == ["alert.opened", "alert.resolved"]
    assert events[1].reason == "timed_out"
    assert await service.let_time_out() == 0


async def test_an_integration_has_its_own_resolve_timeout(service: Any) -> None:
    own = await service.create_integration("patient", resolve_timeout_seconds=3600)
    await service.post("/api/v2/alerts", [alert(service)], key=own["key"])
    service.clock.advance(minutes=59)
    assert await service.let_time_out() == 0
    service.clock.advance(minutes=1)
    assert await service.let_time_out() == 1


async def test_prometheus_sends_an_end_and_stops_sending_for_good(service: Any) -> None:
    await post(service, alert(service, end=4))
    service.clock.advance(minutes=4)
    assert await service.let_time_out() == 1


async def test_a_resolved_alert_is_resolved_once_however_often_it_is_sent(service: Any) -> None:
    await post(service, alert(service))
    for _ in range(5):
        await post(service, alert(service, end=-0.1))
    stored = await only(service)
    assert (stored["status"], stored["resolved_reason"]) == ("resolved", "resolved_by_sender")
    assert len(service.owed()) == 2


async def test_a_resolved_alert_we_never_saw_firing_changes_nothing(service: Any) -> None:
    await post(service, alert(service, end=-0.5))
    assert service.count("alerts") == 0
    assert service.owed() == []


async def test_a_late_end_of_an_earlier_occurrence_does_not_end_this_one(service: Any) -> None:
    await post(service, alert(service, start=-1))
    await post(service, alert(service, start=-20, end=-10))
    assert (await only(service))["status"] == "firing"


async def test_a_person_resolves_while_prometheus_goes_on(service: Any) -> None:
    await post(service, alert(service, start=-1, end=4))
    stored = await only(service)
    await service.tell(service.incident_event(stored["incident_id"]))
    start = stored["starts_at"]
    for _ in range(10):
        service.clock.advance(minutes=1)
        await post(service, {**alert(service, end=4), "startsAt": start})
        assert await service.let_time_out() == 0
    stored = await only(service)
    assert (stored["status"], stored["suppressed"], stored["count"]) == ("resolved", True, 11)
    assert len(service.owed()) == 1
    # It stops: the suppression ends with the alert.
    service.clock.advance(minutes=4)
    assert await service.let_time_out() == 1
    assert not (await only(service))["suppressed"]
    # And comes again: one recurrence.
    await post(service, alert(service, start=0, end=4))
    recurrence = service.owed()[-1]
    assert recurrence.reason == "recurrence"
    assert str(recurrence.recurrence_of) == stored["incident_id"]


async def test_good_alerts_are_stored_and_bad_ones_named(service: Any) -> None:
    answer = await post(
        service,
        alert(service),
        alert(service, start=5, end=1),
        {"labels": {}},
        {"labels": {"alertname": "Other"}},
        status=400,
    )
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert [error["field"] for error in problem["errors"]] == ["1", "2"]
    assert problem["stored"] == 2
    assert service.count("alerts") == 2


async def test_of_bad_ones_only_the_request_is_kept_with_the_reason(service: Any) -> None:
    await post(service, {"labels": {}}, status=400)
    assert service.count("alerts") == 0
    [(state, failed, detail)] = service.database.query("SELECT state, failed, detail FROM inbox")
    assert (state, failed) == ("dead", [0])
    assert "label" in detail


async def test_the_same_alert_from_prometheus_and_from_alertmanager_is_one(service: Any) -> None:
    await post(service, alert(service))
    answer = await service.post(
        "/api/v1/webhooks/alertmanager",
        {"version": "4", "alerts": [{"status": "firing", **alert(service)}]},
    )
    assert answer.status_code == 200
    assert (await only(service))["count"] == 2


async def test_amtool_finds_an_alertmanager(service: Any) -> None:
    answer = await service.client.get("/api/v2/status")
    assert answer.status_code == 200
    assert answer.json()["cluster"]["status"] == "disabled"


async def test_a_webhook_says_what_it_took_and_what_the_sender_left_out(service: Any) -> None:
    answer = await service.post(
        "/api/v1/webhooks/alertmanager",
        {
            "version": "4",
            "groupKey": "{}",
            "truncatedAlerts": 3,
            "status": "firing",
            "receiver": "vigie",
            "externalURL": "http://alertmanager:9093",
            "alerts": [{"status": "firing", **alert(service), "fingerprint": "abc"}],
        },
    )
    assert answer.json() == {"received": 1, "truncated": 3}
    assert await service.metric("alerts_truncated_total") == 3
    stored = await only(service)
    assert stored["fingerprint"] == "abc"
    assert stored["links"] == {"sender": "http://alertmanager:9093"}
    assert stored["ends_at"] is None


async def test_silence_of_a_webhook_means_nothing_and_its_word_resolves(service: Any) -> None:
    def notification(status: str, **times: Any) -> Any:
        return {
            "version": "1",
            "status": status,
            "alerts": [{"status": status, **alert(service, **times), "fingerprint": "abc"}],
        }

    await service.post("/api/v1/webhooks/grafana", notification("firing", start=-1))
    service.clock.advance(hours=5)
    assert await service.let_time_out() == 0
    await service.post("/api/v1/webhooks/grafana", notification("resolved", start=-301, end=-1))
    assert (await only(service))["status"] == "resolved"


async def test_a_webhook_names_what_it_could_not_take(service: Any) -> None:
    answer = await service.post(
        "/api/v1/webhooks/grafana",
        {
            "alerts": [
                {"status": "firing", "labels": {}},
                {"status": "firing", "labels": {"a": "b"}},
            ]
        },
    )
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "alerts.0"
    assert service.count("alerts") == 1
