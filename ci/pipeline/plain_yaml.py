"""The part of YAML that .github/workflows/ci.yml is written in, read without a package.

Stages start on the machine's own Python, before there is a .venv, and Python has no reader of YAML.
This one knows block mappings and sequences, flow sequences of words, quoted and plain scalars,
`|` texts and comments. It refuses everything else by line, so that it never reads a file as another
thing than GitHub does; ci/pipeline/tests/test_plain_yaml.py holds it against PyYAML.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_KEY = re.compile(r"([A-Za-z_][\w-]*):(?: +(.*))?$")
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
_WORD = re.compile(r"[\w.-]+|'[^'\"\\]*'|\"[^'\"\\]*\"")
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "~": None}
# Read as something else by one version of YAML or another.
_AMBIGUOUS = re.compile(r"(?i)yes|no|on|off|y|n|true|false|null|[-+.]?\d[\d_,.:xoeE+-]*")
_INDICATORS = tuple("&*!%@`{}[]|>?,\"'#")


class PlainYamlError(ValueError):
    """The text is no YAML, or YAML beyond the part that is read here; the message has the line."""


@dataclass(frozen=True)
class _Line:
    number: int
    indent: int
    text: str

    def refuse(self, why: str) -> PlainYamlError:
        return PlainYamlError(f"line {self.number}: {why}: {self.text}")


def loads(text: str) -> Any:
    """The document as dicts, lists, strings, numbers, booleans and None."""
    reader = _Reader(text.split("\n"))
    if not reader.lines or not text.endswith("\n"):
        raise PlainYamlError("there is nothing in it, or no end of its last line")
    found = reader.block(reader.lines[0].indent)
    if reader.lines:
        raise reader.lines[0].refuse("does not belong to anything above")
    return found


class _Reader:
    def __init__(self, raw: list[str]) -> None:
        self._raw = raw
        self.lines = [
            _Line(number, len(line) - len(line.lstrip(" ")), line.strip())
            for number, line in enumerate(raw, 1)
            if line.strip() and not line.lstrip().startswith("#")
        ]
        for line in self.lines:
            if "\t" in raw[line.number - 1]:
                raise line.refuse("a tab")

    def block(self, indent: int) -> Any:
        """A mapping or a sequence whose lines begin at `indent`."""
        if self.lines[0].text.startswith("- "):
            return self._sequence(indent)
        return self._mapping(indent)

    def _sequence(self, indent: int) -> list[Any]:
        found = []
        while self.lines and self.lines[0].indent == indent and self.lines[0].text[:2] == "- ":
            line = self.lines[0]
            rest = line.text[2:].lstrip()
            inner = indent + len(line.text) - len(rest)
            if _KEY.match(rest):  # a mapping that begins behind the dash
                self.lines[0] = _Line(line.number, inner, rest)
                found.append(self._mapping(inner))
            else:
                self.lines.pop(0)
                found.append(_scalar(rest, line))
        return found

    def _mapping(self, indent: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while self.lines and self.lines[0].indent == indent:
            line = self.lines.pop(0)
            match = _KEY.match(line.text)
            if match is None:
                raise line.refuse("neither a key nor an entry of a list")
            key, rest = match[1], _without_comment(match[2] or "")
            if key in found or (_AMBIGUOUS.fullmatch(key) and key != "on"):
                raise line.refuse(f"{key} appears twice, or is no word to every reader of YAML")
            found[key] = self._value(rest, line, indent)
        if self.lines and self.lines[0].indent > indent:
            raise self.lines[0].refuse("stands deeper than what it belongs to")
        return found

    def _value(self, rest: str, line: _Line, indent: int) -> Any:
        if rest == "|":
            return self._text(line, indent)
        if rest:
            return _scalar(rest, line)
        if self.lines and self.lines[0].indent > indent:
            return self.block(self.lines[0].indent)
        return None

    def _text(self, line: _Line, indent: int) -> str:
        """A literal text: the raw lines below that stand deeper."""
        taken = []
        for raw in self._raw[line.number :]:
            if raw.strip() and len(raw) - len(raw.lstrip(" ")) <= indent:
                break
            taken.append(raw)
        while self.lines and self.lines[0].number <= line.number + len(taken):
            self.lines.pop(0)
        while taken and not taken[-1].strip():
            taken.pop()
        if not taken or not taken[0].strip():
            raise line.refuse("a text that is empty or begins with an empty line")
        margin = len(taken[0]) - len(taken[0].lstrip(" "))
        if any(raw.strip() and raw[:margin].strip() for raw in taken):
            raise line.refuse("a text whose lines stand less deep than its first")
        return "".join(f"{raw[margin:]}\n" for raw in taken)


def _without_comment(text: str) -> str:
    """The value before ` #`; a quoted one ends at its quote."""
    if text[:1] in {'"', "'"}:
        end = text.find(text[0], 1)
        after = text[end + 1 :].strip()
        return text[: end + 1] if end > 0 and (not after or after.startswith("#")) else text
    if text.startswith("#"):
        return ""
    return text.split(" #", 1)[0].rstrip()


def _scalar(text: str, line: _Line) -> Any:
    text = _without_comment(text)
    if text[:1] in {'"', "'"}:
        inner = text[1:-1]
        if len(text) < 2 or text[-1] != text[0] or text[0] in inner or "\\" in inner:
            raise line.refuse("a quoted text with a quote or a backslash in it, or without an end")
        return inner
    if text == "{}":
        return {}
    if text.startswith("[") and text.endswith("]"):
        words = [word.strip() for word in text[1:-1].split(",")] if text[1:-1].strip() else []
        if not all(_WORD.fullmatch(word) for word in words):
            raise line.refuse("a list in one line may hold words, numbers and quoted texts")
        return [_scalar(word, line) for word in words]
    if text in _WORDS:
        return _WORDS[text]
    if _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    # An expression may begin with ${{; every other sign at the beginning means something in YAML.
    if (
        text in {"", "-"}
        or text.startswith((*_INDICATORS, "- ", ":"))
        or re.search(r":( |$)", text)
    ):
        raise line.refuse("more of YAML than is read here (quote it, or write it plainly)")
    if _AMBIGUOUS.fullmatch(text):
        raise line.refuse("read differently by different readers of YAML: quote it")
    return text
