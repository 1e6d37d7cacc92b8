import asyncio

import pytest

from shared.auth import CachedTokenDirectory, hash_token
from shared.contracts.identity import Principal, Role
from shared.errors import Unavailable
from vigie_testing.clock import ManualClock

ALICE = Principal(kind="person", id="1", name="Alice", role=Role.RESPONDER)


class Directory:
    """Counts the questions; can be down."""

    def __init__(self) -> None:
        self.known = {"alice": ALICE}
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


async def test_a_known_token_is_asked_about_once_a_minute(
    cached: CachedTokenDirectory, directory: Directory, clock: ManualClock
) -> None:
    for _ in range(5):
        assert await cached.find("alice") == ALICE
    assert directory.asked == 1
    clock.advance(seconds=60)
    await cached.find("alice")
    assert directory.asked == 2


async def test_a_revocation_is_noticed_after_a_minute(
    cached: CachedTokenDirectory, directory: Directory, clock: ManualClock
) -> None:
    await cached.find("alice")
    directory.known.clear()
    clock.advance(seconds=61)
    assert await cached.find("alice") is None


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
        clock.advance(seconds=5)
        assert await cached.find("alice") is None, "a revocation is noticed when it answers again"


async def test_an_unknown_token_is_not_refused_but_unknown_while_it_is_down(
    cached: CachedTokenDirectory, directory: Directory
) -> None:
    directory.down = True
    with pytest.raises(Unavailable):
        await cached.find("alice")


async def test_only_hashes_are_remembered(cached: CachedTokenDirectory) -> None:
    await cached.find("alice")
    assert list(cached._remembered) == [hash_token("alice")]


def test_each_role_includes_the_ones_before_it() -> None:
    assert Role.ADMIN.includes(Role.VIEWER)
    assert Role.RESPONDER.includes(Role.RESPONDER)
    assert not Role.VIEWER.includes(Role.RESPONDER)
