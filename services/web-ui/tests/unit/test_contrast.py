"""WCAG 2.2 AA: 4.5 for text, 3 for what shows focus, fields and bars (1.4.3, 1.4.11)."""

import re
from pathlib import Path

import pytest

import web_ui

TOKENS = (Path(web_ui.__file__).parent / "static" / "tokens.css").read_text()

TEXT = [
    *((ink, ground) for ink in ("ink", "ink-soft", "ink-faint", "link")
      for ground in ("ground", "surface", "surface-raised")),
    ("ink", "surface-sunken"),
    ("ink-soft", "surface-sunken"),
    ("accent-ink", "accent"),
    ("accent-ink", "accent-hover"),
    ("bar-ink", "bar"),
    ("bar-ink-soft", "bar"),
    ("lamp", "bar"),
    *((tone, f"{tone}-tint") for tone in
      ("critical", "high", "medium", "low", "good", "busy", "wait", "bad")),
    *((tone, "surface") for tone in ("critical", "high", "bad", "good")),
    *((f"hue-{n}", f"hue-{n}-tint") for n in range(6)),
]  # fmt: skip

SHAPES = [
    *((shape, ground) for shape in ("focus", "line-strong") for ground in ("ground", "surface")),
    ("accent", "surface"),
]


def colours() -> dict[str, tuple[str, str]]:
    both = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", TOKENS)
    one = re.findall(r"--([\w-]+): (#[0-9a-f]{6});", TOKENS)
    return {name: (light, dark) for name, light, dark in both} | {n: (c, c) for n, c in one}


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_can_be_read_on_its_ground(ink: str, ground: str, scheme: int) -> None:
    known = colours()
    assert contrast(known[ink][scheme], known[ground][scheme]) >= 4.5


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("shape", "ground"), SHAPES)
def test_shapes_that_mean_something_stand_out(shape: str, ground: str, scheme: int) -> None:
    known = colours()
    assert contrast(known[shape][scheme], known[ground][scheme]) >= 3
