"""Whether a process that runs still lives: it may be stopped, or turn in a loop, and answer nobody.

Standard library only: in every container a small process beside the service uses it, and the
runner without Docker does too.
"""

import socket

# A process is taken for dead when nothing was heard of it for so long, in so many attempts. Long,
# since an overloaded one that is killed comes back to the same load with less done.
SILENT_SECONDS = 20.0
SILENT_ATTEMPTS = 4
ASK_EVERY_SECONDS = 3.0
ANSWER_SECONDS = 5.0

_REQUEST = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def speaks(host: str, port: int, seconds: float = ANSWER_SECONDS) -> bool:
    """Whether whoever has this port says anything within ``seconds``.

    What it says does not matter, and a connection that it closes is said by somebody who lives:
    only silence counts, and nobody at the port. Trouble on the asker's own side is no evidence.
    """
    try:
        with socket.create_connection((host, port), timeout=seconds) as line:
            line.sendall(_REQUEST)
            line.recv(1)
    except (TimeoutError, ConnectionRefusedError):
        return False
    except OSError:
        return True
    return True


class Silence:
    """Adds up what was heard of one process since its start."""

    def __init__(self, seconds: float = SILENT_SECONDS, attempts: int = SILENT_ATTEMPTS) -> None:
        self._seconds = seconds
        self._attempts = attempts
        self._spoke_once = False
        self._since: float | None = None
        self._in_vain = 0
        self._lasted = 0.0

    def hears(self, spoke: bool, asked_at: float, now: float) -> None:
        """Take down what came of one attempt; times are of a monotonic clock."""
        if spoke:
            self._spoke_once, self._since, self._in_vain, self._lasted = True, None, 0, 0.0
            return
        if self._since is None:
            self._since = asked_at
        self._in_vain += 1
        self._lasted = now - self._since

    @property
    def is_death(self) -> bool:
        """Whether it lasted too long. A start, which may wait for a database, is never too long."""
        return (
            self._spoke_once and self._in_vain >= self._attempts and self._lasted >= self._seconds
        )
