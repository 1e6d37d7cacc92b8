"""The application of every test: built by the real composition root, with fakes around it."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from litestar import Litestar

# pytest's importlib mode puts no folder on the path; the fakes lie beside this file.
sys.path.insert(0, str(Path(__file__).parent))

from web_ui_fakes import Visitor, World

from vigie_testing.clock import ManualClock


@asynccontextmanager
async def running(app: Litestar) -> AsyncIterator[None]:
    """The application's lifespan, in a task of its own.

    A fixture's end may run in another task than its beginning, which a lifespan does not survive.
    """
    started, finish = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with app.lifespan():
            started.set()
            await finish.wait()

    life = asyncio.create_task(live())
    waiting = asyncio.create_task(started.wait())
    await asyncio.wait({life, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    try:
        yield
    finally:
        finish.set()
        await life


@pytest.fixture
def world(clock: ManualClock) -> World:
    """The neighbours, empty, with one person of each role who can sign in."""
    return World(clock)


@pytest.fixture
def app(world: World) -> Litestar:
    """web-ui around that world."""
    return world.app()


@pytest.fixture
async def client(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    """A browser without JavaScript that has not signed in."""
    # In the loop of the test, so that fakes and application share it.
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    async with (
        running(app),
        httpx.AsyncClient(transport=transport, base_url="http://vigie.test") as client,
    ):
        yield client


@pytest.fixture
def visitor(client: httpx.AsyncClient, world: World) -> Visitor:
    """The same browser, knowing how to fill in forms."""
    return Visitor(client, world)


@pytest.fixture
async def responder(visitor: Visitor) -> Visitor:
    """Signed in as somebody who may act."""
    await visitor.sign_in("ada")
    return visitor


@pytest.fixture
async def viewer(visitor: Visitor) -> Visitor:
    """Signed in as somebody who may only look."""
    await visitor.sign_in("vera")
    return visitor
