"""What senders send that neither split nor fix: all of it is taken, and what is not is said."""

import json
from datetime import timedelta
from typing import Any

import pytest

from shared.contracts.identity import Role

HOOK = "/api/v1/webhooks/alertmanager"


def firing(**labels: str) -> dict[str, Any]:
    return {"status": "firing", "labels": {"alertname": "Down", "service": "shop", **labels}}


async def integration(service: Any) -> Any:
    listed = await service.get("/api/v1/integrations", token=service.tokens[Role.ADMIN])
    return listed["items"][0]


async def test_a_group_of_two_thousand_is_one_incident(service: Any) -> None:
    alerts = [
        {**firing(instance=str(number)), "annotations": {"description": "d" * 1000}}
        for number in range(2_000)
    ]
    answer = await service.post(HOOK, {"version": "4", "groupKey": "{}:{}", "alerts": alerts})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"received": 2_000, "truncated": 0}
    assert service.count("alerts") == 2_000
    assert service.count("incidents") == 1
    assert service.count("inbox") == 1


async def test_what_is_too_long_or_cannot_be_stored_costs_nobody_anything(service: Any) -> None:
    alerts = [
        {**firing(instance="1"), "annotations": {"summary": "s", "log": "l" * 77_000}},
        firing(instance="nul\x00"),
        firing(instance="3"),
    ]
    answer = await service.post(HOOK, {"alerts": alerts})
    assert answer.json() == {"received": 3, "truncated": 0}
    shown = (await service.get("/api/v1/alerts"))["items"]
    by_instance = {alert["labels"]["instance"]: alert for alert in shown}
    assert by_instance["1"]["annotations"]["log"].endswith("…")
    assert "log (77000 characters)" in by_instance["1"]["annotations"]["vigie_cut"]
    assert "replaced in: instance" in by_instance["nul\ufffd"]["annotations"]["vigie_cut"]


async def test_a_bad_alert_in_a_later_part_costs_none_of_the_others(service: Any) -> None:
    alerts = [firing(instance=str(number)) for number in range(1_200)]
    alerts[1_100] = {"status": "sideways", "labels": {"a": "b"}}
    answer = await service.post(HOOK, {"alerts": alerts})
    assert answer.status_code == 400
    assert answer.json()["stored"] == 1_199
    assert [error["field"] for error in answer.json()["errors"]] == ["alerts.1100.status"]
    assert service.count("alerts") == 1_199


async def test_two_groups_of_a_sender_are_two_incidents_for_as_long_as_they_last(
    service: Any,
) -> None:
    async def notify(group: str, instance: str) -> None:
        body = {"groupKey": group, "alerts": [firing(instance=instance)]}
        assert (await service.post(HOOK, body)).status_code == 200

    await notify("one", "1")
    await notify("other", "2")
    # Alertmanager tells of a group again after group_interval: beyond any window of ours.
    service.clock.advance(timedelta(minutes=30))
    await notify("one", "3")
    alerts = (await service.get("/api/v1/alerts"))["items"]
    homes = {alert["labels"]["instance"]: alert["incident_id"] for alert in alerts}
    assert homes["1"] == homes["3"] != homes["2"]


async def test_an_integration_may_choose_labels_instead_of_the_senders_groups(
    service: Any,
) -> None:
    made = await service.create_integration("by region", correlation_labels=["region"])
    for group in ("one", "other"):
        body = {"groupKey": group, "alerts": [firing(region="eu", instance=group)]}
        assert (await service.post(HOOK, body, key=made["key"])).status_code == 200
    assert service.count("incidents") == 1


@pytest.mark.parametrize(
    ("path", "body", "status", "reason"),
    [
        (HOOK, {"alerts": {}}, 400, "malformed_request"),
        (HOOK, {"alerts": [{"status": "sideways"}]}, 400, "partly_refused"),
        ("/api/v1/alerts", {"service": "shop"}, 422, "invalid_fields"),
    ],
)
async def test_what_is_refused_is_counted_and_kept_on_the_integration(
    service: Any, path: str, body: Any, status: int, reason: str
) -> None:
    answer = await service.post(path, body)
    assert answer.status_code == status
    series = f'alerts_refused_total{{integration="Default",reason="{reason}"}}'
    assert await service.metric(series) == 1
    kept = await integration(service)
    assert kept["last_error"] == {"reason": reason, "detail": answer.json()["detail"]}
    assert kept["last_error_at"] is not None


async def test_a_refusal_that_names_what_cannot_be_stored_is_kept_all_the_same(
    service: Any,
) -> None:
    answer = await service.send(annotations={"run\x00book": "here"})
    assert answer.status_code == 422
    assert "run\x00book" in answer.json()["detail"]
    kept = await integration(service)
    assert "run\ufffdbook" in kept["last_error"]["detail"]


async def test_a_body_that_is_too_large_is_counted_too(service: Any) -> None:
    answer = await service.client.post(
        HOOK,
        content=b" " * (33 * 1024 * 1024),
        headers={"Authorization": f"Bearer {service.key}", "Content-Type": "application/json"},
    )
    assert answer.status_code == 413
    series = 'alerts_refused_total{integration="Default",reason="body_too_large"}'
    assert await service.metric(series) == 1


async def test_keys_that_nobody_knows_are_counted_with_the_next_scrape(service: Any) -> None:
    for _ in range(3):
        assert (await service.post(HOOK, {"alerts": []}, key="made-up")).status_code == 401
    series = 'alerts_refused_total{integration="unknown",reason="unknown_key"}'
    assert await service.metric(series) == 3
    assert await service.metric(series) == 3


async def test_a_key_that_was_revoked_names_its_integration(service: Any) -> None:
    made = await service.create_integration("old prometheus")
    revoke = f"/api/v1/integrations/{made['id']}/revoke"
    await service.post(revoke, {}, key=service.tokens[Role.ADMIN])
    assert (await service.send(key=made["key"])).status_code == 401
    series = 'alerts_refused_total{integration="old prometheus",reason="unknown_key"}'
    assert await service.metric(series) == 1


async def test_an_unknown_word_for_a_severity_is_said_on_the_integration(service: Any) -> None:
    await service.post("/api/v2/alerts", [{"labels": {"a": "1", "severity": "apocalyptic"}}])
    kept = await integration(service)
    assert kept["unknown_severity"] == "apocalyptic"
    change = {"severities": {"Apocalyptic": "critical"}}
    patched = await service.client.patch(
        f"/api/v1/integrations/{kept['id']}",
        content=json.dumps(change),
        headers={
            "Authorization": f"Bearer {service.tokens[Role.ADMIN]}",
            "Content-Type": "application/json",
        },
    )
    assert patched.status_code == 200, patched.text
    await service.post("/api/v2/alerts", [{"labels": {"a": "2", "severity": "apocalyptic"}}])
    newest = (await service.get("/api/v1/alerts"))["items"][0]
    assert (newest["severity"], newest["severity_original"]) == ("critical", "apocalyptic")
