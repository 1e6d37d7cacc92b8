"""What contact methods keep secret, at rest."""

import pytest
from cryptography.fernet import Fernet
from pydantic import ValidationError

from oncall_service.notifications.channels import registry
from oncall_service.notifications.channels.log import LogChannel
from oncall_service.notifications.channels.webhook import WebhookChannel
from oncall_service.notifications.sealing import CannotOpen, Sealer
from oncall_service.settings import PLAIN, OncallSettings

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
HOOK = "https://hooks.example/services/T0/B0/passphrase"


def test_a_sealed_address_shows_what_everybody_may_see_without_a_key() -> None:
    stored = Sealer([NEW]).target(WebhookChannel, HOOK)
    assert "passphrase" not in stored
    assert registry.shown("webhook", stored) == "https://hooks.example/..."
    assert registry.shown("webhook", HOOK) == "https://hooks.example/..."
    assert Sealer([NEW]).opened(stored) == HOOK


def test_an_address_that_is_no_secret_stays_readable() -> None:
    assert Sealer([NEW]).target(LogChannel, "") == ""


def test_a_new_key_in_front_seals_and_the_old_one_still_opens() -> None:
    old = Sealer([OLD]).secret("passphrase")
    rotated = Sealer([NEW, OLD])
    assert rotated.opened(old) == "passphrase"
    assert not rotated.is_current(old)
    assert rotated.is_current(rotated.secret("passphrase"))
    assert Sealer([NEW]).opened(rotated.secret("passphrase")) == "passphrase"


def test_a_value_that_no_key_opens_is_said_to_be_one() -> None:
    stored = Sealer([OLD]).secret("passphrase")
    for keys in ([NEW], [], [PLAIN]):
        with pytest.raises(CannotOpen):
            Sealer(keys).opened(stored)
    assert Sealer([NEW]).comparable(stored) == stored


def test_with_plain_in_front_nothing_is_sealed_and_everything_opens() -> None:
    back = Sealer([PLAIN, OLD])
    assert back.secret("passphrase") == "passphrase"
    assert back.target(WebhookChannel, HOOK) == HOOK
    assert back.opened(Sealer([OLD]).secret("passphrase")) == "passphrase"
    assert not back.is_current(Sealer([OLD]).secret("passphrase"))


@pytest.mark.parametrize(
    "keys", ["short", f"{NEW},short", f"{NEW},{PLAIN}"], ids=["alone", "behind", "plain behind"]
)
def test_what_is_no_key_stops_the_start_and_is_not_printed(keys: str) -> None:
    with pytest.raises(ValidationError, match="is no Fernet key") as raised:
        OncallSettings(database_user="x", sealing_keys=keys)
    assert NEW not in str(raised.value)
    assert OncallSettings(database_user="x", sealing_keys=f"{PLAIN}, {NEW},").sealing_key_list == [
        PLAIN,
        NEW,
    ]
