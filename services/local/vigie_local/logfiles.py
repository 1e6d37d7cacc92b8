"""Rotation of files that running programs have open."""

import shutil
from pathlib import Path

LIMIT_BYTES = 10 * 1024 * 1024
KEPT = 3


def rotate(log: Path, limit_bytes: int = LIMIT_BYTES) -> bool:
    """Move what is in ``log`` to ``log.1`` once it is too long, ``.1`` to ``.2`` and so on.

    The writer keeps its open file (it appends), so the content is copied and the file emptied; a
    line written in between may be lost, which is the price of needing nothing from the writer.
    """
    if log.stat().st_size <= limit_bytes:
        return False
    copy = log.with_name(f"{log.name}.copy")
    try:
        shutil.copyfile(log, copy)
    except OSError:
        # The disk is full: nothing was moved yet, and the log goes on as it is.
        copy.unlink(missing_ok=True)
        return False
    for number in range(KEPT - 1, 0, -1):
        older = log.with_name(f"{log.name}.{number}")
        if older.exists():
            older.replace(log.with_name(f"{log.name}.{number + 1}"))
    copy.replace(log.with_name(f"{log.name}.1"))
    with log.open("r+b") as file:
        file.truncate(0)
    return True
