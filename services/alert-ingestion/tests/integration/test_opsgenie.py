"""Opsgenie's own client, unmodified but for its host, and what its API documents."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import opsgenie_sdk
import pytest

from alert_ingestion.app import create_app
from alert_ingestion.integrations import new_key
from alert_ingestion.settings import AlertIngestionSettings
from vigie_testing.databases import Database
from vigie_testing.listening import listening

KEY = new_key()


@dataclass
class Genie:
    """The client's two halves, one that sends anything, and the database behind the address."""

    alerts: opsgenie_sdk.AlertApi
    heartbeats: opsgenie_sdk.HeartbeatApi
    direct: httpx.Client
    database: Database

    def create(self, message: str = "It burns", **alert: Any) -> Any:
        """Send an alert."""
        payload = opsgenie_sdk.CreateAlertPayload(message=message, **alert)
        return self.alerts.create_alert(payload)

    def alert(self) -> dict[str, Any]:
        """The one alert there is."""
        columns = "id, fingerprint, status, service, severity, message, labels, annotations, links"
        [row] = self.database.query(f"SELECT {columns} FROM alerts")  # noqa: S608 - constants
        return dict(zip(columns.split(", "), row, strict=True))

    def owed(self) -> list[tuple[str, str, str]]:
        """Type, author and text of what incident-management is owed, oldest first."""
        return self.database.query(
            "SELECT payload->>'type', payload->>'author', payload->>'text' "
            "FROM outbox ORDER BY seq"
        )


@pytest.fixture
def genie(make_database: Callable[[str], Database]) -> Iterator[Genie]:
    database = make_database("alert-ingestion")
    settings = AlertIngestionSettings(
        **database.settings(), bootstrap_ingestion_key=KEY, canary_interval_seconds=0
    )
    with listening(create_app(settings)) as served:
        own = opsgenie_sdk.Configuration()
        own.host = served.url
        own.api_key["Authorization"] = KEY
        client = opsgenie_sdk.ApiClient(configuration=own)
        headers = {"Authorization": f"GenieKey {KEY}"}
        with httpx.Client(base_url=served.url, headers=headers, timeout=10) as direct:
            yield Genie(
                opsgenie_sdk.AlertApi(client), opsgenie_sdk.HeartbeatApi(client), direct, database
            )


def test_the_client_creates_acknowledges_notes_and_closes_by_alias(genie: Genie) -> None:
    created = genie.create(alias="disk", priority="P1")
    assert created.result == "Request will be processed"
    assert genie.alert()["status"] == "firing"
    assert genie.alert()["severity"] == "critical"
    genie.alerts.acknowledge_alert(
        "disk",
        identifier_type="alias",
        acknowledge_alert_payload=opsgenie_sdk.AcknowledgeAlertPayload(user="ada"),
    )
    genie.alerts.add_note(
        "disk",
        opsgenie_sdk.AddNoteToAlertPayload(note="Looking at it.", user="ada"),
        identifier_type="alias",
    )
    genie.alerts.close_alert(
        "disk",
        identifier_type="alias",
        close_alert_payload=opsgenie_sdk.CloseAlertPayload(user="ada", note="Done."),
    )
    assert genie.alert()["status"] == "resolved"
    assert genie.owed() == [
        ("alert.opened", "", ""),
        ("alert.acknowledged", "ada", ""),
        ("alert.noted", "ada", "Looking at it."),
        ("alert.noted", "ada", "Done."),
        ("alert.resolved", "", ""),
    ]


def test_the_client_learns_what_became_of_a_request_and_uses_the_id_it_got(genie: Genie) -> None:
    created = genie.create(alias="disk", tags=["prod"], details={"region": "eu"})
    became = created.retrieve_result().data
    assert became.is_success is True
    assert (became.action, became.status) == ("Create", "Created alert")
    assert (became.alert_id, became.alias) == (str(genie.alert()["id"]), "disk")
    shown = created.retrieve_resulting_action().data
    assert (shown.alias, shown.message, shown.status) == ("disk", "It burns", "open")
    assert (shown.tags, shown.priority) == (["prod"], "P3")
    assert shown.details["region"] == "eu"
    closed = genie.alerts.close_alert(became.alert_id)
    assert closed.retrieve_result().data.status == "Closed alert"
    assert genie.alerts.get_alert("disk", identifier_type="alias").data.status == "closed"


def test_an_alias_that_is_open_is_the_same_alert_with_new_details(genie: Genie) -> None:
    genie.create("It burns", alias="disk", priority="P4")
    genie.create("It burns more", alias="disk", priority="P2")
    assert (genie.alert()["message"], genie.alert()["severity"]) == ("It burns more", "high")
    assert [kind for kind, *_ in genie.owed()] == ["alert.opened", "alert.updated"]


