"""The sentences that pages say, found in the code, and those the catalogues know.

``python services/web-ui/tests/sentences.py`` prints what French lacks, as the lines of a .po file.
"""

import re
import string
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from jinja2 import nodes

from web_ui import reading
from web_ui.assets import Assets
from web_ui.rendering import TEMPLATES, environment

PACKAGE = Path(reading.__file__).parent
PAGES = sorted(TEMPLATES.rglob("*.html"))
KEYWORDS = {"say": None, "many": (1, 2), "sentence": None}

SAID: set[str | tuple[str, str]] = set()
"""Said by other services in English alone, and translated here where they are shown."""

# Names that are the same in every language.
_NAMES = {"FR", "Vigie", "MTTA", "MTTR", "INC", "UTC", "CSV", "SVG", "iCal", "JSON"}


def said_in_code() -> set[str | tuple[str, str]]:
    """In Python."""
    found = extract_from_dir(PACKAGE, keywords=KEYWORDS, method_map=[("**.py", "python")])
    return {message for _, _, message, _, _ in found}


def said_in_templates() -> set[str | tuple[str, str]]:
    """In templates."""
    return {each for path in PAGES for each in _said(path)}


def _said(path: Path) -> Iterator[str | tuple[str, str]]:
    tree = environment(Assets()).parse(path.read_text())
    for call in tree.find_all(nodes.Call):
        if not isinstance(call.node, nodes.Name) or call.node.name not in {"say", "many"}:
            continue
        texts = [each.value for each in call.args if isinstance(each, nodes.Const)]
        if call.node.name == "say" and texts:
            yield texts[0]
        elif call.node.name == "many":
            yield texts[0], texts[1]


def catalogue(language: str) -> list[Message]:
    """Everything that the parts of a language translate."""
    found: list[Message] = []
    for path in sorted((PACKAGE / "locale" / language).glob("*.po")):
        with path.open("rb") as file:
            found += [
                each for each in read_po(file, locale=language, abort_invalid=True) if each.id
            ]
    return found


def places(text: str) -> set[str]:
    """The names of the facts in a sentence."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


class _Texts(HTMLParser):
    """The words between tags, and those of attributes that are read out or shown."""

    SHOWN = ("title", "aria-label", "placeholder", "alt", "data-label")

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._skipping = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._skipping += tag in {"code", "svg"}
        self.found += [value for name, value in attrs if name in self.SHOWN and value]

    def handle_endtag(self, tag: str) -> None:
        self._skipping -= tag in {"code", "svg"}

    def handle_data(self, data: str) -> None:
        if not self._skipping:
            self.found.append(data)


def raw_texts(path: Path) -> list[str]:
    """Words of a template that come from no catalogue: as text, or as strings that it prints."""
    source = path.read_text()
    # What a page skips to is a name in it, not a word.
    source = re.sub(r"\{% block skip %\}.*?\{% endblock %\}", "", source)
    bare = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", source, flags=re.DOTALL)
    parser = _Texts()
    parser.feed(bare)
    words = [text for text in parser.found if set(re.findall(r"[^\W\d_]{2,}", text)) - _NAMES]
    tree = environment(Assets()).parse(source)
    printed = [
        each.value
        for output in tree.find_all(nodes.Output)
        for node in output.nodes
        for each in _printed(node)
    ]
    sentences = [text for text in printed if re.search(r"[A-Z][a-z]+|[a-z]+ [a-z]+", text)]
    return [text.strip() for text in [*words, *sentences] if not set("<=") & set(text)]


def _printed(node: nodes.Node) -> Iterator[nodes.Const]:
    """The strings that an expression may print, but for those of calls and comparisons."""
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        yield node
    elif isinstance(node, nodes.CondExpr):
        yield from _printed(node.expr1)
        if node.expr2 is not None:
            yield from _printed(node.expr2)
    elif isinstance(node, nodes.Or):
        yield from _printed(node.right)


def _lines(message: str | tuple[str, str]) -> str:
    def quoted(text: str) -> str:
        escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'"{escaped}"'

    if isinstance(message, tuple):
        one, more = map(quoted, message)
        return f'msgid {one}\nmsgid_plural {more}\nmsgstr[0] ""\nmsgstr[1] ""\n'
    return f'msgid {quoted(message)}\nmsgstr ""\n'


def main() -> None:
    """What French lacks, and which templates say something raw."""
    known = {message.id for message in catalogue("fr")}
    for message in sorted((said_in_code() | said_in_templates()) - known, key=str):
        print(_lines(message))
    for path in PAGES:
        for text in raw_texts(path):
            print(f"# raw in {path.relative_to(TEMPLATES)}: {text}", file=sys.stderr)


if __name__ == "__main__":
    main()
