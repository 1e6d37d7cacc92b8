"""Contact methods in the database: sealed when written, re-sealed at a start, opened to send."""

from typing import Any

import pytest
from cryptography.fernet import Fernet

from oncall_service.notifications.dispatch import SEALED
from oncall_service.notifications.sealing import PREFIX
from oncall_service.settings import PLAIN

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
HOOK = "https://hooks.example/services/passphrase"
METHODS = "/api/v1/people/ada/contact-methods"


async def with_a_hook(oncall: Any) -> Any:
    await oncall.ok("POST", "/api/v1/people", json={"name": "Ada", "login": "ada"})
    return await oncall.ok("POST", METHODS, json={"channel": "webhook", "target": HOOK})


def stored(database: Any) -> list[tuple[str, str]]:
    with database.connect() as connection:
        return list(
            connection.execute(
                "SELECT target, secret FROM oncall.contact_methods WHERE channel = 'webhook'"
            )
        )


async def test_what_is_written_is_sealed_and_what_is_sent_is_not(
    start: Any, make_database: Any
) -> None:
    database = make_database("oncall-service")
    async with start(database, sealing_keys=NEW) as oncall:
        made = await with_a_hook(oncall)
        assert not made["secret"].startswith(PREFIX)
        [(target, secret)] = stored(database)
        assert target.startswith(PREFIX)
        assert target.endswith(" https://hooks.example/...")
        assert secret.startswith(PREFIX)
        await oncall.ok("POST", f"{METHODS}/{made['id']}/test")
        await oncall.app.state.engines["sending"].cycle()
        [sent] = oncall.phones.rang
        assert (sent.target, sent.secret) == (HOOK, made["secret"])
        shown = (await oncall.ok("GET", "/api/v1/people/ada"))["contact_methods"][0]
        assert (shown["target"], shown["secret"]) == ("https://hooks.example/...", None)
        [told] = (await oncall.ok("GET", "/api/v1/notifications"))["items"]
        assert told["target"] == "https://hooks.example/..."


async def test_a_method_that_is_asked_for_again_is_found_although_it_is_sealed(start: Any) -> None:
    async with start(sealing_keys=NEW) as oncall:
        made = await with_a_hook(oncall)
        again = {"contact_methods": [{"channel": "webhook", "target": HOOK}]}
        kept = await oncall.ok("PATCH", "/api/v1/people/ada", json=again)
        assert [method["id"] for method in kept["contact_methods"]] == [made["id"]]


async def test_a_start_seals_what_was_plain_and_rotates_what_is_under_an_old_key(
    start: Any, make_database: Any
) -> None:
    database = make_database("oncall-service")
    async with start(database) as oncall:
        made = await with_a_hook(oncall)
    assert stored(database) == [(HOOK, made["secret"])]
    async with start(database, sealing_keys=OLD):
        under_old = stored(database)
    async with start(database, sealing_keys=f"{NEW},{OLD}"):
        under_new = stored(database)
    assert under_old != under_new
    async with (
        start(database, sealing_keys=NEW) as oncall,
        start(database, sealing_keys=NEW),
    ):
        assert stored(database) == under_new, "a start changes nothing that is as it should be"
        await oncall.ok("POST", f"{METHODS}/{made['id']}/test")
        await oncall.app.state.engines["sending"].cycle()
        [sent] = oncall.phones.rang
        assert (sent.target, sent.secret) == (HOOK, made["secret"])
    async with start(database, sealing_keys=f"{PLAIN},{NEW}"):
        assert stored(database) == [(HOOK, made["secret"])]


@pytest.mark.parametrize("keys", [NEW, ""], ids=["another key", "no key"])
async def test_what_no_key_opens_fails_with_the_reason_and_is_shown_to_nobody(
    start: Any, make_database: Any, keys: str
) -> None:
    database = make_database("oncall-service")
    async with start(database, sealing_keys=OLD) as oncall:
        made = await with_a_hook(oncall)
    async with start(database, sealing_keys=keys) as oncall:
        await oncall.ok("POST", f"{METHODS}/{made['id']}/test")
        await oncall.app.state.engines["sending"].cycle()
        [notification] = (await oncall.ok("GET", "/api/v1/notifications"))["items"]
        assert notification["outcome"] == "failed"
        assert notification["attempts"][0]["detail"] == SEALED
        everything = str(await oncall.ok("GET", "/api/v1/people")) + str(notification)
        assert PREFIX not in everything
        again = {"contact_methods": [{"channel": "webhook", "target": HOOK}]}
        replaced = await oncall.ok("PATCH", "/api/v1/people/ada", json=again)
        assert [method["id"] for method in replaced["contact_methods"]] != [made["id"]]
