"""What people and senders wrote, as safe HTML: notes in Markdown, and links that can be followed.

Markdown is read without HTML of its own, and what comes out is cleaned once more (nh3): one of the
two may have a hole. Pictures are left out: they would be asked for from elsewhere.
"""

import re

import nh3
from linkify_it import LinkifyIt  # type: ignore[import-untyped]
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

TAGS = {
    "a",
    "blockquote",
    "br",
    "code",
    "del",
    "em",
    "h3",
    "h4",
    "h5",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "strong",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
}
SCHEMES = {"http", "https", "mailto"}
REL = "noopener noreferrer nofollow external"

# Line ends are kept (breaks), as whoever wrote the note saw them.
_READER = MarkdownIt("commonmark", {"html": False, "linkify": True, "breaks": True}).enable(
    ["linkify", "strikethrough", "table"]
)
_FINDER = LinkifyIt({}, {"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})


def markdown(text: str) -> Markup:
    """A note; headings stand below those of the page."""
    tokens = _READER.parse(text)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(5, int(token.tag[1]) + 2)}"
    made = _READER.renderer.render(tokens, _READER.options, {})
    clean = nh3.clean(
        made,
        tags=TAGS,
        attributes={"a": {"href", "title"}, "ol": {"start"}},
        url_schemes=SCHEMES,
        link_rel=REL,
    )
    return Markup(clean)  # noqa: S704 - cleaned above


def linked(text: str) -> Markup:
    """Plain text whose web addresses can be followed; everything else is shown as it is."""
    parts: list[Markup] = []
    end = 0
    for match in _FINDER.match(text) or ():
        if not match.url.startswith(("http://", "https://")):
            continue
        link = Markup('<a href="{}" rel="{}">{}</a>')
        shown = _breakable(match.raw)
        parts += [escape(text[end : match.index]), link.format(match.url, REL, shown)]
        end = match.last_index
    return Markup("").join([*parts, escape(text[end:])])


def _breakable(address: str) -> Markup:
    """An address that ends its line after a slash, and not inside of a word."""
    return Markup("/<wbr>").join(escape(part) for part in re.split(r"(?<=[^/])/(?=[^/])", address))
