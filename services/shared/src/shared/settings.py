"""Settings come from the environment, secrets from files, and are checked before a start."""

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

PREFIX = "VIGIE_"
FILE_SUFFIX = "_FILE"

# uvicorn's own, which reads it too: who is believed about the address of somebody else.
TRUSTED_PROXIES = "FORWARDED_ALLOW_IPS"

Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0)]


class SettingsError(Exception):
    """The environment does not make sense; the message names each variable and what it needs."""


class ServiceSettings(BaseSettings):
    """What every service needs to know. Every variable ``NAME`` can be given as ``NAME_FILE``."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True
    )

    bind_host: str = Field("127.0.0.1", description="address the service listens on")
    bind_port: Port = Field(8000, description="port the service listens on")
    workers: int = Field(
        1,
        ge=0,
        le=64,
        description="processes of the service behind its port; 0: one a core, two at most",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="least severe level that is logged"
    )
    revision: str = Field("unknown", description="commit the image was built from")
    service_token: SecretStr = Field(
        SecretStr(""), description="this service's own token, sent to its neighbours"
    )
    callers: dict[str, str] = Field(
        {},
        description="JSON object: name of a service that may call -> SHA-256 of its token, in hex",
    )
    alert_ingestion_url: str = Field(
        "http://127.0.0.1:8001", description="where alert-ingestion answers"
    )
    incident_management_url: str = Field(
        "http://127.0.0.1:8002", description="where incident-management answers"
    )
    oncall_service_url: str = Field(
        "http://127.0.0.1:8003", description="where oncall-service answers"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments (tests), then the environment with its files; no .env is read by a process."""
        del env_settings, dotenv_settings, file_secret_settings
        return init_settings, _EnvironmentAndFiles(settings_cls)


class DatabaseSettings(ServiceSettings):
    """How a service reaches its schema."""

    database_host: str = Field("127.0.0.1", description="host of PostgreSQL")
    database_port: Port = Field(5432, description="port of PostgreSQL")
    database_name: str = Field("vigie", description="database of the installation")
    database_user: str = Field(description="login role of this service")
    database_password: SecretStr = Field(
        SecretStr(""), description="password of that role; better as a file"
    )
    database_pool_size: int = Field(
        10, ge=2, le=100, description="connections this replica may hold"
    )
    database_wait_seconds: Seconds = Field(
        60, description="how long a start waits for the database, in seconds"
    )


class _EnvironmentAndFiles(EnvSettingsSource):
    """The environment, where ``NAME_FILE`` stands for the content of a file.

    The convention of the official container images; giving both is a mistake, and is said.
    """

    def _load_env_vars(self) -> Mapping[str, str | None]:
        variables = dict(super()._load_env_vars())
        known = {f"{PREFIX}{name}".lower() for name in self.settings_cls.model_fields}
        for name in sorted(known):
            path = os.environ.get((name + FILE_SUFFIX).upper())
            if not path:
                continue
            if variables.get(name):
                raise SettingsError(
                    f"{name.upper()} and {(name + FILE_SUFFIX).upper()} are both set: keep one."
                )
            variables[name] = _content(name.upper() + FILE_SUFFIX, Path(path))
        return variables

    def prepare_field_value(
        self, field_name: str, field: FieldInfo, value: Any, value_is_complex: bool
    ) -> Any:
        """The value, decoded from JSON where the field is not a plain one."""
        try:
            return super().prepare_field_value(field_name, field, value, value_is_complex)
        except ValueError:
            raise SettingsError(f"{PREFIX}{field_name.upper()} must be valid JSON.") from None


def _content(variable: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise SettingsError(f"{variable} names {path}, which cannot be read: {reason}.") from error


Settings = TypeVar("Settings", bound=ServiceSettings)


def load(settings_class: type[Settings]) -> Settings:
    """Read the environment.

    Raises:
        SettingsError: one sentence for each variable that is missing or does not make sense. The
            rejected value is not repeated: it may be a secret.
    """
    _check_trusted_proxies(os.environ.get(TRUSTED_PROXIES, ""))
    try:
        return settings_class()
    except ValidationError as error:
        raise SettingsError(
            " ".join(
                f"{PREFIX}{'_'.join(map(str, problem['loc'])).upper()}: {problem['msg']}."
                for problem in error.errors(include_url=False, include_input=False)
            )
        ) from error


def _check_trusted_proxies(text: str) -> None:
    """Say what uvicorn would take for the name of a socket, and so never believe."""
    if text.strip() in {"", "*"}:
        return
    for entry in text.split(","):
        try:
            ipaddress.ip_network(entry.strip())
        except ValueError as error:
            raise SettingsError(
                f"{TRUSTED_PROXIES}: {error}; give addresses and networks, separated by commas."
            ) from None
