"""What is read is what PyYAML reads; everything else is refused, never read as something else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipeline.plain_yaml import PlainYamlError, loads
from pipeline.workflow import WORKFLOW

ROOT = Path(__file__).resolve().parents[3]


def by_pyyaml(text: str) -> Any:
    """As GitHub reads it: `on` is a word there, and a boolean to PyYAML."""
    document = yaml.safe_load(text)
    if isinstance(document, dict) and True in document:
        document["on"] = document.pop(True)
    return document


def in_one_order(document: Any) -> str:
    return yaml.safe_dump(document)


def test_the_workflow_is_read_as_by_pyyaml() -> None:
    text = (ROOT / WORKFLOW).read_text(encoding="utf-8")
    assert in_one_order(loads(text)) == in_one_order(by_pyyaml(text))


@pytest.mark.parametrize("path", sorted((ROOT / ".github").rglob("*.yml")), ids=lambda it: it.name)
def test_any_other_file_is_read_so_or_refused(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    try:
        found = loads(text)
    except PlainYamlError:
        return
    assert in_one_order(found) == in_one_order(by_pyyaml(text))


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\nb: text # said\nc:\n  - x\n  - k: 1\n    l: [p, 'q', 2]\nd:\n",
        "a: []\nb: {}\n",
        "a: \"3.13\" # the one\nb: 'x # y'\nc: -2\nd: 2.5\n",
        "a: |\n  one\n    two\n\n  three\n\nb: 1\n",
        "# nothing\n\na: ${{ x == 'y' }} # z\nb: a#b\nc: ~\nd: true\n",
        "- a\n- b: 1\n  c:\n    - d\n- e\n",
        "a:   1   \nb:    # later\n  c: x\n",
    ],
)
def test_the_part_of_yaml_that_is_read(text: str) -> None:
    assert loads(text) == yaml.safe_load(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "a: 1", "a:\n- x\n", "a: [b c, d]\n", "1: a\n", "no: a\n", "- #\n", "- -\n", "a: -\n",
        "a: |\n\n  b\n", "a: |\n    b\n  c\n",
        "a: 1\na: 2\n", "a: &x 1\nb: *x\n", "a: !!str 1\n", "a: >-\n  folded\n",
        "a: {b: c}\n", "a: [b, [c]]\n", "a:\n\tb: 1\n", "a: b: c\n", "---\na: 1\n", "a: yes\n",
        "a: 010\n", "a: 1e3\n", "a: 12:30\n", 'a: "b\\n"\n', "a: 'it''s'\n", 'a: "open\n', "? a\n",
        "a: |2\n  b\n", "a:\n    b: 1\n  c: 2\n", "a: 1\n  b: 2\n", "just words\n", "a: on\n",
        "<<: {}\n", "a: @b\n", "'a': 1\n", "a: x\n  continued\n", "a: .5\n", "a: 2026-01-01\n",
    ],
)  # fmt: skip
def test_what_could_be_read_in_another_way_is_refused(text: str) -> None:
    with pytest.raises(PlainYamlError):
        loads(text)


_WORDS = st.text("ab:#-[]{}'\"&*!|>%@` ,?0.1eyno~$\\", max_size=12)
_LINES = st.builds(
    lambda indent, dash, key, value: f"{' ' * indent}{'- ' * dash}{key}{value}",
    st.sampled_from([0, 0, 2, 4]),
    st.booleans(),
    st.sampled_from(["a: ", "b: ", "c:", ""]),
    _WORDS,
)


@given(st.lists(_LINES, min_size=1, max_size=5))
def test_no_text_at_all_is_read_as_something_else(lines: list[str]) -> None:
    text = "\n".join(lines) + "\n"
    try:
        found = loads(text)
    except PlainYamlError:
        return
    assert found == yaml.safe_load(text)
