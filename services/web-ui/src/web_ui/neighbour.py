"""A neighbour over HTTP: requests out, shapes or named failures back (see clients.py)."""

from collections.abc import Mapping
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from shared.contracts.wire import Page
from shared.errors import (
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    NotFound,
    Problem,
    TooMany,
    Unavailable,
)
from shared.http import ServiceClient
from web_ui import reading
from web_ui.clients import Down, SignedOut

Shape = TypeVar("Shape", bound=BaseModel)

# Who wants more reads it in the API; a page of thousands of entries helps nobody.
LONGEST_LIST = 1000
PAGE_SIZE = 200


_PLAIN: dict[int, type[SignedOut | Forbidden | NotFound]] = {
    401: SignedOut,
    403: Forbidden,
    404: NotFound,
}


class Neighbour:
    """Sends a request and turns whatever comes back into a shape or a named failure."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def _ask(
        self,
        shape: type[Shape],
        method: str,
        path: str,
        token: str | None,
        *,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Shape:
        response = await self._send(method, path, token, json=json, params=params, headers=headers)
        try:
            return shape.model_validate_json(response.content)
        except ValidationError as error:
            raise Down(
                self._client.name, f"{self._client.name} gave an answer that cannot be read."
            ) from error

    async def _whole(
        self,
        shape: type[Shape],
        path: str,
        token: str,
        params: Mapping[str, Any] | None = None,
    ) -> list[Shape]:
        """A list to its end, or until it is longer than any page shows."""
        items: list[Shape] = []
        asked: dict[str, Any] = {**(params or {}), "limit": PAGE_SIZE}
        while len(items) < LONGEST_LIST:
            page: Page[Shape] = await self._ask(
                Page[shape],  # type: ignore[valid-type]
                "GET",
                path,
                token,
                params=asked,
            )
            items += page.items
            if page.next_cursor is None:
                break
            asked["cursor"] = page.next_cursor
        return items

    async def _send(
        self,
        method: str,
        path: str,
        token: str | None,
        *,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        name = self._client.name
        # Sentences are made by whoever knows the facts, in the language of who reads them.
        sent = {"Accept-Language": reading.current().language, **(headers or {})}
        try:
            response = await self._client.request(
                method, path, json=json, params=params, token=token, headers=sent
            )
        except Unavailable as error:
            raise Down(name, error.detail) from error
        if response.is_success:
            return response
        raise _failure(name, response)


def _failure(name: str, response: httpx.Response) -> Problem:
    """The failure a neighbour's answer stands for."""
    document = _document(response)
    detail = str(document.get("detail") or f"{name} answered {response.status_code}.")
    status = response.status_code
    if status == 409:
        # Not every refusal is about a state: what says nothing of others allows none by that.
        told = document.get("allowed")
        return Conflict(detail) if told is None else Conflict(detail, allowed=_texts(told))
    if status in {400, 422}:
        return Invalid(_field_errors(document), detail)
    if status == 429:
        wait = response.headers.get("retry-after", "")
        return TooMany(detail, retry_after=int(wait) if wait.isdigit() else 30)
    if status in _PLAIN:
        return _PLAIN[status](detail)
    return Down(name, f"{name} answered {status}.")


def _document(response: httpx.Response) -> dict[str, Any]:
    try:
        document = response.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _texts(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def _field_errors(document: Mapping[str, Any]) -> list[FieldError]:
    errors = document.get("errors")
    return [
        FieldError(str(error.get("field", "")), str(error.get("message", "")))
        for error in (errors if isinstance(errors, list) else [])
        if isinstance(error, dict)
    ]
