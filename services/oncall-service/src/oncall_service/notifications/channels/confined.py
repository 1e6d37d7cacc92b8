"""Libraries that send by themselves and block: in threads of their own, confined.

What such a library connects to is seen where it connects: Python announces it to an audit hook
(PEP 578), whatever name, redirect or trick led there, and the hook refuses what is inside. It also
keeps a second handle on each socket, so that a sending whose time is over really ends: its sockets
are shut under it. Files are read only where Python itself lies, and no program is started.
"""

import asyncio
import socket
import sys
import sysconfig
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar

from oncall_service.targets import Address, literal

Answer = TypeVar("Answer")

# As many as are sent to at once (notifications/dispatch.py): none waits for another's thread.
THREADS = 200

_CONNECTING = ("socket.connect", "socket.sendto", "socket.sendmsg")
_STARTING = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "pty.spawn")


class Refused(PermissionError):
    """A library wanted what it may not: an address inside, a file, a program."""


class Sending:
    """One call of a library: what it may connect to, and what it has opened."""

    def __init__(self, allows: Callable[[Address], bool]) -> None:
        self._allows = allows
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._over = False
        self.refused = False

    def connecting(self, sock: socket.socket, address: Any) -> None:
        """Look at a connection before it is made, and remember its socket."""
        host = address[0] if isinstance(address, tuple) else ""
        target = literal(host) if isinstance(host, str) else None
        if target is None or not self._allows(target):
            self.refused = True
            raise Refused("the address is not allowed")
        with self._lock:
            if self._over:
                raise Refused("its time is over")
            self._sockets.append(socket.fromfd(sock.fileno(), sock.family, sock.type))

    def end(self) -> None:
        """Shut what is still open; whoever reads or writes there gets an error."""
        with self._lock:
            self._over = True
            for sock in self._sockets:
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # it was never connected, or is closed on the other side
                finally:
                    sock.close()
            self._sockets.clear()


_current: ContextVar[Sending | None] = ContextVar("sending", default=None)


class ConfinedThreads:
    """Threads for sendings; a resource of the application."""

    def __init__(self) -> None:
        self._threads: ThreadPoolExecutor | None = None

    async def run(self, sending: Sending, call: Callable[[], Answer], seconds: float) -> Answer:
        """Let a library send, for so long.

        Raises:
            TimeoutError: it had not ended by then, and was made to.
        """
        if self._threads is None:
            _watch_once()
            self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="sending")

        def confined() -> Answer:
            token = _current.set(sending)
            try:
                return call()
            finally:
                _current.reset(token)

        try:
            async with asyncio.timeout(seconds):
                return await asyncio.get_running_loop().run_in_executor(self._threads, confined)
        finally:
            sending.end()

    async def stop(self) -> None:
        """Take no more; what is sending was ended by whoever waited for it."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)


_watching = threading.Lock()
_watched = False


def _watch_once() -> None:
    # A hook stays for the life of the process, so it is set where the first one sends.
    global _watched  # noqa: PLW0603 - as the hook itself is, once a process
    with _watching:
        if not _watched:
            sys.addaudithook(_watch)
            _watched = True


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in _CONNECTING and event not in _STARTING and event != "open":
        return
    sending = _current.get()
    if sending is None:
        return
    if event in _CONNECTING:
        sending.connecting(arguments[0], arguments[1])
    elif event in _STARTING or not _is_pythons_own(arguments[0]):
        raise Refused("files and programs are not for it")


def _is_pythons_own(path: object) -> bool:
    if isinstance(path, int):
        return True  # it is open already
    if not isinstance(path, str | bytes):
        return False
    text = path.decode(errors="replace") if isinstance(path, bytes) else path
    return ".." not in text and text.startswith(_PYTHON)


# Where its modules, their data and the certificates of certifi are.
_PYTHON = tuple(
    f"{Path(folder)}/"
    for folder in {
        sys.prefix,
        sys.base_prefix,
        *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
    }
)
