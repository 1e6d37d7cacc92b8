"""The composition root: settings and collaborators in, the application out. Wiring only."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from litestar import Litestar
from litestar.di import Provide
from prometheus_client import CollectorRegistry

from alert_ingestion import integrations, metrics
from alert_ingestion.handover import TOPIC
from alert_ingestion.model import Policy
from alert_ingestion.routes import (
    alertmanager,
    alerts,
    internal,
    native,
    webhooks,
)
from alert_ingestion.routes import integrations as integration_routes
from alert_ingestion.settings import AlertIngestionSettings
from alert_ingestion.workflow import housekeeping
from alert_ingestion.workflow.incidents import follow_answers
from alert_ingestion.workflow.ingest import Ingestion
from alert_ingestion.workflow.timeouts import resolve_timed_out
from shared.app import ServiceParts, assemble
from shared.auth import (
    Authenticator,
    CachedTokenDirectory,
    RemoteTokenDirectory,
    TokenDirectory,
)
from shared.clock import Clock, SystemClock
from shared.contracts.alerts import ALERT_EVENTS_PATH, AlertEvent
from shared.contracts.wire import EventResult
from shared.database import Database
from shared.delivery import event_sender
from shared.http import ServiceClient
from shared.outbox import OutboxWorker, Row
from shared.periodic import EngineMetrics, Periodic
from shared.wakeups import Wakeups

SERVICE: Final = "alert-ingestion"
SCHEMA: Final = "alerts"
MIGRATIONS: Final = Path(__file__).parents[2] / "migrations"

_TIMEOUTS_EVERY_SECONDS: Final = 5.0
_HOUSEKEEPING_EVERY_SECONDS: Final = 3600.0

HANDLERS: Final = (
    native.send_alerts,
    alerts.list_alerts,
    alerts.get_alert,
    alertmanager.post_alerts,
    alertmanager.status,
    webhooks.alertmanager_webhook,
    webhooks.grafana_webhook,
    integration_routes.create_integration,
    integration_routes.list_integrations,
    integration_routes.get_integration,
    integration_routes.change_integration,
    integration_routes.rotate_key,
    integration_routes.revoke_integration,
    internal.incident_events,
)


def create_app(
    settings: AlertIngestionSettings,
    *,
    clock: Clock | None = None,
    incident_management: ServiceClient | None = None,
    tokens: TokenDirectory | None = None,
) -> Litestar:
    """The service; tests pass a clock that moves and neighbours that are fakes."""
    clock = clock or SystemClock()
    database = Database(settings, schema=SCHEMA, name=SERVICE, migrations_dir=MIGRATIONS)
    wakeups = Wakeups(settings, schema=SCHEMA, name=SERVICE)
    incident_management = incident_management or _client(
        settings, "incident-management", settings.incident_management_url
    )
    oncall = _client(settings, "oncall-service", settings.oncall_service_url)
    registry = CollectorRegistry()
    defaults = integrations.default_policy(settings)
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
                Bootstrap(database, clock, settings.bootstrap_ingestion_key.get_secret_value()),
                wakeups,
                oncall,
                incident_management,
                OutboxWorker(database, wakeups, clock, {TOPIC: sender}),
                *_engines(database, clock, settings, EngineMetrics(registry)),
            ],
            ready={"database": database.check},
            collectors=[metrics.BusinessMetrics(database, clock).collect],
            authenticator=Authenticator(
                settings.callers,
                tokens or CachedTokenDirectory(RemoteTokenDirectory(oncall), clock),
            ),
            dependencies={
                "database": _provided(database),
                "clock": _provided(clock),
                "defaults": _provided(defaults),
                "ingestion": _provided(Ingestion(database, clock, defaults)),
            },
        )
    )


class Bootstrap:
    """Registers the bootstrap key when the service starts."""

    def __init__(self, database: Database, clock: Clock, key: str) -> None:
        self._database = database
        self._clock = clock
        self._key = key

    async def start(self) -> None:
        """Once for each key; see integrations.seed."""
        if self._key:
            async with self._database.transaction() as connection:
                await integrations.seed(connection, self._key, self._clock.now())

    async def stop(self) -> None:
        """Nothing was opened."""


class Answers:
    """Acts on incident-management's answers, where they differ from what was sent."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def __call__(self, rows: Sequence[Row], results: Sequence[EventResult]) -> None:
        """See shared.delivery.event_sender."""
        by_event = {str(result.event_id): result for result in results}
        differing = [
            (AlertEvent.model_validate(row.payload), result)
            for row in rows
            if (result := by_event.get(row.payload["event_id"])) is not None
            and str(result.incident_id) != row.payload["incident_id"]
        ]
        if differing:
            async with self._database.transaction() as connection:
                await follow_answers(connection, differing, self._clock.now())


def _engines(
    database: Database,
    clock: Clock,
    settings: AlertIngestionSettings,
    engine_metrics: EngineMetrics,
) -> list[Periodic]:
    retention = timedelta(days=settings.inbox_retention_days)

    async def timeouts() -> None:
        more = True
        while more:
            async with database.transaction() as connection:
                _, more = await resolve_timed_out(connection, clock.now())

    async def tidy() -> None:
        more = True
        while more:
            async with database.transaction() as connection:
                more = await housekeeping.forget(connection, clock.now(), retention=retention)

    return [
        Periodic(
            "timeouts",
            timeouts,
            interval=_TIMEOUTS_EVERY_SECONDS,
            timeout=30,
            clock=clock,
            metrics=engine_metrics,
        ),
        Periodic(
            "housekeeping",
            tidy,
            interval=_HOUSEKEEPING_EVERY_SECONDS,
            timeout=300,
            clock=clock,
            metrics=engine_metrics,
        ),
    ]


def _client(settings: AlertIngestionSettings, name: str, url: str) -> ServiceClient:
    return ServiceClient(url, name=name, token=settings.service_token.get_secret_value())


def _provided(value: Policy | Database | Clock | Ingestion) -> Provide:
    return Provide(lambda: value, sync_to_thread=False)
