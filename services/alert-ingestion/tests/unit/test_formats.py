"""Bodies of each format, read at a given instant."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_ingestion.formats import alertmanager, bounds, native, webhook
from alert_ingestion.formats.format import Format
from alert_ingestion.integrations import default_policy
from alert_ingestion.model import Policy, Sent
from alert_ingestion.settings import AlertIngestionSettings
from shared.contracts.wire import Severity
from shared.errors import Invalid, Malformed, TooLarge

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TIMEOUT = timedelta(minutes=5)
POLICY = default_policy(
    AlertIngestionSettings.model_construct(
        **{name: field.default for name, field in AlertIngestionSettings.model_fields.items()}
    )
)


def read(form: Format, body: bytes, policy: Policy = POLICY) -> Any:
    """The alerts of a body, what could not be read, and what was left out."""
    envelope = form.open(Sent(body))
    reading = form.read(envelope, envelope.items, 0, NOW, policy)
    return SimpleNamespace(alerts=reading.said, errors=reading.errors, truncated=envelope.truncated)


def am(*alerts: Any, policy: Policy = POLICY) -> Any:
    return read(alertmanager.FORMAT, json.dumps(alerts).encode(), policy)


def hook(*alerts: Any, **envelope: Any) -> Any:
    body = json.dumps({"alerts": alerts, **envelope}).encode()
    return read(webhook.ALERTMANAGER, body)


def at(minutes: int) -> str:
    return (NOW + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


class TestAlertmanagerApi:
    def test_without_times_an_alert_starts_now_and_lives_for_the_resolve_timeout(self) -> None:
        [alert] = am({"labels": {"alertname": "Down"}}).alerts
        assert (alert.starts_at, alert.starts_at_given) == (NOW, False)
        assert (alert.ends_at, alert.ends_at_is_timeout) == (NOW + TIMEOUT, True)
        assert not alert.resolved

    def test_an_alert_with_only_an_end_starts_at_its_end(self) -> None:
        [alert] = am({"labels": {"alertname": "Down"}, "endsAt": at(3)}).alerts
        assert alert.starts_at == alert.ends_at == NOW + timedelta(minutes=3)
        assert not alert.starts_at_given
        assert not alert.ends_at_is_timeout

    @pytest.mark.parametrize(("end", "is_resolved"), [(-1, True), (0, True), (1, False)])
    def test_an_alert_is_resolved_when_its_end_is_not_after_now(
        self, end: int, is_resolved: bool
    ) -> None:
        [alert] = am(
            {"labels": {"alertname": "Down"}, "startsAt": at(-5), "endsAt": at(end)}
        ).alerts
        assert alert.resolved is is_resolved

    def test_gos_zero_time_means_not_given_and_nanoseconds_are_read(self) -> None:
        [alert] = am(
            {
                "labels": {"alertname": "Down"},
                "startsAt": "2026-03-02T08:59:00.123456789Z",
                "endsAt": "0001-01-01T00:00:00Z",
            }
        ).alerts
        assert alert.starts_at == datetime(2026, 3, 2, 8, 59, 0, 123456, tzinfo=UTC)
        assert alert.ends_at_is_timeout

    def test_labels_with_an_empty_value_are_dropped_and_do_not_change_identity(self) -> None:
        reading = am(
            {"labels": {"alertname": "Down", "team": ""}}, {"labels": {"alertname": "Down"}}
        )
        one, other = reading.alerts
        assert one.labels == {"alertname": "Down"}
        assert one.fingerprint == other.fingerprint

    def test_good_alerts_are_read_and_bad_ones_are_named_by_index(self) -> None:
        reading = am(
            {"labels": {"alertname": "Good"}},
            {"labels": {"team": ""}},
            {"labels": {"alertname": "Late"}, "startsAt": at(10), "endsAt": at(5)},
            {"labels": {"alertname": 7}},
            "not an alert",
            {"labels": {"alertname": "Naive"}, "startsAt": "2026-03-02T09:00:00"},
            {"labels": {"alertname": "Absurd"}, "startsAt": "9999-12-31T23:59:59Z"},
            {"labels": {"": "nameless"}},
            {},
        )
        assert [alert.labels["alertname"] for alert in reading.alerts] == ["Good"]
        assert [int(error.field.partition(".")[0]) for error in reading.errors] == [*range(1, 9)]
        assert "label" in reading.errors[0].message
        assert "startsAt" in reading.errors[1].message
        assert "zone" in reading.errors[4].message

    @pytest.mark.parametrize(
        ("labels", "service"),
        [
            ({"service": "checkout", "job": "api", "alertname": "Down"}, "checkout"),
            ({"job": "api", "alertname": "Down"}, "api"),
            ({"alertname": "Down"}, "Down"),
            ({"team": "web"}, "unknown"),
            # kube-state-metrics scraped it, and is not what is affected.
            ({"job": "kube-state-metrics", "namespace": "shop", "pod": "x-1"}, "shop"),
            ({"job": "kube-state-metrics", "namespace": "shop", "container": "api"}, "api"),
            ({"job": "node", "app": "ledger", "namespace": "shop"}, "ledger"),
        ],
    )
    def test_the_service_is_the_label_that_says_most(
        self, labels: dict[str, str], service: str
    ) -> None:
        assert am({"labels": labels}).alerts[0].service == service

    @pytest.mark.parametrize(
        ("annotations", "message"),
        [
            ({"summary": "s", "description": "d"}, "s"),
            ({"description": "d"}, "d"),
            ({}, "Down"),
            (None, "Down"),
        ],
    )
    def test_the_message_is_what_says_most(self, annotations: Any, message: str) -> None:
        [alert] = am({"labels": {"alertname": "Down"}, "annotations": annotations}).alerts
        assert alert.message == message

    def test_an_alert_without_words_is_described_by_its_labels(self) -> None:
        assert am({"labels": {"b": "2", "a": "1"}}).alerts[0].message == "a=1, b=2"

    def test_texts_longer_than_we_hand_on_are_cut(self) -> None:
        [alert] = am(
            {"labels": {"service": "s" * 300}, "annotations": {"summary": "m" * 5000}}
        ).alerts
        assert len(alert.service) == 200
        assert len(alert.message) == 4000
        assert alert.message.endswith("…")

    def test_only_web_addresses_become_links(self) -> None:
        [alert] = am(
            {
                "labels": {"alertname": "Down"},
                "annotations": {"runbook_url": "https://runbooks/down"},
                "generatorURL": "javascript:alert(1)",
            }
        ).alerts
        assert alert.links == {"runbook": "https://runbooks/down"}

    def test_an_unknown_severity_is_medium_and_its_word_is_kept(self) -> None:
        [alert] = am({"labels": {"alertname": "Down", "severity": "apocalyptic"}}).alerts
        assert (alert.severity, alert.severity_original) == (Severity.MEDIUM, "apocalyptic")

    def test_an_integration_says_what_names_its_services(self) -> None:
        policy = replace(POLICY, service_labels=("team", "job"))
        labels = {"job": "api", "team": "web", "service": "checkout"}
        assert am({"labels": labels}, policy=policy).alerts[0].service == "web"

    def test_an_integrations_own_words_for_severities_win(self) -> None:
        policy = replace(POLICY, severities={"p1": Severity.LOW, "wakeup": Severity.CRITICAL})
        words = ["P1", "wake up", "P2", "apocalyptic"]
        read_alerts = am(*[{"labels": {"severity": word}} for word in words], policy=policy).alerts
        assert [alert.severity.value for alert in read_alerts] == [
            *("low", "critical", "high", "medium")
        ]
        assert [alert.severity_unknown for alert in read_alerts] == [False, False, False, True]

    @pytest.mark.parametrize("body", [b"{}", b"", b"[", b"\xff", b"[" * 100_000])
    def test_what_is_no_array_in_json_is_malformed(self, body: bytes) -> None:
        with pytest.raises(Malformed):
            read(alertmanager.FORMAT, body)

    def test_what_cannot_be_stored_is_replaced_and_noted(self) -> None:
        body = rb'''[{"labels": {"a": "nul\u0000"}}, {"labels": {"b\ud800": "half"}},
                     {"labels": {"c": "\ud83d\ude00"}}, {"labels": {"d": "\\u0000"}},
                     {"labels": {"e": "''' + b"\xff" + rb""""}}]"""
        result = read(alertmanager.FORMAT, body)
        assert not result.errors
        assert [alert.labels for alert in result.alerts] == [
            {"a": "nul\ufffd"},
            {"b\ufffd": "half"},
            {"c": "\U0001f600"},
            {"d": "\\u0000"},
            {"e": "\ufffd"},
        ]
        assert result.alerts[0].annotations == {
            "vigie_cut": "Characters that cannot be stored were replaced in: a"
        }
        assert result.alerts[2].annotations == {}

    def test_ten_thousand_alerts_are_taken_and_what_nobody_sends_is_refused(self) -> None:
        body = json.dumps([{"labels": {"a": str(number)}} for number in range(10_000)]).encode()
        assert len(alertmanager.FORMAT.open(Sent(body)).items) == 10_000
        with pytest.raises(TooLarge):
            alertmanager.FORMAT.open(Sent(json.dumps([{}] * 20_001).encode()))


