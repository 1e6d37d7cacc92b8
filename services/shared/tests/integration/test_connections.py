"""Raw sockets against a real process: what a connection may cost, and that others are served."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

# As every service is served, with limits that a test can wait for.
PROGRAM = """
import asyncio
from litestar import Request, get, post
from litestar.response import ServerSentEvent
from prometheus_client import CollectorRegistry
from shared.app import ServiceParts, assemble
from shared.auth import Authenticator, hash_token, requires
from shared.connections import Door, Limits
from shared.contracts.identity import Role
from shared.server import serve
from shared.settings import ServiceSettings

class Nobody:
    async def find(self, token):
        await asyncio.sleep(0.05)
        return None

@get("/stream")
async def stream(request: Request) -> ServerSentEvent:
    async def beats():
        for _ in range(8):
            yield {"data": "beat"}
            await asyncio.sleep(0.5)
    return ServerSentEvent(beats())

@get("/large")
async def large() -> bytes:
    return b"a" * 30_000_000

@post("/open")
async def open_to_all(request: Request) -> int:
    return len(await request.body())

@post("/guarded", guards=[requires(Role.VIEWER)])
async def guarded(request: Request) -> int:
    return len(await request.body())

def create_app(settings):
    app = assemble(ServiceParts(
        "probe", "A probe.", "abc", [stream, large, open_to_all, guarded],
        authenticator=Authenticator({"known": hash_token("known")}, Nobody()),
    ))
    app.state.door = Door(CollectorRegistry(), Limits(
        header_seconds=2, connections=40, spare=10, unread_seconds=1.5, eager_seconds=0.5,
        silence_seconds=1, linger_seconds=3, headers=50,
    ))
    return app

serve("probe", create_app, ServiceSettings)
"""


LENGTH = b"content-length:"


@dataclass
class Probe:
    port: int
    pid: int
    log: Path

    def connect(self, sent: bytes = b"") -> socket.socket:
        line = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        line.sendall(sent)
        return line

    def get(self, path: str = "/health") -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", trust_env=False, timeout=10)

    def memory(self) -> float:
        """Resident, in MB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        [line] = [line for line in status.splitlines() if line.startswith("VmRSS")]
        return int(line.split()[1]) / 1024


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Probe]:
    folder = tmp_path_factory.mktemp("probe")
    (folder / "probe.py").write_text(PROGRAM)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(  # noqa: S603 - the probe above
            [sys.executable, str(folder / "probe.py")],
            env={**os.environ, "VIGIE_BIND_PORT": str(port)},
            stdout=log,
            stderr=log,
        )
    probe = Probe(port, process.pid, folder / "log")
    try:
        deadline = time.monotonic() + 30
        while True:
            with suppress(httpx.TransportError):
                if probe.get().status_code == 200:
                    break
            assert time.monotonic() < deadline, probe.log.read_text()
            time.sleep(0.05)
        yield probe
        assert "Traceback" not in probe.log.read_text()
    finally:
        process.kill()
        process.wait()


def everything(line: socket.socket) -> bytes:
    """What comes until the end."""
    with line:
        received = b""
        while True:
            try:
                part = line.recv(65536)
            except ConnectionResetError:
                return received + b"(reset)"
            if not part:
                return received
            received += part


