"""What web-ui needs to know beyond what every service does."""

from pathlib import Path

from pydantic import Field, SecretStr

from shared.settings import ServiceSettings

# Shorter secrets can be guessed; the generated one is far longer.
MINIMUM_SECRET = 16


class WebUiSettings(ServiceSettings):
    """The environment of web-ui."""

    bind_port: int = Field(8080, ge=1, le=65535, description="port the service listens on")
    csrf_secret: SecretStr = Field(
        min_length=MINIMUM_SECRET,
        description="signs the tokens of forms; the same for all replicas; better as a file",
    )
    secure_cookies: bool = Field(
        False, description="true behind TLS: cookies are then sent over HTTPS only"
    )
    web_ui_url: str = Field(
        "http://127.0.0.1:8080", description="the address people use, for links in messages"
    )
    grafana_url: str = Field("", description="where people find Grafana; empty: nowhere")
    alert_ingestion_public_url: str = Field(
        "http://127.0.0.1:8001",
        description="alert-ingestion as senders reach it, for what is to be pasted there",
    )
    runbooks_folder: Path = Field(
        Path("../../docs/runbooks"),
        description="the runbooks that web-ui shows, from where the service runs",
    )