class TestWebhook:
    def test_alertmanagers_own_fingerprint_is_the_identity(self) -> None:
        labels = {"alertname": "Down", "service": "checkout"}
        [alert] = hook({"status": "firing", "labels": labels, "fingerprint": "abc"}).alerts
        assert alert.fingerprint == "abc"

    def test_without_a_fingerprint_it_is_the_one_alertmanager_would_have_given(self) -> None:
        labels = {"alertname": "Down", "service": "checkout"}
        [alert] = hook({"status": "firing", "labels": labels}).alerts
        assert alert.fingerprint == am({"labels": labels}).alerts[0].fingerprint

    def test_a_firing_alert_has_no_end_whatever_the_field_says(self) -> None:
        [alert] = hook(
            {"status": "firing", "labels": {"a": "b"}, "startsAt": at(-1), "endsAt": at(4)}
        ).alerts
        assert alert.ends_at is None

    def test_a_resolved_alert_ends_when_the_sender_says(self) -> None:
        [alert] = hook(
            {"status": "resolved", "labels": {"a": "b"}, "startsAt": at(-5), "endsAt": at(-1)}
        ).alerts
        assert alert.resolved
        assert alert.ends_at == NOW - timedelta(minutes=1)

    def test_grafanas_links_are_kept_and_its_other_fields_tolerated(self) -> None:
        [alert] = hook(
            {
                "status": "firing",
                "labels": {"alertname": "Down"},
                "annotations": {"summary": "It is down"},
                "generatorURL": "http://grafana/rule",
                "silenceURL": "http://grafana/silence",
                "dashboardURL": "http://grafana/d/1",
                "panelURL": "http://grafana/d/1?panel=2",
                "imageURL": "http://grafana/i.png",
                "values": {"B": 93.5},
                "valueString": "[ var='B' ]",
                "orgId": 1,
            },
            externalURL="http://grafana/",
            orgId=1,
            version="1",
            title="[FIRING:1]",
        ).alerts
        assert set(alert.links) == {"source", "silence", "dashboard", "panel", "image", "sender"}

    def test_alerts_the_sender_left_out_are_counted(self) -> None:
        assert hook(truncatedAlerts=7).truncated == 7
        assert hook(truncatedAlerts="seven").truncated == 0
        assert hook(truncatedAlerts=-1).truncated == 0
        assert hook(truncatedAlerts=10**400).truncated == 0

    def test_an_alert_without_a_status_has_that_of_the_notification(self) -> None:
        [alert] = hook({"labels": {"a": "b"}}, status="resolved").alerts
        assert alert.resolved

    def test_bad_alerts_are_named_by_index(self) -> None:
        reading = hook(
            {"status": "firing", "labels": {"a": "b"}},
            {"status": "sideways", "labels": {"a": "b"}},
            "not an alert",
            {"status": "firing", "labels": {}},
            {"status": "firing", "labels": {"a": "b"}, "fingerprint": "f" * 256},
        )
        assert len(reading.alerts) == 1
        assert [error.field.split(".")[:2] for error in reading.errors] == [
            ["alerts", str(index)] for index in range(1, 5)
        ]

    @pytest.mark.parametrize("body", [b"[]", b"{}", b'{"alerts": {}}', b"null"])
    def test_what_is_no_notification_is_malformed(self, body: bytes) -> None:
        with pytest.raises(Malformed):
            read(webhook.ALERTMANAGER, body)

    def test_the_senders_group_is_kept(self) -> None:
        [alert] = hook({"status": "firing", "labels": {"a": "b"}}, groupKey="{}:{a}").alerts
        assert alert.group == "{}:{a}"
        assert hook({"status": "firing", "labels": {"a": "b"}}).alerts[0].group is None
        assert hook({"status": "firing", "labels": {"a": "b"}}, groupKey=7).alerts[0].group is None


