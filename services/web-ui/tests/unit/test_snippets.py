"""What is pasted at a sender is filled in wholly, and what it is told to send can be read."""

from typing import Any

import pytest
import yaml

from alert_ingestion.formats.mapping.ready import ready
from web_ui.integration_form import KINDS
from web_ui.snippets import FOLDER, Snippet, of_heartbeat, of_sender

ADDRESS = "https://alerts.example.org/"
SENDERS = [*((kind, "") for kind in KINDS), *(("generic", name) for name in ready())]


@pytest.mark.parametrize(("kind", "name"), SENDERS)
def test_every_sender_is_told_an_address_and_a_key(kind: str, name: str) -> None:
    found = of_sender(kind, name, ADDRESS, "the-key")
    assert found
    texts = "\n".join(each.text for each in found)
    assert "the-key" in texts
    assert "alerts.example.org" in texts
    assert "example.org//" not in texts
    assert "@" not in texts.replace("@ADDRESS@", "")


def test_every_ready_mapping_has_what_is_pasted_at_its_sender() -> None:
    of_any_json = of_sender("generic", "", ADDRESS)
    for name in ready():
        assert of_sender("generic", name, ADDRESS) != of_any_json, name


def test_every_file_is_used() -> None:
    shown = [
        each.text for kind, name in SENDERS for each in of_sender(kind, name, "@ADDRESS@", "@KEY@")
    ]
    shown += [each.text for each in of_heartbeat("@NAME@", "@ADDRESS@")]
    assert len(set(shown)) == len(list(FOLDER.iterdir()))


@pytest.mark.parametrize(("kind", "name"), SENDERS)
def test_what_is_yaml_can_be_read_as_yaml(kind: str, name: str) -> None:
    for each in of_sender(kind, name, ADDRESS, "k:e#y"):
        if ".yml" in each.where or "file" in each.where or "configuration" in each.where:
            document: Any = yaml.safe_load(each.text)
            assert "k:e#y" in str(document)


def test_a_heartbeat_of_any_name_can_be_pasted() -> None:
    ping, watchdog = of_heartbeat('it\'s "night"', ADDRESS)
    assert ping == Snippet(
        ping.where,
        "curl -fsS -X POST -H 'Authorization: Bearer YOUR-KEY' "
        "https://alerts.example.org/api/v1/heartbeats/it%27s%20%22night%22/ping",
    )
    (read,) = yaml.safe_load(watchdog.text)
    assert read["labels"] == {"vigie_heartbeat": 'it\'s "night"'}
