"""Senders that keep on sending: what was accepted, what was refused, and how."""

from __future__ import annotations

import threading
import time
from collections import Counter
from types import TracebackType
from typing import Self

from containers.stack import Stack, request

PAUSE_SECONDS = 0.1


class AlertStream:
    """One sender in the background; each alert is about another service, so each is an incident.

    ``retry_seconds`` is for how long it repeats one alert that was not answered with 2xx, as
    Alertmanager and every client worth its name does; the dedup_key makes a repetition harmless.
    """

    def __init__(self, stack: Stack, *, retry_seconds: float = 0) -> None:
        # Asked once: while containers are killed, compose may not know the port for a moment.
        self._url = stack.url("alert-ingestion", "/api/v1/alerts")
        self._key = stack.secret("ingestion_key")
        self._retry_seconds = retry_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alert-stream")
        self.accepted: dict[str, str] = {}
        self.given_up: list[str] = []
        self.statuses: Counter[int] = Counter()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            self._send(f"service-{number:05}")
            self._stop.wait(PAUSE_SECONDS)

    def _send(self, service: str) -> None:
        deadline = time.monotonic() + self._retry_seconds
        alert = {"service": service, "severity": "low", "message": "down", "dedup_key": service}
        while True:
            answer = request(self._url, alert, self._key)
            self.statuses[answer.status] += 1
            if 200 <= answer.status < 300:
                self.accepted[service] = answer.body["incident_id"]
                return
            if time.monotonic() >= deadline:
                self.given_up.append(service)
                return
            self._stop.wait(0.3)
