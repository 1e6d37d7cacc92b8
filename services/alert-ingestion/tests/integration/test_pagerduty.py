"""PagerDuty's own client, unmodified but for its address, and what its API documents."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from pagerduty import EventsApiV2Client
from pagerduty.errors import HttpError

from alert_ingestion.app import create_app
from alert_ingestion.integrations import new_key
from alert_ingestion.settings import AlertIngestionSettings
from vigie_testing.databases import Database
from vigie_testing.listening import listening

KEY = new_key()
ONE_OF = "(must be one of the following:"


@dataclass
class Pager:
    """The client, one that sends anything to the same address, and the database behind that."""

    client: EventsApiV2Client
    direct: httpx.Client
    database: Database

    def post(self, path: str, **event: Any) -> httpx.Response:
        """What the client would not send."""
        body = {"routing_key": KEY, **event}
        return self.direct.post(path, json=body)

    def alert(self) -> dict[str, Any]:
        """The one alert there is."""
        columns = "fingerprint, status, service, severity, message, labels, annotations, links"
        [row] = self.database.query(f"SELECT {columns} FROM alerts")  # noqa: S608 - constants
        return dict(zip(columns.split(", "), row, strict=True))

    def owed(self) -> list[str]:
        """The types of the events that incident-management is owed, oldest first."""
        rows = self.database.query("SELECT payload->>'type' FROM outbox ORDER BY seq")
        return [kind for (kind,) in rows]


@pytest.fixture
def pager(make_database: Callable[[str], Database]) -> Iterator[Pager]:
    database = make_database("alert-ingestion")
    settings = AlertIngestionSettings(
        **database.settings(), bootstrap_ingestion_key=KEY, canary_interval_seconds=0
    )
    with listening(create_app(settings), tls=True) as served:
        client = EventsApiV2Client(KEY, base_url=served.url, verify=served.trust)
        direct = httpx.Client(base_url=served.url, verify=served.trust, timeout=10)
        with client, direct:
            yield Pager(client, direct, database)


def test_the_client_triggers_acknowledges_and_resolves_an_alert(pager: Pager) -> None:
    key = pager.client.trigger("It burns", "web-3", severity="error")
    assert pager.alert()["status"] == "firing"
    assert pager.alert()["fingerprint"] == key
    assert pager.alert()["severity"] == "high"
    assert pager.client.acknowledge(key) == key
    assert pager.client.resolve(key) == key
    assert pager.alert()["status"] == "resolved"
    assert pager.owed() == ["alert.opened", "alert.acknowledged", "alert.resolved"]


def test_a_trigger_with_the_same_key_changes_the_details_of_the_open_alert(pager: Pager) -> None:
    pager.client.trigger("It burns", "web-3", dedup_key="k", custom_details={"load": 7})
    pager.client.trigger("It burns more", "web-3", dedup_key="k", custom_details={"load": 9})
    assert pager.alert()["message"] == "It burns more"
    assert pager.alert()["labels"]["load"] == "9"
    assert pager.owed() == ["alert.opened", "alert.updated"]


def test_everything_that_an_event_says_is_kept(pager: Pager) -> None:
    answer = pager.post(
        "/v2/enqueue",
        event_action="trigger",
        dedup_key="k",
        client="Nagios",
        client_url="https://nagios.example.com",
        links=[
            {"href": "https://wiki.example.com/a", "text": "Runbook"},
            {"href": "javascript:alert(1)", "text": "Trap"},
        ],
        images=[{"src": "https://img.example.com/1.png", "alt": "Load"}],
        payload={
            "summary": "It burns",
            "source": "web-3",
            "severity": "warning",
            "component": "nginx",
            "group": "web",
            "class": "cpu",
            "timestamp": "2026-03-02T08:59:00.000+0000",
            "custom_details": {"region": "eu", "disks": {"sda": 98}, "log": "one\ntwo"},
            "shift": "night",
        },
    )
    assert answer.status_code == 202, answer.text
    alert = pager.alert()
    assert alert["service"] == "nginx"
    assert alert["labels"] == {
        "source": "web-3",
        "severity": "warning",
        "component": "nginx",
        "group": "web",
        "class": "cpu",
        "region": "eu",
        "shift": "night",
    }
    assert alert["annotations"] == {"client": "Nagios", "disks": '{"sda":98}', "log": "one\ntwo"}
    assert alert["links"] == {
        "client": "https://nagios.example.com",
        "Runbook": "https://wiki.example.com/a",
        "Load": "https://img.example.com/1.png",
    }


def test_an_event_without_a_key_of_its_own_is_a_new_alert_each_time(pager: Pager) -> None:
    first, second = (pager.client.trigger("It burns", "web-3") for _ in range(2))
    assert first != second
    assert pager.database.query("SELECT count(*) FROM alerts") == [(2,)]


def test_what_names_no_service_is_of_the_one_that_its_key_stands_for(pager: Pager) -> None:
    pager.client.trigger("It burns", "web-3")
    assert pager.alert()["service"] == "Default"


def test_acknowledging_or_resolving_nothing_is_accepted_and_does_nothing(pager: Pager) -> None:
    assert pager.client.acknowledge("nobody") == "nobody"
    assert pager.client.resolve("nobody") == "nobody"
    assert pager.owed() == []


def test_the_client_sends_a_change_with_its_links(pager: Pager) -> None:
    pager.client.submit(
        "Deployed 2.4",
        source="github",
        custom_details={"service": "checkout"},
        links=[{"href": "https://git.example.com/1", "text": "Commit"}],
        timestamp="2026-03-02T08:55:00+00:00Z",
    )
    [row] = pager.database.query("SELECT service, summary, at::text, links FROM changes")
    assert row[:2] == ("checkout", "Deployed 2.4")
    assert row[2].startswith("2026-03-02 08:55:00")
    assert row[3] == {"Commit": "https://git.example.com/1"}


@pytest.mark.parametrize(
    ("event", "error"),
    [
        ({}, "'event_action' is missing or blank"),
        ({"event_action": []}, "'event_action' is missing or blank"),
        (
            {"event_action": "poke"},
            f"'event_action' is invalid {ONE_OF} 'trigger', 'acknowledge' or 'resolve')",
        ),
        ({"event_action": "resolve"}, "'dedup_key' is missing or blank"),
        (
            {"event_action": "resolve", "dedup_key": "k" * 256},
            "'dedup_key' is too long (maximum is 255 characters)",
        ),
        ({"event_action": "trigger"}, "'payload' is missing or blank"),
        (
            {"event_action": "trigger", "payload": {"source": "a", "severity": "info"}},
            "'payload.summary' is missing or blank",
        ),
        (
            {
                "event_action": "trigger",
                "payload": {"summary": "s", "source": "a", "severity": "bad"},
            },
            f"'payload.severity' is invalid {ONE_OF} 'critical', 'warning', 'error' or 'info')",
        ),
    ],
)
def test_an_invalid_event_is_refused_in_pagerdutys_words(
    pager: Pager, event: dict[str, Any], error: str
) -> None:
    answer = pager.post("/v2/enqueue", **event)
    assert answer.status_code == 400
    assert answer.json() == {
        "status": "invalid event",
        "message": "Event object is invalid",
        "errors": [error],
    }
    assert pager.database.query("SELECT state, reason FROM inbox") == [("dead", "unreadable")]


def test_the_client_raises_what_it_raises_for_an_invalid_event(pager: Pager) -> None:
    with pytest.raises(HttpError) as raised:
        pager.client.trigger("It burns", "web-3", severity="sideways")
    assert raised.value.response.status_code == 400


@pytest.mark.parametrize("key", [None, "", "0" * 32, 7, "x"])
def test_a_key_that_nobody_has_is_an_invalid_event(pager: Pager, key: Any) -> None:
    answer = pager.post("/v2/enqueue", routing_key=key, event_action="resolve", dedup_key="k")
    assert answer.status_code == 400
    assert answer.json()["status"] == "invalid event"
    assert "routing_key" in answer.json()["errors"][0]
    assert pager.database.query("SELECT count(*) FROM inbox") == [(0,)]


def test_an_event_of_half_a_megabyte_is_taken_and_a_larger_one_refused(pager: Pager) -> None:
    pager.client.trigger("It burns", "web-3", dedup_key="k", custom_details={"log": "l" * 500_000})
    assert pager.alert()["annotations"]["log"].endswith("…")
    with pytest.raises(HttpError) as raised:
        pager.client.trigger("It burns", "web-3", custom_details={"log": "l" * 530_000})
    assert raised.value.response.status_code == 413
    assert raised.value.response.json()["errors"]


def test_a_summary_that_is_too_long_is_cut_and_pages_all_the_same(pager: Pager) -> None:
    pager.client.trigger("s" * 9_000, "web-3")
    assert len(pager.alert()["message"]) == 4_000


def test_the_key_in_the_body_is_not_kept(pager: Pager) -> None:
    pager.client.trigger("It burns", "web-3")
    [(body,)] = pager.database.query("SELECT body FROM inbox")
    assert KEY.encode() not in bytes(body)
    assert b"It burns" in bytes(body)
