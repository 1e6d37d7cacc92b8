"""The composition root: settings and collaborators in, the application out. Wiring only."""

from pathlib import Path
from typing import Final

import httpx
from litestar import Litestar
from litestar.di import Provide
from prometheus_client import CollectorRegistry

from alert_ingestion import integrations, metrics
from alert_ingestion.engines import engines
from alert_ingestion.handover import TOPIC
from alert_ingestion.model import Policy
from alert_ingestion.routes import (
    alertmanager,
    alerts,
    audit,
    changes,
    heartbeats,
    inbound,
    inbox,
    inhibition_rules,
    internal,
    mappings,
    opsgenie,
    rate,
    silences,
)
from alert_ingestion.routes import integrations as integration_routes
from alert_ingestion.routes.front_door import FrontDoor
from alert_ingestion.settings import AlertIngestionSettings
from alert_ingestion.workflow.answers import Answers
from alert_ingestion.workflow.ingest import Ingestion
from alert_ingestion.workflow.refusals import Refusals
from alert_ingestion.workflow.subscriptions import Subscriptions
from shared.app import ServiceParts, assemble
from shared.auth import (
    Authenticator,
    CachedTokenDirectory,
    RemoteTokenDirectory,
    TokenDirectory,
)
from shared.clock import Clock, SystemClock
from shared.contracts.alerts import ALERT_EVENTS_PATH
from shared.database import Database
from shared.delivery import event_sender
from shared.http import ServiceClient
from shared.outbox import OutboxWorker
from shared.periodic import EngineMetrics
from shared.wakeups import Wakeups

SERVICE: Final = "alert-ingestion"
SCHEMA: Final = "alerts"
MIGRATIONS: Final = Path(__file__).parents[2] / "migrations"

HANDLERS: Final = (
    *inbound.HANDLERS,
    *alertmanager.HANDLERS,
    *opsgenie.HANDLERS,
    alerts.list_alerts,
    rate.alert_rate,
    alerts.get_alert,
    alerts.get_alert_timeline,
    *inbox.HANDLERS,
    *heartbeats.HANDLERS,
    audit.list_audit,
    *silences.HANDLERS,
    *inhibition_rules.HANDLERS,
    changes.list_changes,
    *integration_routes.HANDLERS,
    mappings.list_mappings,
    mappings.try_mapping,
    internal.incident_events,
)


def create_app(
    settings: AlertIngestionSettings,
    *,
    clock: Clock | None = None,
    incident_management: ServiceClient | None = None,
    tokens: TokenDirectory | None = None,
    outside: httpx.AsyncBaseTransport | None = None,
) -> Litestar:
    """The service; tests pass a clock that moves, and neighbours and an outside that are fakes."""
    clock = clock or SystemClock()
    database = Database(settings, schema=SCHEMA, name=SERVICE, migrations_dir=MIGRATIONS)
    wakeups = Wakeups(settings, schema=SCHEMA, name=SERVICE)
    incident_management = incident_management or _client(
        settings, "incident-management", settings.incident_management_url
    )
    oncall = _client(settings, "oncall-service", settings.oncall_service_url)
    registry = CollectorRegistry()
    defaults = integrations.default_policy(settings)
    ingestion = Ingestion(database, clock, defaults)
    refusals = Refusals(database, clock)
    subscriptions = Subscriptions(database, clock, transport=outside)
    sender = event_sender(incident_management, ALERT_EVENTS_PATH, Answers(database, clock))
    return assemble(
        ServiceParts(
            name=SERVICE,
            description="Takes in alerts, deduplicates and correlates them, hands them over.",
            revision=settings.revision,
            handlers=HANDLERS,
            registry=registry,
            resources=[
                database,
                integrations.Bootstrap(
                    database, clock, settings.bootstrap_ingestion_key.get_secret_value()
                ),
                wakeups,
                oncall,
                incident_management,
                ingestion,
                subscriptions,
                OutboxWorker(database, wakeups, clock, {TOPIC: sender}),
                *engines(database, clock, settings, ingestion, EngineMetrics(registry)),
            ],
            ready={"database": database.check},
            collectors=[
                metrics.BusinessMetrics(
                    database,
                    clock,
                    refusals.write_strangers,
                    canary_interval=settings.canary_interval_seconds,
                ).collect
            ],
            authenticator=Authenticator(
                settings.callers,
                tokens or CachedTokenDirectory(RemoteTokenDirectory(oncall), clock),
            ),
            dependencies={
                "database": _provided(database),
                "clock": _provided(clock),
                "defaults": _provided(defaults),
                "ingestion": _provided(ingestion),
            },
            state={"refusals": refusals, "subscriptions": subscriptions},
            front=lambda app: FrontDoor(app, ingestion),
        )
    )


def _client(settings: AlertIngestionSettings, name: str, url: str) -> ServiceClient:
    return ServiceClient(url, name=name, token=settings.service_token.get_secret_value())


def _provided(value: Policy | Database | Clock | Ingestion) -> Provide:
    return Provide(lambda: value, sync_to_thread=False)
