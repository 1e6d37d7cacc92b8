"""GET /api/v1/alerts, and what /metrics says."""

from typing import Any

from shared.contracts.identity import Role
from shared.identifiers import new_id


async def test_alerts_are_listed_newest_first_and_paged(service: Any) -> None:
    for number in range(5):
        await service.send(message=f"m{number}")
    seen: list[str] = []
    path = "/api/v1/alerts?limit=2"
    cursor = ""
    while cursor is not None:
        page = await service.get(path + (f"&cursor={cursor}" if cursor else ""))
        seen += [alert["message"] for alert in page["items"]]
        cursor = page["next_cursor"]
    assert seen == ["m4", "m3", "m2", "m1", "m0"]


async def test_every_filter_filters(service: Any) -> None:
    await service.send(service="checkout", severity="critical")
    other = (await service.send(service="payments", severity="low")).json()
    await service.send(service="payments", severity="low", status="resolved")
    found = await service.alert(other["alert_id"])
    for query in (
        "service=payments",
        "severity=low",
        "status=resolved",
        f"incident_id={other['incident_id']}",
        f"integration={found['integration']['id']}&service=payments",
    ):
        page = await service.get(f"/api/v1/alerts?{query}")
        assert [alert["id"] for alert in page["items"]] == [other["alert_id"]], query
    assert (await service.get(f"/api/v1/alerts?integration={new_id()}"))["items"] == []


async def test_filters_that_make_no_sense_are_refused(service: Any) -> None:
    headers = {"Authorization": f"Bearer {service.tokens[Role.VIEWER]}"}
    for query in (
        "status=sideways",
        "severity=page",
        "incident_id=7",
        "limit=0",
        "limit=201",
        "service=%00",
    ):
        answer = await service.client.get(f"/api/v1/alerts?{query}", headers=headers)
        assert answer.status_code == 422, (query, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
    answer = await service.client.get("/api/v1/alerts?cursor=nonsense", headers=headers)
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_an_integration_key_sees_its_own_alerts_only(service: Any) -> None:
    mine = (await service.send()).json()
    other = await service.create_integration("other")
    theirs = (await service.send(key=other["key"], message="two")).json()
    page = await service.get("/api/v1/alerts", token=other["key"])
    assert [alert["id"] for alert in page["items"]] == [theirs["alert_id"]]
    filtered = await service.get(f"/api/v1/alerts?integration={new_id()}", token=other["key"])
    assert filtered["items"] == []
    path = f"/api/v1/alerts/{mine['alert_id']}"
    answer = await service.client.get(path, headers={"Authorization": f"Bearer {other['key']}"})
    assert answer.status_code == 404


async def test_an_alert_is_shown_to_whoever_is_known_only(service: Any) -> None:
    sent = (await service.send()).json()
    for path in ("/api/v1/alerts", f"/api/v1/alerts/{sent['alert_id']}"):
        assert (await service.client.get(path)).status_code == 401
        answer = await service.client.get(path, headers={"Authorization": "Bearer nobody"})
        assert answer.status_code == 401
        for token in (*service.tokens.values(), service.service_tokens["web-ui"], service.key):
            await service.get(path, token=token)
    headers = {"Authorization": f"Bearer {service.tokens[Role.VIEWER]}"}
    answer = await service.client.get(f"/api/v1/alerts/{new_id()}", headers=headers)
    assert answer.status_code == 404


async def test_every_series_starts_at_zero_and_counts_what_happened(service: Any) -> None:
    for severity in ("critical", "high", "medium", "low"):
        assert await service.metric(f'alerts_received_total{{severity="{severity}"}}') == 0
    for result in ("new_incident", "existing_incident", "duplicate"):
        assert await service.metric(f'alerts_correlated_total{{result="{result}"}}') == 0
    await service.send(message="one")
    await service.send(message="two")
    await service.send(message="two")
    await service.send(message="two", status="resolved")
    assert await service.metric('alerts_received_total{severity="critical"}') == 4
    assert await service.metric('alerts_correlated_total{result="new_incident"}') == 1
    assert await service.metric('alerts_correlated_total{result="existing_incident"}') == 1
    assert await service.metric('alerts_correlated_total{result="duplicate"}') == 1
    assert await service.metric('alerts_resolved_total{reason="resolved_by_sender"}') == 1
    assert await service.metric('alerts_firing{severity="critical"}') == 1
    assert await service.metric('alerts_firing{severity="low"}') == 0
    assert await service.metric('outbox_depth{topic="alert-events"}') == 3
    assert await service.metric("database_up") == 1


async def test_counters_are_the_same_on_another_replica_and_after_a_restart(start: Any) -> None:
    async with start() as one, start() as other:
        await one.send()
        await other.send(message="two")
        series = 'alerts_received_total{severity="critical"}'
        assert await one.metric(series) == await other.metric(series) == 2
    async with start() as again:
        assert await again.metric(series) == 2


async def test_what_is_handed_over_names_the_labels_in_the_senders_order(service: Any) -> None:
    """The database keeps an object by the length of its names."""
    await service.send(labels={"zone": "eu", "alertname": "X", "a": "1"})
    [event] = service.owed()
    assert event.alert.label_order[:3] == ["zone", "alertname", "a"]
