"""Sessions and API tokens, as the API takes them."""

from pydantic import Field, SecretStr

from oncall_service.core.fields import Password
from shared.contracts.identity import Role
from shared.contracts.wire import Command, Instant, Line, Text


class SignIn(Command):
    """``user`` is a login.

    ``device`` is a secret that a browser keeps and sends each time: once its person has signed in
    with it, nobody else's failed attempts make them wait there. ``agent`` is what a browser calls
    itself, for the list of one's sessions.
    """

    user: Text = Field(max_length=200)
    password: SecretStr = Field(max_length=1000)
    device: SecretStr | None = Field(None, min_length=32, max_length=200)
    agent: Text | None = Field(None, max_length=300)


class TokenCreate(Command):
    """A token for automation. Without ``expires_at`` it lives until it is revoked."""

    name: Line
    role: Role = Role.RESPONDER
    expires_at: Instant | None = None


class PasswordChange(Command):
    """``POST /api/v1/me/password``."""

    current: SecretStr
    new: Password
