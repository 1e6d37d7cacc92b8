"""Stacks for the tests that need a Docker Engine: each under a name of its own, gone afterwards."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from containers.stack import OFFLINE_ENV, ROOT, Stack

StackMaker = Callable[..., Stack]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs an engine, takes minutes, and shares the engine with nobody."""
    for item in items:
        if "ci/containers/tests" in item.path.as_posix():
            item.add_marker(pytest.mark.docker)
            item.add_marker(pytest.mark.timeout(2400))
            item.add_marker(pytest.mark.xdist_group("docker"))


@pytest.fixture(scope="session")
def built() -> None:
    """The images of this checkout, unless the caller names images it has built already."""
    if os.environ.get("VIGIE_IMAGE_TAG"):
        return
    env_files = ["--env-file", str(OFFLINE_ENV)] if OFFLINE_ENV.is_file() else []
    subprocess.run(
        ["docker", "compose", *env_files, "--progress", "plain", "build"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )


@pytest.fixture
def make_stack(built: None) -> Iterator[StackMaker]:  # noqa: ARG001 - for its effect
    """``make_stack("durable")``: an ephemeral stack that is up, with further overlays by name."""
    with ExitStack() as stacks:
        yield lambda *overlays, **variables: stacks.enter_context(Stack(*overlays, **variables))


@pytest.fixture(scope="session")
def stack(built: None) -> Iterator[Stack]:  # noqa: ARG001 - for its effect
    """One stack for all the tests that only look."""
    with Stack() as running:
        yield running
