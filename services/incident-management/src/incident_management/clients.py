"""What incident-management asks of its neighbours while somebody waits for the answer."""

from typing import Protocol
from uuid import UUID

from pydantic import ValidationError

from shared.contracts.oncall_api import WhyView
from shared.contracts.wire import Ref
from shared.errors import FieldError, Invalid, Unavailable
from shared.http import ServiceClient


class PeopleDirectory(Protocol):
    """Knows people by their ids."""

    async def find(self, person_id: UUID) -> Ref | None:
        """The person; None when there is no such person.

        Raises:
            Unavailable: it cannot be told now.
        """
        ...


class PageLedger(Protocol):
    """Knows what an incident's pages came from, and what became of them."""

    async def of(self, incident_id: UUID, person: str | None, language: str) -> WhyView | None:
        """The ledger of an incident, in a language; None when it was never heard of.

        Raises:
            Invalid: there is no such person.
            Unavailable: it cannot be told now.
        """
        ...


class OncallLedger:
    """Asks oncall-service, which pages."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def of(self, incident_id: UUID, person: str | None, language: str) -> WhyView | None:
        """See :class:`PageLedger`."""
        response = await self._client.request(
            "GET",
            f"/api/v1/incidents/{incident_id}/why",
            params={"person": person} if person else None,
            headers={"Accept-Language": language},
        )
        if response.status_code == 404:
            return None
        if response.status_code == 422:
            raise Invalid([FieldError("person", f"there is no person '{person}'")])
        if response.status_code != 200:
            raise Unavailable(f"{self._client.name} answered {response.status_code}.")
        try:
            return WhyView.model_validate_json(response.content)
        except ValidationError as error:
            raise Unavailable(f"{self._client.name} gave an answer that cannot be read.") from error


class OncallPeople:
    """Asks oncall-service, which owns people."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def find(self, person_id: UUID) -> Ref | None:
        """See :class:`PeopleDirectory`."""
        response = await self._client.request("GET", f"/api/v1/people/{person_id}")
        if response.status_code == 404:
            return None
        if response.status_code != 200:
            raise Unavailable(f"{self._client.name} answered {response.status_code}.")
        try:
            return Ref.model_validate_json(response.content)
        except ValidationError as error:
            raise Unavailable(f"{self._client.name} gave an answer without a name.") from error
