"""Who asks: somebody with an API token, or a sender with the key of its integration."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request

from alert_ingestion.integrations import authenticate
from alert_ingestion.model import Policy
from alert_ingestion.routes.keys import integration_key
from shared.auth import Authenticator
from shared.contracts.identity import Actor, Role
from shared.database import Database
from shared.errors import Forbidden, Unauthorized


@dataclass(frozen=True, slots=True)
class Asker:
    """Whoever asks; ``integration_id`` is the only one whose alerts they see, None: every one."""

    actor: Actor
    integration_id: UUID | None = None


async def who_asks(
    request: Request[Any, Any, Any],
    database: Database,
    now: datetime,
    defaults: Policy,
    role: Role = Role.VIEWER,
) -> Asker:
    """Who asks; an integration may do to its own alerts whatever ``role`` is needed for.

    Raises:
        Unauthorized: nobody who is known.
        Forbidden: somebody without the role.
    """
    key = integration_key(request)
    if key is None:
        raise Unauthorized(
            "Send an API token or an integration key as 'Authorization: Bearer <token>'."
        )
    try:
        async with database.transaction() as connection:
            integration = await authenticate(connection, key, now, defaults)
    except Unauthorized:
        authenticator: Authenticator = request.app.state.authenticator
        principal = await authenticator.authenticate(key)
        if principal is None:
            raise Unauthorized("This token is unknown, expired or revoked.") from None
        if not principal.role.includes(role):
            raise Forbidden(
                f"This needs the role {role}; {principal.name} is {principal.role}."
            ) from None
        return Asker(Actor.of(principal))
    by = Actor(kind="service", id=str(integration.id), name=integration.name)
    return Asker(by, integration.id)
