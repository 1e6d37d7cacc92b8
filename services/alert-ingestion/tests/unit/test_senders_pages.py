"""What docs/senders has to paste leads somewhere, and is taken there."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from alert_ingestion.app import HANDLERS
from alert_ingestion.routes.integrations import NewIntegration
from alert_ingestion.routes.mappings import Trial

PAGES = sorted((Path(__file__).parents[4] / "docs" / "senders").glob("*.md"))
ADDRESS = re.compile(r"https://vigie\.example\.org(/[^\s'\"`)?;,]*)")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")
COMMAND = re.compile(r"^curl .*?(?=^curl |^```)", re.MULTILINE | re.DOTALL)

# Where clients are told only a host, or a beginning that they go on from.
BEGINNINGS = {"/"}


def routes() -> list[re.Pattern[str]]:
    paths = [path for handler in HANDLERS for path in handler.paths]
    return [re.compile(re.sub(r"\\{[^/]*\\}", "[^/]+", re.escape(path))) for path in paths]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_address_is_one_of_ours(page: Path) -> None:
    known = routes()
    for path in set(ADDRESS.findall(page.read_text())) - BEGINNINGS:
        assert any(route.fullmatch(path) for route in known), path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_body_is_one_that_is_taken(page: Path) -> None:
    for command in COMMAND.findall(page.read_text()):
        body: Any = json.loads(command.partition("-d '")[2].rpartition("'")[0])
        if "/mapping/test" in command:
            Trial.model_validate(body)
        elif "/api/v1/integrations" in command:
            NewIntegration.model_validate(body)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_leads_to_a_page(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        assert (page.parent / target).exists(), target


def test_the_index_names_every_page() -> None:
    index = next(page for page in PAGES if page.stem == "README").read_text()
    for page in PAGES:
        assert page.stem == "README" or f"]({page.name})" in index, page.name
