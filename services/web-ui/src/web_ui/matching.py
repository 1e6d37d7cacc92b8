"""Matchers of labels as Alertmanager writes them. Pure."""

import json
from collections.abc import Mapping, Sequence

from web_ui.ingested import Matcher

_SIGNS: Mapping[tuple[bool, bool], str] = {
    (False, True): "=",
    (False, False): "!=",
    (True, True): "=~",
    (True, False): "!~",
}


def written(matcher: Matcher) -> str:
    """One of them."""
    name = _name(matcher.name)
    return f"{name}{_SIGNS[matcher.isRegex, matcher.isEqual]}{_quoted(matcher.value)}"


def of_labels(labels: Mapping[str, str]) -> str:
    """Those that just these labels fulfil, a line each."""
    return "\n".join(f"{_name(name)}={_quoted(value)}" for name, value in labels.items())


def lines(text: str) -> list[str]:
    """Those that were typed, a line each."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def joined(matchers: Sequence[Matcher]) -> str:
    """Several, a line each."""
    return "\n".join(map(written, matchers))


def _name(label: str) -> str:
    plain = label.replace("_", "").replace(".", "").replace("-", "").replace(":", "")
    return label if plain.isalnum() else _quoted(label)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
