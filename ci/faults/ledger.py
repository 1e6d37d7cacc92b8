"""A sender that keeps books: what it was promised, when, and under which key."""

import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx

# As patient senders are: an alert is sent until somebody has answered for it.
RETRY_SECONDS = 0.5
ATTEMPTS = 240


@dataclass(frozen=True)
class Accepted:
    """One alert and the 2xx that answered for it; ``at`` is a reading of ``time.monotonic``."""

    dedup_key: str
    service: str
    severity: str
    alert_id: str
    incident_id: str
    action: str
    at: float


@dataclass
class Ledger:
    """Every promise of the other side, by the key of its alert; the first one counts."""

    accepted: dict[str, Accepted] = field(default_factory=dict)
    replies: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, alerts: Sequence[dict[str, Any]], answers: Sequence[dict[str, Any]]) -> None:
        """Write down what was answered just now."""
        now = time.monotonic()
        with self._lock:
            self.replies += len(answers)
            for alert, answer in zip(alerts, answers, strict=True):
                self.accepted.setdefault(
                    alert["dedup_key"],
                    Accepted(
                        alert["dedup_key"],
                        alert["service"],
                        alert["severity"],
                        answer["alert_id"],
                        answer["incident_id"],
                        answer["action"],
                        now,
                    ),
                )

    def refuse(self, reason: str) -> None:
        """Count an answer that was no promise."""
        with self._lock:
            self.refused[reason] = self.refused.get(reason, 0) + 1


def alert(service: str, severity: str, number: int) -> dict[str, Any]:
    """One alert in the native format, with an identity of its own."""
    return {
        "service": service,
        "severity": severity,
        "message": f"{service} is in trouble ({number})",
        "dedup_key": f"{service}#{number}",
    }


class Sender:
    """Sends alerts from a few threads, and keeps the ledger."""

    def __init__(self, url: str, key: str, ledger: Ledger, threads: int = 8) -> None:
        self._url = f"{url}/api/v1/alerts"
        self._ledger = ledger
        self._threads = threads
        self._client = httpx.Client(
            headers={"Authorization": f"Bearer {key}"},
            timeout=15,
            trust_env=False,
            limits=httpx.Limits(max_connections=threads + 4),
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def send(self, alerts: Sequence[dict[str, Any]], *, attempts: int = ATTEMPTS) -> bool:
        """Send alerts in one request, until it is answered for; False when it never was."""
        body = alerts[0] if len(alerts) == 1 else list(alerts)
        for _ in range(attempts):
            try:
                answer = self._client.post(self._url, json=body)
            except httpx.TransportError as error:
                self._ledger.refuse(type(error).__name__)
            else:
                if answer.status_code == 201:
                    found = answer.json()
                    answers = found.get("results", [found])
                    self._ledger.note(alerts, answers)
                    return True
                self._ledger.refuse(str(answer.status_code))
            time.sleep(RETRY_SECONDS)
        return False

    def send_all(
        self, requests: Iterable[Sequence[dict[str, Any]]], *, per_second: float | None = None
    ) -> None:
        """Send requests from several threads at once, at most so many alerts a second."""
        began, sent = time.monotonic(), 0
        with ThreadPoolExecutor(self._threads) as pool:
            pending = []
            for request in requests:
                if per_second is not None:
                    ahead = began + sent / per_second - time.monotonic()
                    if ahead > 0:
                        time.sleep(ahead)
                sent += len(request)
                pending.append(pool.submit(self.send, request))
            for each in pending:
                if not each.result():
                    raise AssertionError("an alert was never answered for")
