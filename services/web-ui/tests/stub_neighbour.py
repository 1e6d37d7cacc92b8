"""A neighbour whose answers a test settles, behind the real client: what was asked is kept."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from shared.contracts.identity import Role
from shared.http import ServiceClient

# A POST there changes nothing: its question is too long for an address.
ASKING = ("/preview", "/mapping/test")

Answer = Any | Callable[[httpx.Request], Any]


@dataclass
class Asked:
    """One request: ``body`` is its JSON."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    token: str


@dataclass
class StubNeighbour:
    """Answers by method and path; what was not settled is an empty list to a GET, else 404.

    An answer is a JSON document, an ``httpx.Response`` (a refusal), or a function of the request.
    """

    name: str
    answers: dict[tuple[str, str], Answer] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    down: bool = False
    roles: Callable[[str], Role | None] | None = None
    """Who may what, as the services see to it: a viewer changes nothing. None: not looked at."""

    @property
    def let_through(self) -> list[Asked]:
        """What would have been changed; a POST that only asks is none."""
        return [
            each
            for each in self.asked
            if each.method != "GET"
            and not each.path.endswith(ASKING)
            and (self.roles is None or self.roles(each.token) is not Role.VIEWER)
        ]

    def on(self, method: str, path: str, answer: Answer) -> None:
        """Settle an answer."""
        self.answers[method, path] = answer

    def refuse(self, method: str, path: str, status: int, detail: str, **more: Any) -> None:
        """Settle a refusal, as problem+json."""
        problem = {"status": status, "title": "Refused", "detail": detail, **more}
        self.on(method, path, httpx.Response(status, json=problem))

    def sent(self, method: str, path: str) -> list[Any]:
        """The bodies that were sent there, in their order."""
        return [each.body for each in self.asked if (each.method, each.path) == (method, path)]

    def client(self) -> ServiceClient:
        """The real client in front of it."""
        return ServiceClient(
            "http://neighbour.test",
            name=self.name,
            token="of-web-ui",
            transport=httpx.MockTransport(self._answer),
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            raise httpx.ConnectError("refused", request=request)
        path = request.url.path
        body = json.loads(request.content) if request.content else None
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        self.asked.append(Asked(request.method, path, dict(request.url.params), body, token))
        forbidden = (
            self.roles is not None
            and request.method != "GET"
            and self.roles(token) is Role.VIEWER
            and not path.endswith(ASKING)
        )
        if forbidden:
            return httpx.Response(403, json={"status": 403, "detail": "This needs another role."})
        answer = self.answers.get((request.method, path))
        if answer is None:
            if request.method == "GET":
                return httpx.Response(200, json={"items": [], "next_cursor": None})
            return httpx.Response(404, json={"status": 404, "detail": f"No answer for {path}."})
        made = answer(request) if callable(answer) else answer
        return made if isinstance(made, httpx.Response) else httpx.Response(200, json=made)
