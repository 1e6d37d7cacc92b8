"""The ways of sending alerts: a module each, and the list of them."""

from typing import Final

from alert_ingestion.formats import alertmanager, generic, heartbeat, native, webhook
from alert_ingestion.formats.cloudevents import events as cloudevents
from alert_ingestion.formats.format import Format
from alert_ingestion.formats.opsgenie import alerts as opsgenie_alerts
from alert_ingestion.formats.opsgenie import follow_ups
from alert_ingestion.formats.opsgenie import heartbeats as opsgenie_heartbeats
from alert_ingestion.formats.pagerduty import changes as pagerduty_changes
from alert_ingestion.formats.pagerduty import events as pagerduty_events

FORMATS: Final[tuple[Format, ...]] = (
    native.FORMAT,
    alertmanager.FORMAT,
    webhook.ALERTMANAGER,
    webhook.GRAFANA,
    cloudevents.FORMAT,
    generic.FORMAT,
    heartbeat.FORMAT,
    pagerduty_events.FORMAT,
    pagerduty_changes.FORMAT,
    opsgenie_alerts.FORMAT,
    follow_ups.CLOSE,
    follow_ups.ACKNOWLEDGE,
    follow_ups.NOTE,
    opsgenie_heartbeats.FORMAT,
)

BY_NAME: Final = {form.name: form for form in FORMATS}