def test_everything_that_an_alert_says_is_kept(genie: Genie) -> None:
    genie.create(
        alias="disk",
        description="Since\nnoon",
        responders=[{"type": "team", "name": "shop"}, {"type": "user", "username": "ada@x.org"}],
        visible_to=[{"type": "team", "name": "ops"}],
        actions=["Restart", "Ping"],
        tags=["prod", "eu"],
        details={"region": "eu", "trace": "one\ntwo", "source": "of the details"},
        entity="checkout",
        source="https://grafana.example.com/1",
        priority="P5",
        user="ada",
        note="Just so you know",
    )
    alert = genie.alert()
    assert (alert["service"], alert["severity"]) == ("checkout", "low")
    assert alert["labels"] == {
        "region": "eu",
        "priority": "P5",
        "entity": "checkout",
        "source": "https://grafana.example.com/1",
        "tags": "prod, eu",
        "responders": "team:shop, user:ada@x.org",
        "visible_to": "team:ops",
    }
    assert alert["annotations"] == {
        "description": "Since\nnoon",
        "actions": "Restart, Ping",
        "user": "ada",
        "trace": "one\ntwo",
        "source": "of the details",
    }
    assert alert["links"] == {"source": "https://grafana.example.com/1"}
    assert ("alert.noted", "ada", "Just so you know") in genie.owed()


def test_an_alert_without_an_alias_is_a_new_one_each_time(genie: Genie) -> None:
    genie.create()
    genie.create()
    assert genie.database.query("SELECT count(DISTINCT fingerprint) FROM alerts") == [(2,)]


def test_what_is_done_with_an_alert_that_nobody_has_does_nothing(genie: Genie) -> None:
    for name, kind in ((str(uuid4()), "id"), ("nobody", "id"), ("nobody", "alias")):
        answer = genie.direct.post(f"/v2/alerts/{name}/close?identifierType={kind}")
        assert answer.status_code == 202, answer.text
        asked = genie.direct.get(f"/v2/alerts/requests/{answer.json()['requestId']}")
        assert asked.json()["data"]["isSuccess"] is False
        assert asked.json()["data"]["status"] == "Alert does not exist"
    assert genie.owed() == []


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/v2/alerts", {}, "message"),
        ("/v2/alerts", {"message": " "}, "message"),
        ("/v2/alerts", {"message": "a", "priority": "P6"}, "priority"),
        ("/v2/alerts", {"message": "a", "priority": 1}, "priority"),
        ("/v2/alerts/a/notes?identifierType=alias", {}, "note"),
        ("/v2/alerts/12/close?identifierType=tiny", {}, "identifierType"),
    ],
)
def test_an_invalid_request_is_refused_by_field(
    genie: Genie, path: str, body: dict[str, Any], field: str
) -> None:
    answer = genie.direct.post(path, json=body)
    assert answer.status_code == 422, answer.text
    said = answer.json()
    assert said["message"] == "Request body is not processable. Please check the errors."
    assert list(said["errors"]) == [field]
    assert {"took", "requestId"} <= said.keys()


def test_the_client_raises_what_it_raises_for_a_bad_key_and_an_invalid_alert(
    genie: Genie,
) -> None:
    with pytest.raises(opsgenie_sdk.exceptions.ConfigurationException) as refused:
        genie.create(" ")
    assert refused.value.status == 422
    genie.alerts.api_client.configuration.api_key["Authorization"] = "made-up"
    with pytest.raises(opsgenie_sdk.exceptions.AuthenticationException) as unknown:
        genie.create()
    assert unknown.value.status == 401
    assert "Could not authenticate" in unknown.value.body


def test_a_large_alert_is_cut_and_taken(genie: Genie) -> None:
    genie.create("m" * 9_000, alias="a" * 600, description="d" * 100_000)
    assert len(genie.alert()["message"]) == 4_000
    assert genie.alert()["annotations"]["description"].endswith("…")
    genie.alerts.close_alert("a" * 600, identifier_type="alias")
    assert genie.alert()["status"] == "resolved"


def test_another_integration_learns_nothing_of_an_alert(genie: Genie) -> None:
    created = genie.create(alias="disk")
    with genie.database.connect() as connection:
        connection.execute("UPDATE inbox SET integration_id = gen_random_uuid()")
        connection.execute("UPDATE alerts SET integration_id = gen_random_uuid()")
    for path in (f"requests/{created.request_id}", "disk?identifierType=alias"):
        answer = genie.direct.get(f"/v2/alerts/{path}")
        assert answer.status_code == 404
        assert {"message", "took", "requestId"} <= answer.json().keys()


@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
def test_a_heartbeat_is_heard_by_each_of_its_methods(genie: Genie, method: str) -> None:
    answer = genie.direct.request(method, "/v2/heartbeats/nightly%20backup/ping")
    assert answer.status_code == 202, answer.text
    assert answer.json()["result"] == "PONG - Heartbeat received"
    assert genie.database.query("SELECT name FROM heartbeats") == [("nightly backup",)]


def test_the_client_pings(genie: Genie) -> None:
    assert genie.heartbeats.ping("backup").result == "PONG - Heartbeat received"


def test_a_name_that_cannot_be_stored_is_heard_all_the_same(genie: Genie) -> None:
    assert genie.direct.post("/v2/heartbeats/a%00b/ping").status_code == 202
    answer = genie.direct.post("/v2/alerts/a%00b/close?identifierType=alias")
    assert answer.status_code == 202
    answer = genie.direct.get("/v2/alerts/a%00b?identifierType=alias")
    assert answer.status_code == 404
