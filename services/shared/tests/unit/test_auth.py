import asyncio
from collections.abc import AsyncGenerator
from types import SimpleNamespace

import pytest

from shared import auth
from shared.auth import Authenticator, CachedTokenDirectory, hash_token, while_authenticated
from shared.contracts.identity import Principal, Role
from shared.errors import Unavailable
from vigie_testing.clock import ManualClock

ALICE = Principal(kind="person", id="1", name="Alice", role=Role.RESPONDER)
ROBOT = Principal(kind="token", id="2", name="ci", role=Role.RESPONDER)


class Directory:
    """Counts the questions; can be down."""

    def __init__(self) -> None:
        self.known = {"alice": ALICE, "robot": ROBOT}
        self.asked = 0
        self.down = False
        self.hangs = False

    async def find(self, token: str) -> Principal | None:
        self.asked += 1
        if self.hangs:
            await asyncio.Event().wait()
        if self.down:
            raise Unavailable("oncall-service does not answer.")
        return self.known.get(token)


@pytest.fixture
def directory() -> Directory:
    return Directory()


@pytest.fixture
def cached(directory: Directory, clock: ManualClock) -> CachedTokenDirectory:
    return CachedTokenDirectory(directory, clock)


async def test_an_api_token_is_asked_about_once_a_minute(
    cached: CachedTokenDirectory, directory: Directory, clock: ManualClock
) -> None:
    for _ in range(5):
        assert await cached.find("robot") == ROBOT
    assert directory.asked == 1
    clock.advance(seconds=60)
    await cached.find("robot")
    assert directory.asked == 2


async def test_a_revocation_is_noticed_after_a_minute(
    cached: CachedTokenDirectory, directory: Directory, clock: ManualClock
) -> None:
    await cached.find("robot")
    directory.known.clear()
    clock.advance(seconds=61)
    assert await cached.find("robot") is None


async def test_an_ended_session_is_refused_within_five_seconds(
    cached: CachedTokenDirectory, directory: Directory, clock: ManualClock
) -> None:
    for _ in range(5):
        assert await cached.find("alice") == ALICE
    assert directory.asked == 1, "a page asks many times within a second"
    directory.known.clear()
    clock.advance(seconds=4.5)
    assert await cached.find("alice") is None


async def test_a_changed_role_is_noticed_within_five_seconds(
    cached: CachedTokenDirectory, directory: Directory, clock: ManualClock
) -> None:
    await cached.find("alice")
    directory.known["alice"] = ALICE.model_copy(update={"role": Role.VIEWER})
    clock.advance(seconds=4.5)
    demoted = await cached.find("alice")
    assert demoted is not None
    assert demoted.role is Role.VIEWER


async def test_made_up_tokens_do_not_push_out_a_known_one(
    cached: CachedTokenDirectory, directory: Directory, clock: ManualClock
) -> None:
    await cached.find("alice")
    for number in range(auth.REMEMBERED_KNOWN + auth.REMEMBERED_UNKNOWN + 1):
        assert await cached.find(f"made up {number}") is None
    assert len(cached._unknown) == auth.REMEMBERED_UNKNOWN
    directory.down = True
    clock.advance(minutes=5)
    assert await cached.find("alice") == ALICE


async def test_of_too_many_known_ones_the_longest_unused_is_forgotten(
    cached: CachedTokenDirectory, directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "REMEMBERED_KNOWN", 2)
    directory.known |= {"bob": ALICE}
    for token in ("alice", "robot", "alice", "bob"):
        await cached.find(token)
    assert list(cached._known) == [hash_token("alice"), hash_token("bob")]


