"""Ctrl-C and SIGTERM while the product is changed: an exception, until the way back begins."""

from __future__ import annotations

import signal

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(BaseException):
    """A signal arrived; not an Exception, so that nothing mistakes it for a failure."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.code = 128 + number


def raise_on_signals() -> None:
    """From now on a signal raises Interrupted, also in the middle of a wait for a lock."""
    for number in _SIGNALS:
        signal.signal(number, _interrupt)


def ignore_signals() -> None:
    """From now on nothing interrupts: a way back that was begun is gone to its end."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _interrupt(number: int, _frame: object) -> None:
    raise Interrupted(number)
