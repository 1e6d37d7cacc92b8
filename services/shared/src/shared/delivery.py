"""Handing events from the outbox to a neighbour's batch endpoint."""

from collections.abc import Awaitable, Callable, Sequence

import httpx
from pydantic import ValidationError

from shared.contracts.wire import EventResult, EventResults
from shared.errors import Unavailable
from shared.http import ServiceClient
from shared.outbox import Dead, Deliver, Delivered, Outcome, Retry, Row

# The worker's patience ends a request (shared.pace), so that a slow receiver is given smaller
# batches and not the same one again and again; only a connection has to come quickly.
_TIME_LIMITS = httpx.Timeout(None, connect=2.0)

# The request was under way when the receiver went: perhaps because of it.
_BROKEN_OFF = (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)

OnResults = Callable[[Sequence[Row], Sequence[EventResult]], Awaitable[None]]

# Refusals that a repetition can cure: credentials being rotated, a time limit, overload.
_PASSING = frozenset({401, 403, 404, 408, 425, 429})


def event_sender(client: ServiceClient, path: str, on_results: OnResults | None = None) -> Deliver:
    """A deliverer that POSTs ``{"events": [payload...]}`` and reads one result an event.

    ``on_results`` runs after a batch was taken and before its rows are settled; if it fails, the
    batch is delivered again, which the receiver's idempotence makes harmless.
    """
    return _EventSender(client, path, on_results).send


class _EventSender:
    def __init__(self, client: ServiceClient, path: str, on_results: OnResults | None) -> None:
        self._client = client
        self._path = path
        self._on_results = on_results

    async def send(self, rows: Sequence[Row]) -> Sequence[Outcome]:
        try:
            response = await self._client.request(
                "POST",
                self._path,
                json={"events": [row.payload for row in rows]},
                idempotent=False,  # the outbox repeats
                time_limits=_TIME_LIMITS,
            )
        except Unavailable as error:
            broke_off = isinstance(error.__cause__, _BROKEN_OFF)
            return [Retry(error.detail, broke_off)] * len(rows)
        if response.status_code == 200:
            return await self._taken(rows, response)
        reason = f"{self._client.name} answered {response.status_code}: {response.text[:300]}"
        if response.status_code >= 500:
            return [Retry(reason, too_much=len(rows) > 1)] * len(rows)
        if response.status_code in _PASSING:
            return [Retry(reason)] * len(rows)
        return [Dead(reason)] if len(rows) == 1 else await self._one_by_one(rows)

    async def _taken(self, rows: Sequence[Row], response: httpx.Response) -> Sequence[Outcome]:
        try:
            results = EventResults.model_validate_json(response.content).results
        except ValidationError:
            return [Retry(f"{self._client.name} answered something else than results")] * len(rows)
        if self._on_results is not None:
            await self._on_results(rows, results)
        answered = {str(result.event_id) for result in results}
        return [
            (
                Delivered()
                if row.payload["event_id"] in answered
                else Retry(f"{self._client.name} said nothing about it")
            )
            for row in rows
        ]

    async def _one_by_one(self, rows: Sequence[Row]) -> Sequence[Outcome]:
        # One event the neighbour refuses must not take the others of its batch with it.
        outcomes: list[Outcome] = []
        held: set[str] = set()
        for row in rows:
            if row.key in held:
                outcomes.append(Retry("an earlier message of the same key failed"))
                continue
            outcome = (await self.send([row]))[0]
            if isinstance(outcome, Retry):
                held.add(row.key)
            outcomes.append(outcome)
        return outcomes
