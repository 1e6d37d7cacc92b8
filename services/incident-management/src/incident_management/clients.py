"""What incident-management asks of its neighbours while somebody waits for the answer."""

from typing import Protocol
from uuid import UUID

from pydantic import ValidationError

from shared.contracts.wire import Ref
from shared.errors import Unavailable
from shared.http import ServiceClient


class PeopleDirectory(Protocol):
    """Knows people by their ids."""

    async def find(self, person_id: UUID) -> Ref | None:
        """The person; None when there is no such person.

        Raises:
            Unavailable: it cannot be told now.
        """
        ...


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
