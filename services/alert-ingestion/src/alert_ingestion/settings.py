import httpx
from pydantic import Field, SecretStr, field_validator

from shared.settings import DatabaseSettings, Seconds


class AlertIngestionSettings(DatabaseSettings):
    """What alert-ingestion needs to know beside what every service does."""

    bind_port: int = Field(8001, ge=1, le=65535, description="port the service listens on")
    bootstrap_ingestion_key: SecretStr = Field(
        SecretStr(""), description="integration key that is registered once, at the first start"
    )
    correlation_window_seconds: int = Field(
        300, ge=0, le=86_400, description="how long an incident takes in new alerts of its kind"
    )
    correlation_max_age_seconds: int = Field(
        14_400,
        ge=60,
        le=31_536_000,
        description="how old an incident may be that still takes in alerts of new fingerprints",
    )
    resolve_timeout_seconds: int = Field(
        300,
        ge=10,
        le=604_800,
        description="after how long an unrepeated Alertmanager alert is over",
    )
    storm_incidents: int = Field(
        100,
        ge=0,
        le=1_000_000,
        description="new incidents of an integration within a minute beyond which all others of it "
        "are one incident, of the storm; 0: never",
    )
    flap_openings: int = Field(
        6, ge=0, le=100, description="openings with which an alert is flapping; 0: never"
    )
    flap_window_seconds: int = Field(
        1_800, ge=60, le=86_400, description="in which the openings of an alert are counted"
    )
    flap_quiet_seconds: int = Field(
        600, ge=10, le=86_400, description="how long what flaps has to be quiet to be over"
    )
    requests_per_minute: int = Field(
        0,
        ge=0,
        le=10_000_000,
        description="requests of one integration beyond which more are refused, for each worker "
        "process; 0: never",
    )
    inbox_retention_days: int = Field(
        14, ge=1, le=3650, description="how long the raw bodies of accepted requests are kept"
    )
    alert_retention_days: int = Field(
        730, ge=31, le=36_500, description="how long alerts are kept that are over"
    )
    canary_interval_seconds: float = Field(
        300,
        ge=0,
        # CanaryFailing looks for two walks that failed within a quarter of an hour.
        le=420,
        description="how often an alert of the platform's own walks the whole way; 0: never",
    )
    canary_patience_seconds: Seconds = Field(
        120, description="after how long a walk that is not complete has failed"
    )
    deadman_url: SecretStr = Field(
        SecretStr(""),
        description="URL that is asked every minute while all is well; empty: none",
    )

    @field_validator("deadman_url")
    @classmethod
    def _can_be_asked(cls, value: SecretStr) -> SecretStr:
        try:
            url = httpx.URL(value.get_secret_value())
        except httpx.InvalidURL:
            raise ValueError("must be a URL") from None
        if value and (url.scheme not in ("http", "https") or not url.host):
            raise ValueError("must begin with http:// or https:// and a host")
        return value