class TestBounds:
    """Senders that neither split nor fix are cut to size, with a mark, and never refused for it."""

    def test_what_is_too_long_is_cut_with_a_mark_and_a_note_and_keeps_its_identity(self) -> None:
        one, other = hook(
            {"status": "firing", "labels": {"a": "x" * 70_000}},
            {"status": "firing", "labels": {"a": "x" * 69_999 + "y"}},
        ).alerts
        assert one.labels["a"].endswith("…")
        assert len(one.labels["a"]) == bounds.LONGEST_VALUE
        assert one.annotations == {"vigie_cut": "Cut: a (70000 characters)"}
        assert one.fingerprint != other.fingerprint

    def test_a_link_that_is_too_long_leads_to_its_site(self) -> None:
        [alert] = hook(
            {
                "status": "firing",
                "labels": {"a": "b"},
                "generatorURL": "https://grafana.example/d/?q=" + "x" * 1_450_000,
            }
        ).alerts
        assert alert.links["source"] == "https://grafana.example/"
        assert "link source (1450029 characters)" in alert.annotations["vigie_cut"]

    def test_a_link_that_is_nothing_but_long_is_left_out(self) -> None:
        [alert] = hook(
            {"status": "firing", "labels": {"a": "b"}, "generatorURL": "http://" + "x" * 9_000}
        ).alerts
        assert "source" not in alert.links

    @given(
        texts=st.dictionaries(
            st.text(min_size=1, max_size=300),
            st.integers(0, 60_000).map(lambda size: "x" * size),
            max_size=250,
        )
    )
    @settings(deadline=None)
    def test_every_set_of_texts_fits_afterwards_and_what_fitted_is_untouched(
        self, texts: dict[str, str]
    ) -> None:
        kept, notes = bounds.texts(texts)
        assert len(kept) <= bounds.MOST_ENTRIES
        assert sum(len(name) + len(value) for name, value in kept.items()) <= bounds.LARGEST
        assert bool(notes) == (kept != texts)
        assert bounds.texts(kept) == (kept, [])


