"""What incident-management needs to know."""

from pydantic import Field, SecretStr, field_validator

from incident_management import targets
from incident_management.targets import Targets, parse_targets
from shared.links import LinkSettings
from shared.settings import DatabaseSettings


class IncidentManagementSettings(DatabaseSettings, LinkSettings):
    """The common settings, a role that may read the server's figures, and what is in time."""

    metrics_database_user: str = Field(
        "", description="login role of pg_monitor for the server's figures; empty: none are shown"
    )
    metrics_database_password: SecretStr = Field(
        SecretStr(""), description="password of that role; better as a file"
    )
    acknowledge_targets: str = Field(
        targets.ACKNOWLEDGE,
        description="within which time an incident is to be acknowledged, by severity",
    )
    resolve_targets: str = Field(
        targets.RESOLVE,
        description="within which time an incident is to be resolved, by severity",
    )

    incident_retention_days: int = Field(
        730, ge=30, description="how long incidents are kept after their end; figures stay"
    )

    @field_validator("acknowledge_targets", "resolve_targets")
    @classmethod
    def _names_each_severity(cls, value: str) -> str:
        parse_targets(value)
        return value

    @property
    def targets(self) -> Targets:
        """What figures compare times with."""
        return Targets(parse_targets(self.acknowledge_targets), parse_targets(self.resolve_targets))
