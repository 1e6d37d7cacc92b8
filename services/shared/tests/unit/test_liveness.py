"""A process that hangs is told from one that is slow, starting, stopping or crowded."""

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from shared.liveness import Silence, speaks


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def _port(listener: socket.socket) -> int:
    port: int = listener.getsockname()[1]
    return port


def _answering(listener: socket.socket, answer: bytes) -> threading.Thread:
    def serve() -> None:
        line, _ = listener.accept()
        with line:
            line.recv(4096)
            line.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 503 Busy\r\n\r\n", b""])
def test_whatever_is_said_is_a_sign_of_life(listener: socket.socket, answer: bytes) -> None:
    thread = _answering(listener, answer)
    assert speaks("127.0.0.1", _port(listener))
    thread.join()


def test_a_stopped_process_takes_connections_and_says_nothing(listener: socket.socket) -> None:
    assert not speaks("127.0.0.1", _port(listener), seconds=0.1)


def test_nobody_at_the_port_is_no_life(free_port: Callable[[], int]) -> None:
    assert not speaks("127.0.0.1", free_port())


def test_trouble_of_the_asker_is_no_evidence() -> None:
    assert speaks("host.invalid", 1)


def _after(silence: Silence, *answers: bool, every: float = 10.0) -> bool:
    for number, spoke in enumerate(answers):
        silence.hears(spoke, number * every, number * every + 1)
    return silence.is_death


def test_a_process_that_spoke_and_fell_silent_is_dead() -> None:
    assert _after(Silence(25, 4), True, False, False, False, False)


def test_it_takes_both_time_and_attempts() -> None:
    assert not _after(Silence(25, 4), True, False, False, False)
    assert not _after(Silence(25, 4), True, *[False] * 20, every=1.0)
    assert _after(Silence(25, 4), True, *[False] * 30, every=1.0)


def test_a_word_in_between_begins_anew() -> None:
    assert not _after(Silence(25, 4), True, False, False, False, True, False, False, False)


def test_a_start_may_take_as_long_as_it_takes() -> None:
    assert not _after(Silence(25, 4), *[False] * 100)
