"""The ways of sending alerts: a module each, and the list of them."""

from typing import Final

from alert_ingestion.formats import alertmanager, native, webhook
from alert_ingestion.formats.format import Format

FORMATS: Final[tuple[Format, ...]] = (
    native.FORMAT,
    alertmanager.FORMAT,
    webhook.ALERTMANAGER,
    webhook.GRAFANA,
)