def answer(line: socket.socket) -> bytes:
    """One answer of known length."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += line.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    [length] = [int(part[15:]) for part in head.lower().split(b"\r\n") if part[:15] == LENGTH]
    while len(body) < length:
        body += line.recv(65536)
    return head


def post(path: str, *headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: probe", "Content-Type: application/json", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def assert_problem(answer: bytes, status: int) -> None:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status), answer[:200]
    assert b"content-type: application/problem+json" in head.lower()
    assert b"connection: close" in head.lower()
    assert json.loads(body)["status"] == status


def test_a_header_that_does_not_end_is_408_within_its_time(probe: Probe) -> None:
    started = time.monotonic()
    assert_problem(everything(probe.connect(b"GET /health HTTP/1.1\r\nHost: x\r\nX-A: ")), 408)
    assert time.monotonic() - started < 8


def test_a_header_that_dribbles_has_no_more_time(probe: Probe) -> None:
    line = probe.connect(b"GET /health HTTP/1.1\r\n")
    started = time.monotonic()
    with suppress(OSError), line:
        while time.monotonic() - started < 10:
            line.sendall(b"a: b\r\n")
            time.sleep(0.2)
    assert time.monotonic() - started < 8


@pytest.mark.parametrize("sent", [b"", b"\r\n\r\n"])
def test_a_connection_that_asks_nothing_is_closed(probe: Probe, sent: bytes) -> None:
    assert everything(probe.connect(sent)) in {b"", b"(reset)"}


def test_a_connection_that_has_asked_may_wait_and_ask_again(probe: Probe) -> None:
    line = probe.connect()
    with line:
        for _ in range(2):
            line.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            assert answer(line).startswith(b"HTTP/1.1 200")
            time.sleep(3)
        # The time of a later header begins with its first byte.
        line.sendall(b"GET /hea")
        time.sleep(0.3)
        line.sendall(b"lth HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer(line).startswith(b"HTTP/1.1 200")
        line.sendall(b"GET /hea")
        assert_problem(everything(line), 408)


def test_a_stream_is_not_cut(probe: Probe) -> None:
    line = probe.connect(b"GET /stream HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert everything(line).count(b"beat") == 8


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /" + b"a" * 60_000,
        b"GET / HTTP/1.1\r\nX-Long: " + b"a" * 60_000,
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 100 + b"\r\n",
    ],
)
def test_a_header_without_end_is_431(probe: Probe, sent: bytes) -> None:
    assert_problem(everything(probe.connect(sent)), 431)


def test_endless_headers_trailers_and_blank_lines_take_no_memory(probe: Probe) -> None:
    before = probe.memory()
    for first in (
        b"GET / HTTP/1.1\r\nX: ",
        b"",
        post("/guarded", "Authorization: Bearer known", "Transfer-Encoding: chunked") + b"0\r\nX: ",
        post("/guarded", "Authorization: Bearer known", "Transfer-Encoding: chunked") + b"1;",
    ):
        sent, line = 0, probe.connect(first)
        with suppress(OSError), line:
            while sent < 200_000_000:
                line.sendall((b"\r\n" if first == b"" else b"aa") * 32_768)
                sent += 65_536
        assert probe.memory() - before < 20


def test_pipelined_requests_do_not_pile_up(probe: Probe) -> None:
    before = probe.memory()
    ask = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    line = probe.connect(ask * 4)
    with line:
        time.sleep(0.3)
        assert line.recv(65536).count(b"HTTP/1.1 200") == 4
        with suppress(OSError):
            for _ in range(500):
                line.sendall(ask * 2000)
    assert probe.memory() - before < 20
    assert probe.get().status_code == 200


@pytest.mark.parametrize("path", ["/open", "/guarded", "/nowhere"])
@pytest.mark.parametrize("headers", [[], ["Authorization: Bearer made-up"]])
def test_bodies_of_strangers_take_no_memory(probe: Probe, path: str, headers: list[str]) -> None:
    before, size = probe.memory(), 1_400_000
    with ExitStack() as open_ones:
        lines = []
        for _ in range(30):
            line = probe.connect(post(path, f"Content-Length: {size + 1}", *headers))
            open_ones.enter_context(line)
            line.setblocking(False)
            lines.append(line)
        left = dict.fromkeys(lines, size)
        deadline = time.monotonic() + 1
        while left and time.monotonic() < deadline:
            for line in list(left):
                try:
                    left[line] -= line.send(b"a" * min(65_536, left[line]))
                except BlockingIOError:
                    continue
                except OSError:
                    left[line] = 0
                if not left[line]:
                    del left[line]
        # A tenth of a megabyte each, at most; the bodies have forty together.
        assert probe.memory() - before < 8
        assert probe.get().status_code == 200


@pytest.mark.parametrize("token", [None, "known"])
@pytest.mark.parametrize("chunked", [False, True])
def test_ten_megabytes_are_told_so_whoever_sends_them(
    probe: Probe, token: str | None, chunked: bool
) -> None:
    url, size = f"http://127.0.0.1:{probe.port}/guarded", 10_000_000
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    expected = 401 if chunked and not token else 413
    body = (b"a" * 65_536 for _ in range(size // 65_536)) if chunked else b"a" * size
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=20)
    with refused.value as error:
        assert error.code == expected
        assert json.loads(error.read())["status"] == expected


def test_who_asks_whether_to_send_is_told_without_sending(probe: Probe) -> None:
    sent = post("/guarded", "Content-Length: 1000000", "Expect: 100-continue")
    assert_problem(everything(probe.connect(sent)), 401)
    sent = post(
        "/guarded", "Content-Length: 2", "Expect: 100-continue", "Authorization: Bearer known"
    )
    with probe.connect(sent) as line:
        assert line.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        line.sendall(b"{}")
        assert line.recv(1000).startswith(b"HTTP/1.1 201")


@pytest.mark.parametrize(
    "sent",
    [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"\x16\x03\x01\x00"],
)
def test_what_is_no_http_is_a_problem_too(probe: Probe, sent: bytes) -> None:
    assert_problem(everything(probe.connect(sent)), 400)


def test_a_chunk_that_is_none_ends_the_request(probe: Probe) -> None:
    sent = post("/guarded", "Authorization: Bearer known", "Transfer-Encoding: chunked")
    assert_problem(everything(probe.connect(sent + b"zz\r\n")), 400)


def test_an_answer_that_nobody_reads_is_given_up(probe: Probe) -> None:
    line = probe.connect(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
    time.sleep(4)
    assert len(everything(line)) < 30_000_000


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nX-A: ",
        b"",
        post("/open", "Content-Length: 100") + b"a",
        b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_a_crowd_of_strangers_locks_nobody_out(
    probe: Probe, sent: bytes, free_port: Callable[[], int]
) -> None:
    del free_port
    with ExitStack() as crowd:
        for _ in range(150):
            line = socket.create_connection(("127.0.0.1", probe.port), timeout=10)
            crowd.enter_context(line)
            with suppress(OSError):
                line.sendall(sent)
        time.sleep(1)
        for _ in range(3):
            assert probe.get("/health").status_code == 200
            assert probe.get("/nowhere").status_code == 404
    time.sleep(0.2)


def test_a_crowd_at_work_is_told_to_come_again_and_health_is_not(probe: Probe) -> None:
    with ExitStack() as crowd:
        for _ in range(45):
            line = probe.connect(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
            crowd.enter_context(line)
        time.sleep(0.3)
        refused = probe.get("/nowhere")
        assert refused.status_code == 503
        assert refused.headers["content-type"] == "application/problem+json"
        assert int(refused.headers["retry-after"]) >= 1
        assert probe.get("/health").status_code == 200
        for _ in range(20):
            crowd.enter_context(socket.create_connection(("127.0.0.1", probe.port), timeout=10))
        time.sleep(0.2)
        with suppress(httpx.TransportError):
            assert probe.get("/health").status_code == 503
    time.sleep(0.5)
    assert probe.get("/nowhere").status_code == 404