async def test_made_up_tokens_do_not_take_every_connection_to_a_directory_that_hangs(
    directory: Directory, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "TURN_SECONDS", 0.05)
    cached = CachedTokenDirectory(directory, clock, patience_seconds=0.05)
    await cached.find("alice")
    directory.hangs, directory.asked = True, 0
    clock.advance(minutes=2)
    strangers = [asyncio.create_task(cached.find(f"made up {n}")) for n in range(200)]
    await asyncio.sleep(0.2)
    assert directory.asked == auth.STRANGERS_AT_ONCE
    refused = [task for task in strangers if task.done()]
    assert len(refused) == 200 - auth.STRANGERS_AT_ONCE
    assert all(isinstance(task.exception(), Unavailable) for task in refused)
    async with asyncio.timeout(5):
        assert await cached.find("alice") == ALICE
    for task in strangers:
        task.cancel()
    await asyncio.gather(*strangers, return_exceptions=True)


async def test_a_new_token_works_within_seconds_of_a_first_refusal(
    cached: CachedTokenDirectory, directory: Directory, clock: ManualClock
) -> None:
    assert await cached.find("bob") is None
    directory.known["bob"] = ALICE
    clock.advance(seconds=5)
    assert await cached.find("bob") == ALICE


async def test_a_known_token_is_honoured_while_the_directory_is_down(
    cached: CachedTokenDirectory, directory: Directory, clock: ManualClock
) -> None:
    await cached.find("alice")
    directory.down = True
    clock.advance(hours=3)
    assert await cached.find("alice") == ALICE


async def test_a_known_token_is_not_honoured_for_ever(
    cached: CachedTokenDirectory, directory: Directory, clock: ManualClock
) -> None:
    await cached.find("alice")
    directory.down = True
    clock.advance(hours=13)
    with pytest.raises(Unavailable):
        await cached.find("alice")


async def test_a_known_token_does_not_wait_for_a_directory_that_hangs(
    directory: Directory, clock: ManualClock
) -> None:
    cached = CachedTokenDirectory(directory, clock, patience_seconds=0.05)
    await cached.find("alice")
    directory.hangs = True
    clock.advance(minutes=2)
    async with asyncio.timeout(5):
        assert await cached.find("alice") == ALICE
        assert await cached.find("alice") == ALICE
        assert directory.asked == 2, "asked once more, and then not for some seconds"
        directory.hangs = False
        directory.known.clear()
        clock.advance(seconds=3)
        assert await cached.find("alice") is None, "a revocation is noticed when it answers again"


async def test_an_unknown_token_is_not_refused_but_unknown_while_it_is_down(
    cached: CachedTokenDirectory, directory: Directory
) -> None:
    directory.down = True
    with pytest.raises(Unavailable):
        await cached.find("alice")


async def test_a_stream_says_nothing_more_to_whom_would_be_refused(
    cached: CachedTokenDirectory, directory: Directory, clock: ManualClock
) -> None:
    closed: list[bool] = []

    async def chunks() -> AsyncGenerator[int, None]:
        try:
            for number in range(9):
                yield number
        finally:
            closed.append(True)

    authenticator = Authenticator({}, cached)
    connection = SimpleNamespace(
        headers={"authorization": "Bearer alice"},
        app=SimpleNamespace(state=SimpleNamespace(authenticator=authenticator)),
    )
    heard = while_authenticated(connection, chunks())  # type: ignore[arg-type]
    assert await anext(heard) == 0
    directory.down = True
    clock.advance(seconds=10)
    assert await anext(heard) == 1, "nobody is put out because the directory is down"
    directory.down = False
    directory.known.clear()
    clock.advance(seconds=10)
    assert [number async for number in heard] == []
    assert closed == [True]


async def test_only_hashes_are_remembered(cached: CachedTokenDirectory) -> None:
    await cached.find("alice")
    assert list(cached._known) == [hash_token("alice")]


def test_each_role_includes_the_ones_before_it() -> None:
    assert Role.ADMIN.includes(Role.VIEWER)
    assert Role.RESPONDER.includes(Role.RESPONDER)
    assert not Role.VIEWER.includes(Role.RESPONDER)
