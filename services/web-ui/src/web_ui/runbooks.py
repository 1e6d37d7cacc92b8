"""The runbooks of the platform's own alerts (docs/runbooks/), for people who were just woken."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

PATH = "/runbooks"

_WORDS = re.compile(r"[A-Z]?[^A-Z]+|[A-Z]+")
_SIBLING = re.compile(r"([A-Za-z]+)\.md")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Runbook:
    """One page: the name of its alert, and what to do as HTML."""

    name: str
    body: Markup

    @property
    def title(self) -> Markup:
        """The name, which a narrow screen may break between its words."""
        return Markup("<wbr>").join(_WORDS.findall(self.name))


def load(folder: Path) -> Mapping[str, Runbook]:
    """Those in a folder by name, read once: an alert may need them when nothing else can be read.

    A folder that is not there leaves web-ui without them, and the log says so.
    """
    files = sorted(folder.glob("*.md"))
    if not files:
        _log.warning("runbooks_missing", folder=str(folder))
    return {
        file.stem: Runbook(file.stem, _html(file.read_text(encoding="utf-8"))) for file in files
    }


def _html(text: str) -> Markup:
    # The page has a heading of its own.
    _, _, body = text.partition("\n")
    reader = MarkdownIt("commonmark", {"html": False})
    tokens = reader.parse(body)
    for token in tokens:
        token.children = _links_that_lead_somewhere(token.children or []) or token.children
    made: str = reader.renderer.render(tokens, reader.options, {})
    # Of our own files, and no HTML of theirs is let through.
    return Markup(made)  # noqa: S704


def _links_that_lead_somewhere(tokens: list[Token]) -> list[Token]:
    """Other runbooks by their address here; links into the repository are left as words."""
    kept: list[Token] = []
    dropped = False
    for token in tokens:
        if token.type == "link_open":
            target = str(token.attrGet("href"))
            sibling = _SIBLING.fullmatch(target)
            if sibling:
                token.attrSet("href", f"{PATH}/{sibling[1]}")
            dropped = not sibling and not target.startswith("https://")
            if dropped:
                continue
        if token.type == "link_close" and dropped:
            continue
        kept.append(token)
    return kept
