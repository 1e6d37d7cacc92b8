"""Asking the services: straight over HTTP, or from inside the stack where nothing is published."""

from __future__ import annotations

import base64
import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

# Generous: a described API is computed on first request, and the machine may be busy building.
TIMEOUT_SECONDS = 30


class VerificationError(Exception):
    """Something is not as it must be; the message is the sentence a person reads."""


@dataclass(frozen=True)
class Reply:
    """An HTTP answer."""

    status: int
    body: str

    @property
    def json(self) -> Any:
        """The body as JSON; VerificationError shows what came instead."""
        try:
            return json.loads(self.body) if self.body else None
        except ValueError as error:
            raise VerificationError(f"no JSON in the answer: {self.body[:200]}") from error


class Route(Protocol):
    """A way to one service."""

    def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Send a request; VerificationError when no answer comes."""


@dataclass(frozen=True)
class Direct(Route):
    """Over an address that this machine can reach."""

    base: str

    def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """See Route."""
        request = urllib.request.Request(  # noqa: S310 - http addresses of our own stack
            self.base + path, data=body or None, headers=dict(headers), method=method
        )
        try:
            with _OPENER.open(request, timeout=TIMEOUT_SECONDS) as answer:
                return Reply(answer.status, answer.read().decode("utf-8", errors="replace"))
        except urllib.error.HTTPError as error:
            with error:
                return Reply(error.code, error.read().decode("utf-8", errors="replace"))
        except OSError as error:
            raise VerificationError(f"{self.base}{path}: no answer: {error}") from error


class _Stay(urllib.request.HTTPRedirectHandler):
    """Answers are looked at, not followed."""

    def redirect_request(self, *_arguments: Any) -> None:
        """Never follow."""


# Addresses of this machine; a proxy has no business there.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay)

# Runs inside a container of ours: Python's standard library is all it needs. The request comes on
# standard input, so that no token stands in an argument list.
_RELAY = """
import json, sys, urllib.error, urllib.request, base64
ask = json.load(sys.stdin)
request = urllib.request.Request(ask["url"], data=base64.b64decode(ask["body"]) or None,
                                 headers=ask["headers"], method=ask["method"])
try:
    answer = urllib.request.urlopen(request, timeout=30)
except urllib.error.HTTPError as error:
    answer = error
print(json.dumps({"status": answer.status, "body": answer.read().decode("utf-8", "replace")}))
"""


@dataclass(frozen=True)
class Inside(Route):
    """From within a container of the stack, for ports that are deliberately not published."""

    container: str
    base: str

    def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """See Route."""
        ask = {
            "url": self.base + path,
            "method": method,
            "headers": dict(headers),
            "body": base64.b64encode(body).decode(),
        }
        done = subprocess.run(
            ["docker", "exec", "--interactive", self.container, "python3", "-c", _RELAY],
            input=json.dumps(ask),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS * 2,
            check=False,
        )
        if done.returncode != 0:
            said = (done.stderr.strip().splitlines() or ["nothing"])[-1]
            raise VerificationError(f"{self.base}{path}: no answer: {said}")
        answer = json.loads(done.stdout)
        return Reply(answer["status"], answer["body"])


@dataclass(frozen=True)
class Service:
    """One service under a name, with the token that is sent to it."""

    name: str
    route: Route
    token: str = ""

    def call(self, method: str, path: str, body: Any = None, *, expect: int | None = None) -> Reply:
        """One request; with `expect`, any other status is a VerificationError."""
        headers = {"Accept": "application/json"}
        if self.token:
            headers["Authorization"] = self.token
        content = b""
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = json.dumps(body).encode()
        reply = self.route.send(method, path, headers, content)
        if expect is not None and reply.status != expect:
            raise VerificationError(
                f"{self.name}: {method} {path} answered {reply.status} instead of {expect}: "
                f"{' '.join(reply.body[:300].split())}"
            )
        return reply


def bearer(token: str) -> str:
    """The Authorization header of a token."""
    return f"Bearer {token}"


def basic(user: str, password: str) -> str:
    """The Authorization header of a user."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
