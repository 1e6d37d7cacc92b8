"""Passwords and tokens."""

from oncall_service.access.credentials import SESSION_PREFIX, TOKEN_PREFIX, new_token
from oncall_service.core.passwords import Passwords


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
