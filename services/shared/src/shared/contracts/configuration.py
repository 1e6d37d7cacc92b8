"""What oncall-service answers about its configuration, as its clients read it."""

from datetime import datetime
from uuid import UUID

from shared.contracts.identity import Role
from shared.contracts.wire import Ref, Text, Wire


class TeamView(Wire):
    """``catch_all`` marks the team that answers for every service nobody claimed."""

    id: UUID
    name: Text
    catch_all: bool
    members: list[Ref]
    created_at: datetime


class ServiceView(Wire):
    """An entry of the directory."""

    id: UUID
    name: Text
    team: Ref
    policy: Ref | None
    created_at: datetime


class TokenView(Wire):
    """A token without the token."""

    id: UUID
    name: Text
    role: Role
    created_by: Text
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class TokenCreated(TokenView):
    """``token`` is shown here and never again."""

    token: Text
