"""What senders that neither split nor fix are cut to, so that every stored field has a bound.

They are never refused for a size: what is cut ends in a mark, and the alert carries a note.
"""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

LONGEST_NAME: Final = 200
LONGEST_VALUE: Final = 8_000
LONGEST_LINK: Final = 4_000
MOST_ENTRIES: Final = 200
LARGEST: Final = 48 * 1024
"""Characters of the labels, or of the annotations, of one alert together."""

MARK: Final = "…"
NOTE: Final = "vigie_cut"
"""The annotation that says what is missing."""


def cut(text: str, longest: int) -> str:
    """The beginning of a text, ending in a mark where something is missing."""
    return text if len(text) <= longest else text[: longest - len(MARK)] + MARK


def texts(texts: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Labels or annotations within the bounds, and the names of those that were cut."""
    kept: dict[str, str] = {}
    notes: list[str] = []
    for name, value in texts.items():
        if len(kept) == MOST_ENTRIES:
            notes.append(f"{len(texts) - MOST_ENTRIES} more entries")
            break
        short, held = cut(name, LONGEST_NAME), cut(value, LONGEST_VALUE)
        if (short, held) != (name, value):
            notes.append(f"{short} ({len(value)} characters)")
        kept[short] = held
    # Still too much together: the longest give way, so that the short ones stay whole.
    longest = LONGEST_VALUE
    while sum(len(name) + len(value) for name, value in kept.items()) > LARGEST and longest > 1:
        longest //= 2
        for name, value in kept.items():
            if len(value) > longest:
                notes.append(f"{name} ({len(texts.get(name, value))} characters)")
                kept[name] = cut(value, longest)
    return kept, list(dict.fromkeys(notes))


def links(links: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Web addresses within the bounds: one that is too long leads to its site, not nowhere."""
    kept: dict[str, str] = {}
    notes: list[str] = []
    for name, url in links.items():
        if len(url) <= LONGEST_LINK:
            kept[name] = url
            continue
        notes.append(f"link {name} ({len(url)} characters)")
        site = _site(url)
        if site is not None and len(site) <= LONGEST_LINK:
            kept[name] = site
    return kept, notes


def _site(url: str) -> str | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return f"{parts.scheme}://{parts.netloc}/" if parts.netloc else None


def note(cut_names: Sequence[str], *, replaced: Sequence[str] = ()) -> dict[str, str]:
    """The annotation that names what was cut, or holds characters that could not be kept."""
    said = []
    if cut_names:
        said.append("Cut: " + ", ".join(cut_names))
    if replaced:
        said.append("Characters that cannot be stored were replaced in: " + ", ".join(replaced))
    return {NOTE: cut(". ".join(said), LONGEST_VALUE)} if said else {}
