"""The composition root: wiring, and nothing else."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import httpx
from litestar import Litestar
from litestar.di import Provide
from prometheus_client import CollectorRegistry

from oncall_service import routes, scrape
from oncall_service.access.bootstrap import Bootstrap
from oncall_service.access.tokens import LocalTokenDirectory
from oncall_service.core.core import Core
from oncall_service.core.passwords import Passwords
from oncall_service.engines import PAGING, engines
from oncall_service.notifications.channels import registry as channel_registry
from oncall_service.notifications.channels.base import Sender
from oncall_service.notifications.dispatch import Dispatch
from oncall_service.notifications.nowhere import Nowhere
from oncall_service.notifications.resealing import Resealing
from oncall_service.notifications.work import PAGE_EVENTS_TOPIC
from oncall_service.paging import outcomes
from oncall_service.settings import OncallSettings
from shared.app import Resource, ServiceParts, assemble
from shared.auth import Authenticator
from shared.clock import Clock, SystemClock
from shared.contracts.oncall import PAGE_EVENTS_PATH
from shared.database import Database
from shared.delivery import event_sender
from shared.http import ServiceClient
from shared.outbox import OutboxWorker
from shared.wakeups import Wakeups

NAME = "oncall-service"
SCHEMA = "oncall"
MIGRATIONS = Path(__file__).parents[2] / "migrations"
DESCRIPTION = (
    "Who is on call, how a page finds its way to a person, and who may do what: people, teams, "
    "schedules, escalation policies, notifications, sign-in and API tokens."
)


def create_app(
    settings: OncallSettings,
    *,
    clock: Clock | None = None,
    channels: Mapping[str, Sender] | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    background: bool = True,
) -> Litestar:
    """The application. Tests pass their own clock, channels and transport to incident-management.

    Without ``background`` nothing runs by itself: a test runs the engines and the outbox.
    """
    clock = clock or SystemClock()
    registry = CollectorRegistry()
    database = Database(settings, schema=SCHEMA, name=NAME, migrations_dir=MIGRATIONS)
    wakeups = Wakeups(settings, schema=SCHEMA, name=NAME)
    core = Core(settings, clock, database, Passwords())
    incidents = ServiceClient(
        settings.incident_management_url,
        name="incident-management",
        token=settings.service_token.get_secret_value(),
        transport=transport,
    )
    outbox = OutboxWorker(
        database, wakeups, clock, {PAGE_EVENTS_TOPIC: event_sender(incidents, PAGE_EVENTS_PATH)}
    )
    own = channel_registry.configured(settings, clock)
    senders = {**(channels or own), Nowhere.name: Nowhere()}
    dispatch = Dispatch(core, senders, partial(outcomes.write_down, core))
    running = engines(core, dispatch, wakeups, registry)
    at_work: list[Resource] = [wakeups, outbox, *running.values()] if background else []
    return assemble(
        ServiceParts(
            name=NAME,
            description=DESCRIPTION,
            revision=settings.revision,
            handlers=routes.ROUTERS,
            registry=registry,
            resources=[
                database,
                Bootstrap(core),
                Resealing(core),
                incidents,
                *own.values(),
                dispatch,
                *at_work,
            ],
            ready={
                "database": database.check,
                **{name: running[name].check for name in PAGING if background},
            },
            collectors=[scrape.collector(core)],
            authenticator=Authenticator(settings.callers, LocalTokenDirectory(core)),
            dependencies={"core": Provide(lambda: core, sync_to_thread=False)},
            state={"core": core, "outbox": outbox, "engines": running},
        )
    )
