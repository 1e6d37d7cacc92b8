"""Every mapping that is ready reads what its sender sends, as recorded beside it."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from alert_ingestion.formats import generic
from alert_ingestion.formats.mapping.document import MappingDocument, as_text
from alert_ingestion.formats.mapping.ready import Example, Ready, ready
from alert_ingestion.integrations import default_policy
from alert_ingestion.model import Nothing, ReceivedAlert, Said, Sent
from alert_ingestion.settings import AlertIngestionSettings
from shared.contracts.wire import Severity

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
POLICY = replace(default_policy(AlertIngestionSettings(database_user="x")), sender="the sender")
ROOT = Path(__file__).parents[4]


def say(one: Ready, example: Example) -> Said:
    """The one thing that an example says by its mapping, as a request would."""
    envelope = generic.take_apart(Sent(msgspec.json.encode(example.payload)))
    policy = replace(POLICY, mapping=as_text({"ready": one.name}))
    reading = generic.read(envelope, envelope.items, 0, NOW, policy)
    assert reading.errors == ()
    [said] = reading.said
    return said


@pytest.mark.parametrize("one", ready().values(), ids=ready())
class TestEveryFile:
    def test_each_example_says_what_is_expected_of_it(self, one: Ready) -> None:
        for example in one.examples:
            said = say(one, example)
            if example.expected is None:
                assert isinstance(said, Nothing), example.title
                continue
            assert isinstance(said, ReceivedAlert), example.title
            shown = msgspec.to_builtins(
                {name: getattr(said, name) for name in example.expected}, str_keys=True
            )
            assert shown == example.expected, example.title

    def test_it_fires_and_ends_one_and_the_same_alert(self, one: Ready) -> None:
        said = [say(one, example) for example in one.examples]
        alerts = [alert for alert in said if isinstance(alert, ReceivedAlert)]
        ended = {alert.fingerprint for alert in alerts if alert.resolved}
        assert ended
        assert ended <= {alert.fingerprint for alert in alerts if not alert.resolved}

    def test_a_person_could_have_written_it(self, one: Ready) -> None:
        MappingDocument.model_validate(one.mapping)

    def test_its_page_says_how_to_use_it(self, one: Ready) -> None:
        page = (ROOT / one.docs).read_text()
        assert f'{{"ready": "{one.name}"}}' in page

    def test_every_severity_is_known(self, one: Ready) -> None:
        for example in one.examples:
            said = say(one, example)
            assert not isinstance(said, ReceivedAlert) or not said.severity_unknown


def test_what_is_said_beside_a_ready_mapping_replaces_its_part() -> None:
    one = ready()["gatus"]
    changed = {"ready": "gatus", "defaults": {"severity": "low"}, "service": "group"}
    envelope = generic.take_apart(Sent(msgspec.json.encode(one.examples[0].payload)))
    reading = generic.read(
        envelope, envelope.items, 0, NOW, replace(POLICY, mapping=as_text(changed))
    )
    [alert] = reading.said
    assert isinstance(alert, ReceivedAlert)
    assert (alert.service, alert.severity) == ("shop", Severity.LOW)
    assert alert.fingerprint == "shop/checkout"
