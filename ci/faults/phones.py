"""Everybody's phone: takes webhooks, and remembers which message said what when."""

import json
import threading
import time
from collections import Counter
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


@dataclass(frozen=True)
class Rang:
    """One message as it arrived; ``at`` is a reading of ``time.monotonic``."""

    person: str
    key: str
    kind: str
    incidents: tuple[str, ...]
    at: float


class Phones:
    """An HTTP server on loopback; each person has a path."""

    def __init__(self) -> None:
        self.rang: list[Rang] = []
        self._lock = threading.Lock()
        phones = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                phones.note(self.path.strip("/"), self.headers["Idempotency-Key"], body)
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def note(self, person: str, key: str, body: dict[str, object]) -> None:
        """Remember a message."""
        listed = body.get("incidents")
        incidents = (
            tuple(str(each["incident_id"]) for each in listed)
            if isinstance(listed, list)
            else (str(body.get("incident_id")),)
        )
        with self._lock:
            self.rang.append(Rang(person, key, str(body.get("kind")), incidents, time.monotonic()))

    def first_word(self) -> dict[str, float]:
        """When each incident was said first."""
        first: dict[str, float] = {}
        with self._lock:
            for message in self.rang:
                for incident in message.incidents:
                    first.setdefault(incident, message.at)
        return first

    def repeats(self) -> int:
        """Messages that came again under the key of one that had come."""
        with self._lock:
            return sum(count - 1 for count in Counter(each.key for each in self.rang).values())

    def beyond_the_rate(self, burst: int, interval: float) -> list[str]:
        """People who got more than the burst and one message an interval, in any stretch of time.

        Repetitions under the same key, which a phone drops, do not count. A second is allowed for
        the way of a message.
        """
        by_person: dict[str, dict[str, float]] = {}
        with self._lock:
            for message in self.rang:
                by_person.setdefault(message.person, {}).setdefault(message.key, message.at)
        return [
            person
            for person, keys in by_person.items()
            if _exceeds(sorted(keys.values()), burst, interval)
        ]


def _exceeds(instants: list[float], burst: int, interval: float) -> bool:
    return any(
        count > burst + int((end - begin + 1) / interval)
        for first, begin in enumerate(instants)
        for count, end in enumerate(instants[first:], start=1)
    )
