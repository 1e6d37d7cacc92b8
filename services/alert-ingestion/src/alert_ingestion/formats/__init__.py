"""The ways of sending alerts: a module each, and the list of them."""

from typing import Final

from alert_ingestion.formats import alertmanager, native, webhook
from alert_ingestion.formats.format import Format
from alert_ingestion.formats.pagerduty import changes as pagerduty_changes
from alert_ingestion.formats.pagerduty import events as pagerduty_events

FORMATS: Final[tuple[Format, ...]] = (
    native.FORMAT,
    alertmanager.FORMAT,
    webhook.ALERTMANAGER,
    webhook.GRAFANA,
    pagerduty_events.FORMAT,
    pagerduty_changes.FORMAT,
)
