"""What incident-management needs to know."""

from pydantic import Field, SecretStr

from shared.settings import DatabaseSettings


class IncidentManagementSettings(DatabaseSettings):
    """The common settings, and a role that may read the server's figures."""

    metrics_database_user: str = Field(
        "", description="login role of pg_monitor for the server's figures; empty: none are shown"
    )
    metrics_database_password: SecretStr = Field(
        SecretStr(""), description="password of that role; better as a file"
    )
