"""A channel is one module and a line in a list: everything that knows channels follows from it."""

import ast
from pathlib import Path

import pytest
from pydantic import ValidationError

from oncall_service import metrics
from oncall_service.notifications.channels import registry
from oncall_service.notifications.channels.registry import CHANNELS, NAMES, shown
from oncall_service.notifications.metrics import NO_CHANNEL, NOTIFICATIONS
from oncall_service.people.shapes import ContactMethodCreate
from oncall_service.settings import OncallSettings
from vigie_testing import openapi
from vigie_testing.clock import ManualClock

PACKAGE = Path(metrics.__file__).parent
CHANNELS_FOLDER = PACKAGE / "notifications" / "channels"


def test_every_channel_in_the_folder_is_in_the_list_and_can_be_set_up() -> None:
    modules = {path.stem for path in CHANNELS_FOLDER.glob("*.py")}
    shared = {"__init__", "base", "registry", "outside", "posting", "confined", "html_part"}
    assert set(NAMES) == modules - shared
    settings = OncallSettings(database_password="x")
    made = registry.configured(settings, ManualClock())
    assert [type(channel) for channel in made.values()] == list(CHANNELS)


def test_the_contract_and_the_metrics_name_the_channels_of_the_list() -> None:
    schemas = openapi.committed("oncall-service")["components"]["schemas"]
    [documented] = [one["enum"] for one in schemas.values() if set(one.get("enum", ())) == {*NAMES}]
    assert documented == list(NAMES)
    labels = {zero["channel"] for zero in NOTIFICATIONS.zeros}
    assert labels == {*NAMES, NO_CHANNEL}


def test_no_module_but_its_own_and_the_list_names_a_channel() -> None:
    """Beside them the first administrator is reached through the log, and settings configure."""
    named: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and node.value in NAMES:
                named.setdefault(node.value, set()).add(path.stem)
    own_fields = {"people"}
    # A step's target may be called the same.
    targets_of_steps = {"rules", "reasons"}
    assert named["log"] == {"log"}
    assert named["webhook"] - targets_of_steps == {"webhook"}
    for name in ("ntfy", "webpush", "apprise"):
        assert named[name] == {name}
    assert named["email"] - own_fields <= {"email", "usecases"}


@pytest.mark.parametrize(
    ("channel", "target", "reason"),
    [
        ("webhook", "", "must be an http:// or https:// URL"),
        ("webhook", "ftp://hooks.example", "must be an http:// or https:// URL"),
        ("webhook", "https://ada:secret@hooks.example", "must not carry a user or password"),
        ("email", "nobody", "must be an email address"),
        ("log", "somewhere", "the log takes no target"),
    ],
)
def test_an_address_is_looked_at_by_its_channel(channel: str, target: str, reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        ContactMethodCreate.model_validate({"channel": channel, "target": target})


def test_a_secret_is_for_a_channel_that_signs() -> None:
    secret = "a secret of a webhook"
    with pytest.raises(ValidationError, match="a secret belongs to a webhook or ntfy"):
        ContactMethodCreate.model_validate({"channel": "log", "secret": secret})
    ContactMethodCreate.model_validate(
        {"channel": "webhook", "target": "https://hooks.example", "secret": secret}
    )


def test_what_may_be_a_secret_in_a_webhooks_address_is_not_shown() -> None:
    shows = {
        "https://hooks.example/services/T0/B0/x": "https://hooks.example/...",
        "http://10.0.0.7:8080/?token=x": "http://10.0.0.7:8080/...",
        "https://hooks.example?token=x": "https://hooks.example",
        "https://hooks.example/": "https://hooks.example",
    }
    assert {url: shown("webhook", url) for url in shows} == shows
    assert shown("email", "ada@ops.example") == "ada@ops.example"
