"""The composition root: wiring, and nothing else."""

from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx
from litestar import Litestar
from litestar.di import Provide
from prometheus_client import CollectorRegistry

from incident_management import metrics, routes
from incident_management.clients import (
    OncallLedger,
    OncallPeople,
    PageLedger,
    PeopleDirectory,
)
from incident_management.settings import IncidentManagementSettings
from incident_management.stream import FeedStreams
from incident_management.workflow import housekeeping, snoozing
from incident_management.workflow.actions import IncidentActions
from incident_management.workflow.links import AcknowledgeLinks
from incident_management.workflow.work import TO_ALERTS, TO_ONCALL, TOPICS
from shared import postgres_vitals
from shared.app import Resource, ServiceParts, assemble
from shared.auth import Authenticator, CachedTokenDirectory, RemoteTokenDirectory, TokenDirectory
from shared.clock import Clock, SystemClock
from shared.contracts.incidents import INCIDENT_EVENTS_PATH
from shared.database import Database, connection_parameters
from shared.delivery import event_sender
from shared.http import ServiceClient
from shared.links import Links
from shared.metrics import Collect
from shared.outbox import OutboxWorker
from shared.periodic import EngineMetrics, Periodic
from shared.wakeups import Wakeups

NAME = "incident-management"
SCHEMA = "incidents"
MIGRATIONS = Path(__file__).parents[2] / "migrations"
DESCRIPTION = (
    "Incidents from the first alert to the resolution: states, timeline, notes, MTTA and MTTR."
)


def create_app(
    settings: IncidentManagementSettings,
    *,
    clock: Clock | None = None,
    tokens: TokenDirectory | None = None,
    people: PeopleDirectory | None = None,
    ledger: PageLedger | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    background: bool = True,
) -> Litestar:
    """The application. Tests pass their own clock, directories and transport to the neighbours.

    Without ``background`` nothing runs by itself: a test delivers the outbox when it says so.
    """
    clock = clock or SystemClock()
    registry = CollectorRegistry()
    database = Database(settings, schema=SCHEMA, name=NAME, migrations_dir=MIGRATIONS)
    wakeups = Wakeups(settings, schema=SCHEMA, name=NAME)
    oncall = _neighbour(settings, settings.oncall_service_url, "oncall-service", transport)
    alerts = _neighbour(settings, settings.alert_ingestion_url, "alert-ingestion", transport)
    streams = FeedStreams(database, wakeups)
    outbox = OutboxWorker(
        database,
        wakeups,
        clock,
        {
            TO_ONCALL: event_sender(oncall, INCIDENT_EVENTS_PATH),
            TO_ALERTS: event_sender(alerts, INCIDENT_EVENTS_PATH),
        },
    )
    metrics_of_engines = EngineMetrics(registry)
    tidying = Periodic(
        "housekeeping",
        lambda: housekeeping.tidy(
            database, clock, incidents_kept=timedelta(days=settings.incident_retention_days)
        ),
        interval=housekeeping.INTERVAL_SECONDS,
        timeout=housekeeping.TIMEOUT_SECONDS,
        clock=clock,
        metrics=metrics_of_engines,
    )
    snoozes = Periodic(
        "snoozes",
        partial(snoozing.wake_due, database, clock, settings.targets),
        interval=snoozing.INTERVAL_SECONDS,
        timeout=snoozing.TIMEOUT_SECONDS,
        clock=clock,
        metrics=metrics_of_engines,
    )
    engines: list[Resource] = [wakeups, outbox, tidying, snoozes]
    links = AcknowledgeLinks(database, clock, settings.targets, Links(settings))
    actions = IncidentActions(database, clock, settings.targets, people or OncallPeople(oncall))
    return assemble(
        ServiceParts(
            name=NAME,
            description=DESCRIPTION,
            revision=settings.revision,
            handlers=routes.ROUTERS,
            registry=registry,
            resources=[database, oncall, alerts, streams, *(engines if background else [])],
            ready={"database": database.check},
            collectors=_collectors(settings, database, clock),
            authenticator=Authenticator(
                settings.callers,
                CachedTokenDirectory(tokens or RemoteTokenDirectory(oncall), clock),
            ),
            dependencies={
                "database": Provide(lambda: database, sync_to_thread=False),
                "clock": Provide(lambda: clock, sync_to_thread=False),
                "targets": Provide(lambda: settings.targets, sync_to_thread=False),
                "actions": Provide(lambda: actions, sync_to_thread=False),
                "ledger": Provide(lambda: ledger or OncallLedger(oncall), sync_to_thread=False),
                "links": Provide(lambda: links, sync_to_thread=False),
                "streams": Provide(lambda: streams, sync_to_thread=False),
            },
            state={
                "database": database,
                "outbox": outbox,
                "streams": streams,
                "engines": {"snoozes": snoozes},
            },
        )
    )


def _neighbour(
    settings: IncidentManagementSettings,
    url: str,
    name: str,
    transport: httpx.AsyncBaseTransport | None,
) -> ServiceClient:
    token = settings.service_token.get_secret_value()
    return ServiceClient(url, name=name, token=token, transport=transport)


def _collectors(
    settings: IncidentManagementSettings, database: Database, clock: Clock
) -> list[Collect]:
    collectors = [metrics.collector(database, clock, settings.targets, TOPICS)]
    if settings.metrics_database_user:
        as_metrics_role = settings.model_copy(
            update={
                "database_user": settings.metrics_database_user,
                "database_password": settings.metrics_database_password,
            }
        )
        parameters = connection_parameters(as_metrics_role, schema="pg_catalog", name="figures")
        collectors.append(postgres_vitals.collector(parameters))
    return collectors
