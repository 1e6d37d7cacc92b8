"""Cutting a batch into parts that are done, and kept, one after the other."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def parts(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """The items in order, at most ``size`` at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
