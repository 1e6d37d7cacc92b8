"""Passwords and tokens."""

from oncall_service.access.credentials import SESSION_PREFIX, TOKEN_PREFIX, new_token
from oncall_service.core.passwords import Passwords
from oncall_service.notifications.channels.registry import shown


async def test_a_password_fits_its_own_hash_and_no_other() -> None:
    passwords = Passwords()
    stored = await passwords.hash("correct horse")
    assert stored.startswith("$argon2id$")
    assert await passwords.verify(stored, "correct horse")
    assert not await passwords.verify(stored, "correct house")
    assert stored != await passwords.hash("correct horse")


async def test_no_password_fits_where_none_is_stored_or_the_store_holds_nonsense() -> None:
    passwords = Passwords()
    assert not await passwords.verify(None, "anything")
    assert not await passwords.verify("not a hash", "anything")


def test_tokens_say_what_they_are_and_are_never_the_same() -> None:
    tokens = {new_token(prefix) for prefix in (SESSION_PREFIX, TOKEN_PREFIX) for _ in range(50)}
    assert len(tokens) == 100
    assert {token[:4] for token in tokens} == {"vgs_", "vgt_"}
    assert min(map(len, tokens)) >= 40


def test_what_may_be_a_secret_in_a_webhooks_address_is_not_shown() -> None:
    shows = {
        "https://hooks.example/services/T0/B0/x": "https://hooks.example/...",
        "http://10.0.0.7:8080/?token=x": "http://10.0.0.7:8080/...",
        "https://hooks.example?token=x": "https://hooks.example",
        "https://hooks.example/": "https://hooks.example",
    }
    assert {url: shown("webhook", url) for url in shows} == shows
    assert shown("email", "ada@ops.example") == "ada@ops.example"
