"""A lock between runs: says whom it waits for; the kernel frees it when its holder dies."""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path


class BusyError(Exception):
    """The lock was not free within the time; the message names its holder."""


class GivenUpError(Exception):
    """Whoever waited was told to stop."""


@contextlib.contextmanager
def held(
    path: Path,
    what: str,
    seconds: float,
    tell: Callable[[str], None],
    stop: threading.Event | None = None,
) -> Iterator[None]:
    """Hold an exclusive lock on `path`, waiting up to `seconds` for another run to end.

    Raises BusyError after that time, and GivenUpError when `stop` is set meanwhile.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        deadline = time.monotonic() + seconds
        told = False
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                file.seek(0)
                holder = file.read().strip() or "another run"
                if not told:
                    tell(
                        f"{what} is in use by {holder}: waiting up to {seconds:.0f} s for it to end"
                    )
                    told = True
                if stop is not None and stop.is_set():
                    raise GivenUpError(f"interrupted while {what} was in use by {holder}") from None
                if time.monotonic() > deadline:
                    raise BusyError(f"{what} is still in use by {holder}") from None
                time.sleep(0.2)
        file.seek(0)
        file.truncate()
        file.write(f"process {os.getpid()} since {time.strftime('%H:%M:%S')}\n")
        file.flush()
        yield