ALERT = {"service": "checkout", "severity": "critical", "message": "it burns"}


def read_native(content: Any) -> Any:
    return read(native.FORMAT, json.dumps(content).encode()).alerts


class TestNative:
    def test_a_timestamp_is_when_it_began(self) -> None:
        [alert] = read_native({**ALERT, "timestamp": "2026-03-02T09:00:00+01:00"})
        assert (alert.starts_at, alert.starts_at_given) == (NOW - timedelta(hours=1), True)

    def test_a_dedup_key_is_the_identity_whatever_else_the_alert_says(self) -> None:
        [one] = read_native({**ALERT, "dedup_key": "k"})
        [other] = read_native({**ALERT, "message": "changed", "dedup_key": "k"})
        assert one.fingerprint == other.fingerprint == "k"

    def test_severity_is_no_part_of_the_identity(self) -> None:
        [one] = read_native(ALERT)
        [other] = read_native({**ALERT, "severity": "low"})
        assert one.fingerprint == other.fingerprint

    def test_an_unknown_field_is_ignored(self) -> None:
        [alert] = read_native({**ALERT, "color": "red"})
        assert alert.message == "it burns"

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"severity": "catastrophic"}, "severity"),
            ({"severity": None}, "severity"),
            ({"service": ""}, "service"),
            ({"service": "   "}, "service"),
            ({"service": 7}, "service"),
            ({"service": "s" * 201}, "service"),
            ({"message": ["it burns"]}, "message"),
            ({"message": "nul\x00"}, "message"),
            ({"message": "m" * 4001}, "message"),
            ({"labels": {"a": 1}}, "labels.a"),
            ({"labels": ["a"]}, "labels"),
            ({"labels": {"nul\x00": "a"}}, "labels.nul\x00"),
            ({"annotations": {"a": "nul\x00"}}, "annotations.a"),
            ({"timestamp": "2026-03-02T09:00:00"}, "timestamp"),
            ({"timestamp": "yesterday"}, "timestamp"),
            ({"timestamp": "9999-12-31T23:59:59Z"}, "timestamp"),
            ({"timestamp": "0001-01-01T00:00:00Z"}, "timestamp"),
            ({"timestamp": 10**18}, "timestamp"),
            ({"dedup_key": "k" * 256}, "dedup_key"),
            ({"dedup_key": ""}, "dedup_key"),
            ({"status": "acknowledged"}, "status"),
            ({"labels": {"a": "x" * 70_000}}, "body"),
        ],
    )
    def test_a_field_that_cannot_be_is_named(self, change: dict[str, Any], field: str) -> None:
        with pytest.raises(Invalid) as problem:
            read_native({**ALERT, **change})
        assert [error.field for error in problem.value.errors] == [field]

    def test_a_foreign_severity_is_refused_with_the_allowed_ones(self) -> None:
        with pytest.raises(Invalid) as problem:
            read_native({**ALERT, "severity": "page"})
        assert problem.value.extra["allowed"] == ["critical", "high", "medium", "low"]
        assert "critical" in problem.value.detail

    @pytest.mark.parametrize("missing", ["service", "severity", "message"])
    def test_what_every_alert_needs_is_named_when_missing(self, missing: str) -> None:
        with pytest.raises(Invalid) as problem:
            read_native({name: value for name, value in ALERT.items() if name != missing})
        assert problem.value.errors[0].field == missing

    def test_in_an_array_a_bad_alert_is_named_by_its_index(self) -> None:
        with pytest.raises(Invalid) as problem:
            read_native([ALERT, {**ALERT, "severity": "x"}, {**ALERT, "service": 1}])
        assert [error.field for error in problem.value.errors] == ["1.severity", "2.service"]

    @pytest.mark.parametrize("content", ["text", 7, None, []])
    def test_what_is_neither_an_alert_nor_alerts_is_malformed(self, content: Any) -> None:
        with pytest.raises(Malformed):
            read_native(content)

    def test_an_array_longer_than_500_is_refused(self) -> None:
        with pytest.raises(TooLarge):
            read_native([ALERT] * 501)
