"""Matchers of labels, as Alertmanager writes them: ``=``, ``!=``, ``=~`` and ``!~``.

A matcher is about one label, and an absent label is the same as an empty one. Regular expressions
match whole values and are RE2's, as there: whoever writes one cannot make a match take for ever.
Source: Alertmanager, pkg/labels/matcher.go and parse.go.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import re2  # type: ignore[import-untyped]

LONGEST_PATTERN: Final = 2_000
MOST: Final = 50
"""Matchers of one silence or rule."""

_OPTIONS: Final = re2.Options()
_OPTIONS.log_errors = False

_MATCHER: Final = re.compile(
    r"""\s*(?P<name>"(?:[^"\\]|\\.)*"|[^\s"'{},=!~]+)\s*(?P<sign>=~|!=|!~|=)\s*"""
    r"""(?P<value>"(?:[^"\\]|\\.)*"|[^\s"{},][^",{}]*|)\s*""",
    re.DOTALL,
)


class InvalidMatcher(ValueError):
    """A matcher that cannot be read; its text says why."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on one label, with the names of Alertmanager's API.

    Raises InvalidMatcher when it is made of a name or an expression that is none.
    """

    name: str
    value: str
    is_regex: bool = False
    is_equal: bool = True

    def __post_init__(self) -> None:
        if not self.name:
            raise InvalidMatcher("A matcher needs the name of a label.")
        if self.is_regex:
            _compiled(self.value)

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether labels fulfil it."""
        value = labels.get(self.name, "")
        same = (
            _compiled(self.value).fullmatch(value) is not None
            if self.is_regex
            else value == self.value
        )
        return same is self.is_equal

    @property
    def matches_absent(self) -> bool:
        """Whether it also holds where nothing carries the label."""
        return self.matches({})

    def __str__(self) -> str:
        sign = ("=~" if self.is_equal else "!~") if self.is_regex else "!="
        if self.is_equal and not self.is_regex:
            sign = "="
        return f"{self.name}{sign}{json.dumps(self.value, ensure_ascii=False)}"

    def stored(self) -> dict[str, Any]:
        """As Alertmanager's API shows it, and as it is stored."""
        return {
            "name": self.name,
            "value": self.value,
            "isRegex": self.is_regex,
            "isEqual": self.is_equal,
        }


Matchers = tuple[Matcher, ...]


def all_match(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    """Whether labels fulfil every one of them."""
    return all(matcher.matches(labels) for matcher in matchers)


def from_stored(stored: Sequence[Mapping[str, Any]]) -> Matchers:
    """Matchers as ``Matcher.stored`` wrote them, or as a client of Alertmanager's API sends them.

    Raises:
        InvalidMatcher: one of them is none.
    """
    return tuple(
        Matcher(
            str(one.get("name", "")),
            str(one.get("value", "")),
            bool(one.get("isRegex", False)),
            # Clients before Alertmanager 0.22 do not know of it.
            bool(one.get("isEqual", True)),
        )
        for one in stored
    )


def parse(text: str) -> Matchers:
    """The matchers of a text such as ``{service="checkout",severity=~"high|critical"}``.

    Raises:
        InvalidMatcher: it cannot be read.
    """
    rest = text.strip()
    if rest.startswith("{") != rest.endswith("}"):
        raise InvalidMatcher(f"An open or a closing brace is missing: {text}")
    if rest.startswith("{"):
        rest = rest[1:-1].strip()
    found: list[Matcher] = []
    while rest:
        match = _MATCHER.match(rest)
        if match is None:
            raise InvalidMatcher(f"This is no matcher (name=value, !=, =~ or !~): {rest}")
        sign = match["sign"]
        found.append(
            Matcher(
                _unquoted(match["name"]),
                _unquoted(match["value"].rstrip()),
                is_regex="~" in sign,
                is_equal="!" not in sign,
            )
        )
        rest = rest[match.end() :]
        if rest and not rest.startswith(","):
            raise InvalidMatcher(f"Matchers are parted by commas: {rest}")
        rest = rest.removeprefix(",").lstrip()
    return tuple(found)


def _unquoted(text: str) -> str:
    if not text.startswith('"'):
        return text
    try:
        return str(json.loads(text))
    except ValueError as error:
        raise InvalidMatcher(f"This is no quoted text: {text}") from error


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> Any:
    if len(pattern) > LONGEST_PATTERN:
        raise InvalidMatcher(f"An expression has at most {LONGEST_PATTERN} characters.")
    try:
        return re2.compile(pattern, options=_OPTIONS)
    except re2.error as error:
        raise InvalidMatcher(f"'{pattern}' is no regular expression: {error}") from error
