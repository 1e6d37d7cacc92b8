"""Waiting with a deadline instead of sleeping: as quick as the thing itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from verification.web import VerificationError

T = TypeVar("T")
_PAUSE_SECONDS = 0.25


def eventually(what: str, seconds: float, look: Callable[[], T | None]) -> T:
    """The first answer of `look` that is not None or False, asked again until the deadline.

    VerificationError says what was waited for, how long, and what went wrong last.
    """
    deadline = time.monotonic() + seconds
    last = ""
    while True:
        try:
            found = look()
        except VerificationError as error:
            found, last = None, f" ({error})"
        if found is not None and found is not False:
            return found
        if time.monotonic() > deadline:
            raise VerificationError(f"{what}: not within {seconds:.0f} s{last}")
        time.sleep(_PAUSE_SECONDS)
