"""What ./ci/pipeline.sh does, run once for all checks that compare something with it."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest
import yaml

from checks.parity import compare

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def workflow() -> dict[str, Any]:
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    document: dict[str, Any] = yaml.safe_load(text)
    return document


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What ran, by stage, in a green run."""
    return compare.by_pipeline(tmp_path_factory.mktemp("local"))


@pytest.fixture(scope="session")
def waiting_for(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Stage -> the stages that wait for it."""

    @functools.cache
    def ask(stage: str) -> frozenset[str]:
        return frozenset(compare.waiting_for(stage, tmp_path_factory.mktemp(stage)))

    return ask
