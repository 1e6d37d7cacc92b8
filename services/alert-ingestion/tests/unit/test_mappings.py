"""Mappings: what is refused when they are saved, and what they make of any body."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from alert_ingestion.formats import generic, sns
from alert_ingestion.formats.mapping.document import DEFAULT, MappingDocument, as_text
from alert_ingestion.formats.mapping.said import MOST_ITEMS
from alert_ingestion.formats.reading import Reading
from alert_ingestion.integrations import default_policy
from alert_ingestion.model import Nothing, ReceivedAlert, Sent
from alert_ingestion.settings import AlertIngestionSettings
from shared.contracts.wire import Severity

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
POLICY = replace(default_policy(AlertIngestionSettings(database_user="x")), sender="the sender")


def read(body: Any, mapping: dict[str, Any] | None = None, **policy: Any) -> Reading:
    """What a body says by a mapping, as a request would."""
    if mapping is not None:
        MappingDocument.model_validate(mapping)
        policy["mapping"] = as_text(mapping)
    envelope = generic.take_apart(Sent(json.dumps(body).encode()))
    return generic.read(envelope, envelope.items, 0, NOW, replace(POLICY, **policy))


def alert(body: Any, mapping: dict[str, Any] | None = None, **policy: Any) -> ReceivedAlert:
    """The one alert of a body."""
    reading = read(body, mapping, **policy)
    assert reading.errors == ()
    [said] = reading.said
    assert isinstance(said, ReceivedAlert)
    return said


class TestSaving:
    @pytest.mark.parametrize(
        ("expression", "complaint"),
        [
            ("a b", "Unexpected token: b at character 3"),
            ("a[", "at character 3"),
            ("'open", "Unclosed ' delimiter at character 1"),
            ("lower(a)", "there is no function lower()"),
            ("a.join(upper(b), c)", "there is no function upper()"),
            ("[" * 900, "nested too deeply"),
            ("", "at least 1"),
            ("a" * 1001, "at most 1000"),
            ("`text`", "in backticks that is no JSON"),
        ],
    )
    def test_what_is_no_jmespath_is_refused_with_the_place(
        self, expression: str, complaint: str
    ) -> None:
        with pytest.raises(ValidationError) as raised:
            MappingDocument.model_validate({"message": "m", "labels": {"host": expression}})
        [error] = raised.value.errors()
        assert error["loc"] == ("labels", "host")
        assert complaint in error["msg"]

    @pytest.mark.parametrize(
        ("mapping", "complaint"),
        [
            ({}, "says nothing of the message"),
            ({"ready": "nagios"}, "there is no ready mapping 'nagios'"),
            ({"message": "m", "mesage": "m"}, "Extra inputs"),
            ({"message": "m", "decode": ["a b"]}, "match pattern"),
            ({"message": "m", "defaults": {"severity": "bad"}}, "Input should be"),
            ({"message": "m", "labels": {f"l{i}": "a" for i in range(51)}}, "at most 50"),
        ],
    )
    def test_what_is_no_mapping_is_refused(self, mapping: dict[str, Any], complaint: str) -> None:
        with pytest.raises(ValidationError) as raised:
            MappingDocument.model_validate(mapping)
        assert complaint in str(raised.value)

    def test_the_default_one_could_be_saved(self) -> None:
        MappingDocument.model_validate(DEFAULT)


class TestReading:
    def test_every_field_is_what_its_expression_finds(self) -> None:
        body = {
            "job": {"id": 7, "what": "backup", "error": "disk full", "url": "https://ci/7"},
            "how": "catastrophe",
            "since": 1772442000,
            "tags": {"env": "production", "empty": "", "n": 3},
            "team": "db",
        }
        said = alert(
            body,
            {
                "message": "job.error",
                "service": "job.what",
                "severity": "how",
                "severities": {"Catastrophe": "critical"},
                "fingerprint": "job.id",
                "group": "team",
                "starts_at": "since",
                "labels": {"*": "tags", "team": "team"},
                "annotations": {"note": "join(' ', ['job', job.what])"},
                "links": {"run": "job.url", "trap": '`"javascript:alert(1)"`'},
                "keep_rest": False,
            },
        )
        assert said.message == "disk full"
        assert said.service == "backup"
        assert (said.severity, said.severity_unknown) == (Severity.CRITICAL, False)
        assert said.fingerprint == "7"
        assert said.group == "db"
        assert said.starts_at == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
        assert said.starts_at_given
        assert said.labels == {"env": "production", "n": "3", "team": "db"}
        assert said.annotations == {"note": "job backup"}
        assert said.links == {"run": "https://ci/7"}
        assert not said.resolved

    def test_what_nothing_was_made_of_is_kept(self) -> None:
        said = alert({"m": "hot", "load": 7, "deep": {"a": [1]}}, {"message": "m"})
        assert said.annotations == {"m": "hot", "load": "7", "deep": '{"a":[1]}'}

    def test_the_service_that_is_found_goes_before_labels_that_could_name_one(self) -> None:
        mapping = {"message": "m", "service": "s", "labels": {"namespace": "ns"}}
        assert alert({"m": "hot", "s": "shop", "ns": "prod"}, mapping).service == "shop"
        assert alert({"m": "hot", "ns": "prod"}, mapping).service == "prod"
        assert alert({"m": "hot"}, mapping).service == "the sender"

    def test_the_integrations_own_words_for_severities_win(self) -> None:
        mapping = {"message": "m", "severity": "s", "severities": {"red": "high"}}
        assert alert({"m": "hot", "s": "RED"}, mapping).severity is Severity.HIGH
        own = {"red": Severity.LOW}
        assert alert({"m": "hot", "s": "RED"}, mapping, severities=own).severity is Severity.LOW

    def test_defaults_hold_where_nothing_is_found(self) -> None:
        defaults = {"message": "It burns", "service": "shop", "severity": "low", "group": "g"}
        said = alert({}, {"message": "m", "defaults": defaults})
        assert (said.message, said.service, said.group) == ("It burns", "shop", "g")
        assert said.severity is Severity.LOW

    def test_an_array_is_as_many_alerts(self) -> None:
        reading = read([{"m": "a"}, {"m": "b"}], {"message": "m"})
        assert [one.message for one in reading.said] == ["a", "b"]  # type: ignore[union-attr]

    def test_items_reach_the_body_that_they_come_in(self) -> None:
        body = {"state": "up", "checks": [{"m": "a"}, {"m": "b"}]}
        mapping = {"message": "m", "items": "checks", "resolved": "_body.state == 'up'"}
        reading = read(body, mapping)
        assert [one.resolved for one in reading.said] == [True, True]  # type: ignore[union-attr]
        assert all("_body" not in one.annotations for one in reading.said)  # type: ignore[union-attr]

    def test_json_inside_a_text_is_decoded_where_the_mapping_says_so(self) -> None:
        mapping = {"message": "a.b.m || a.b", "decode": ["a.b", "not.there"]}
        assert alert({"a": {"b": '{"m": "hot \\u0000"}'}}, mapping).message == "hot \ufffd"
        assert alert({"a": {"b": "no JSON"}}, mapping).message == "no JSON"

    def test_what_is_ignored_is_no_alert(self) -> None:
        reading = read({"m": "test", "test": True}, {"message": "m", "ignore": "test"})
        assert [type(one) for one in reading.said] == [Nothing]

    @pytest.mark.parametrize("value", [False, None, 0, "", [], {}])
    def test_what_is_empty_does_not_say_that_it_is_over(self, value: Any) -> None:
        assert not alert({"m": "hot", "over": value}, {"message": "m", "resolved": "over"}).resolved

    @pytest.mark.parametrize("value", [{}, [1], True, "yesterday", 1e300])
    def test_a_time_that_is_none_costs_no_alert(self, value: Any) -> None:
        said = alert({"m": "hot", "at": value}, {"message": "m", "starts_at": "at"})
        assert (said.starts_at, said.starts_at_given) == (NOW, False)

    def test_a_fingerprint_of_any_length_can_be_stored(self) -> None:
        mapping = {"message": "m", "fingerprint": "f"}
        long, longer = (alert({"m": "hot", "f": "f" * n}, mapping) for n in (5000, 5001))
        assert len(long.fingerprint) <= 255
        assert long.fingerprint != longer.fingerprint


class TestWhatCannotBeRead:
    @pytest.mark.parametrize(
        ("body", "mapping", "field", "complaint"),
        [
            ({}, {"message": "m"}, "message", "says nothing"),
            ({"m": {}}, {"message": "m"}, "message", "and is an object"),
            ({"m": "a", "s": [1]}, {"message": "m", "service": "s"}, "service", "an array"),
            ({"m": 1}, {"message": "sort(m)"}, "message", "invalid type for value: 1"),
            ({"m": "a"}, {"message": "m", "labels": {"x": "sum(m)"}}, "labels.x", "sum()"),
            ({"m": "a"}, {"message": "m", "items": "rows"}, "items", "and is nothing"),
            ([{"m": "a"}, {}], {"message": "m"}, "1.message", "says nothing"),
        ],
    )
    def test_it_is_named_by_field(
        self, body: Any, mapping: dict[str, Any], field: str, complaint: str
    ) -> None:
        reading = read(body, mapping)
        [error] = reading.errors
        assert error.field == field
        assert complaint in error.message
        assert not reading.is_whole

    def test_one_bad_alert_costs_none_of_its_neighbours(self) -> None:
        reading = read([{"m": "a"}, {}, {"m": "c"}], {"message": "m"})
        assert [one.message for one in reading.said] == ["a", "c"]  # type: ignore[union-attr]

    def test_more_alerts_than_a_body_may_hold_are_not_read(self) -> None:
        reading = read([{"m": "a"}] * (MOST_ITEMS + 1), {"message": "m"})
        assert not reading.said
        assert reading.errors[0].field == "items"

    def test_a_ready_mapping_that_is_gone_says_so(self) -> None:
        envelope = generic.take_apart(Sent(b"{}"))
        policy = replace(POLICY, mapping=as_text({"ready": "gone"}))
        reading = generic.read(envelope, envelope.items, 0, NOW, policy)
        assert reading.errors[0].field == "mapping.ready"


class TestWithoutAMapping:
    @pytest.mark.parametrize(
        ("body", "message", "service", "severity"),
        [
            (generic.FORMAT.example, "Error rate above 5 %", "checkout", Severity.CRITICAL),
            (
                {"text": "hot", "host": {"name": "db-1"}, "priority": 1},
                "hot",
                "db-1",
                Severity.CRITICAL,
            ),
            ({"name": "Down", "monitor": {"name": "web"}}, "Down", "web", Severity.MEDIUM),
            ({"title": {"en": "x"}, "message": "hot"}, "hot", "the sender", Severity.MEDIUM),
            ({"alert": {"title": "hot"}, "level": "warn"}, "hot", "the sender", Severity.MEDIUM),
        ],
    )
    def test_names_that_most_senders_have_in_common_are_understood(
        self, body: Any, message: str, service: str, severity: Severity
    ) -> None:
        said = alert(body)
        assert (said.message, said.service, said.severity) == (message, service, severity)

    @pytest.mark.parametrize("word", ["resolved", "OK", "Up", "CLOSED", "recovered"])
    def test_what_says_that_it_is_over_is_over(self, word: str) -> None:
        assert alert({"title": "hot", "status": word}).resolved
        assert not alert({"title": "hot", "status": "firing"}).resolved


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["title", "status", "service", "severity", "labels", "timestamp"])
            | st.text(max_size=9),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)
MAPPINGS = st.sampled_from(
    [
        None,
        {"message": "title", "labels": {"*": "labels"}, "items": "@"},
        {"message": "to_string(@)", "severity": "severity", "starts_at": "timestamp"},
        {"message": "join('-', values(@))", "service": "sort(keys(@))[0]"},
        {"message": "max(values(@))", "fingerprint": "length(@)", "group": "labels"},
        {"message": "title", "decode": ["title", "labels.status"]},
    ]
)


@given(JSON, MAPPINGS)
def test_whatever_comes_is_an_alert_or_an_error_with_its_field(
    body: Any, mapping: dict[str, Any] | None
) -> None:
    reading = read(body, mapping)
    assert bool(reading.errors) is not reading.is_whole
    for said in reading.said:
        assert isinstance(said, ReceivedAlert | Nothing)
        if isinstance(said, ReceivedAlert):
            assert said.message
            assert said.service
            assert 0 < len(said.fingerprint) <= 255


@example("&a")
@example("[to_array(&a)]")
@given(st.text(alphabet="ab.[]{}()@|&'`\"*?!=<>, 01-\\:\x00é", max_size=30))
def test_whatever_is_written_as_an_expression_is_taken_or_refused(text: str) -> None:
    try:
        MappingDocument.model_validate({"message": text})
    except ValidationError:
        return
    read({"a": [{"b": 1}]}, {"message": text})


class TestSns:
    @pytest.mark.parametrize(
        "url",
        [
            "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=1",
            "https://sns.cn-north-1.amazonaws.com.cn/?Action=ConfirmSubscription&Token=1",
        ],
    )
    def test_its_own_hosts_are_visited(self, url: str) -> None:
        assert sns.is_of_sns(url)

    @pytest.mark.parametrize(
        "url",
        [
            "http://sns.eu-west-1.amazonaws.com/",
            "https://sns.eu-west-1.amazonaws.com.evil.example/",
            "https://sns.eu-west-1.amazonaws.com:8443/",
            "https://me@sns.eu-west-1.amazonaws.com/",
            "https://sns.eu-west-1.amazonaws.com@evil.example/",
            "https://sns.eu-west-1.amazonaws.com\\@evil.example/",
            "https://sns.eu-west-1.amazonaws.co\nm/",
            "https://sns.eu.west.amazonaws.com/",
            "https://s3.eu-west-1.amazonaws.com/",
            "https://evil.example/sns.eu-west-1.amazonaws.com",
            "https://169.254.169.254/",
            "https://[::1",
            "file:///etc/passwd",
            "",
        ],
    )
    def test_no_other_host_is(self, url: str) -> None:
        assert not sns.is_of_sns(url)
