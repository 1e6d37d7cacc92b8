"""The public APIs, as the demonstration uses them. Standard library only."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

TIMEOUT_SECONDS = 30
# Loading a demonstration is worth some patience with a service that just started.
ATTEMPTS = 5

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class ApiError(Exception):
    """A service refused, or did not answer; the message holds its own words."""


class Api:
    """One service, called with one token."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url.rstrip("/")
        self._token = token

    def get(self, path: str) -> Any:
        """The answer to a GET."""
        return self._call("GET", path, None)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """The answer to a POST of JSON."""
        return self._call("POST", path, json.dumps(body).encode())

    def items(self, path: str) -> list[dict[str, Any]]:
        """Every item of a list, page by page."""
        found: list[dict[str, Any]] = []
        cursor: str | None = ""
        while cursor is not None:
            page = self.get(f"{path}?limit=200" + (f"&cursor={cursor}" if cursor else ""))
            found += page["items"]
            cursor = page["next_cursor"]
        return found

    def _call(self, method: str, path: str, body: bytes | None) -> Any:
        request = urllib.request.Request(  # noqa: S310 - the address comes from credentials.sh
            self._url + path,
            data=body,
            method=method,
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
        )
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with _direct.open(request, timeout=TIMEOUT_SECONDS) as response:
                    return json.loads(response.read() or b"null")
            except urllib.error.HTTPError as error:
                answer = error.read().decode(errors="replace")
                if error.code not in {429, 502, 503} or attempt == ATTEMPTS:
                    raise ApiError(f"{method} {path} answered {error.code}: {answer}") from None
            except OSError as error:
                # A change that was perhaps made is not asked for again: the answer would differ.
                # URLError is raised while the request is being sent.
                unsure = method != "GET" and not isinstance(error, urllib.error.URLError)
                if attempt == ATTEMPTS or unsure:
                    raise ApiError(f"{method} {self._url}{path}: {error}") from None
            time.sleep(0.5 * attempt)
        raise AssertionError("unreachable")
