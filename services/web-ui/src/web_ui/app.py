"""Wiring only: settings in, application out. Tests pass fakes of the neighbours."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from litestar import Litestar, Request, Response, Router, get
from litestar.di import Provide
from litestar.exceptions import HTTPException
from prometheus_client import CollectorRegistry

from shared.app import ServiceParts, assemble
from shared.auth import CachedTokenDirectory, RemoteTokenDirectory, TokenDirectory
from shared.clock import Clock, SystemClock
from shared.errors import NotFound, Problem
from shared.http import ServiceClient
from shared.periodic import EngineMetrics, Periodic
from web_ui.assets import Assets
from web_ui.clients import Incidents, OnCall, SignedOut
from web_ui.configuration import Configuration
from web_ui.cookies import Cookies
from web_ui.csrf import FormGuard
from web_ui.failures import Failures
from web_ui.headers import protective
from web_ui.http_clients import HttpFeed, HttpIncidents, HttpOnCall
from web_ui.http_people import HttpPeople
from web_ui.ingestion import Ingestion
from web_ui.live import Broadcast, Feed, Follower
from web_ui.neighbourhood import EVERY_SECONDS, WITHIN_SECONDS, Neighbourhood
from web_ui.pages import (
    acknowledge,
    alert,
    alerts,
    audit,
    calendar,
    calendar_changes,
    catalogue,
    dashboard,
    events,
    heartbeat,
    heartbeats,
    history,
    inbox,
    inbox_request,
    incident,
    incident_actions,
    incident_new,
    incident_summary,
    incident_why,
    installed,
    integration,
    integration_mapping,
    integration_new,
    integrations,
    load,
    me,
    me_access,
    me_methods,
    me_preferences,
    notifications,
    oncall,
    people,
    person,
    person_methods,
    policies,
    policy,
    reports,
    runbooks,
    schedule,
    schedule_new,
    schedules,
    service,
    session,
    setup,
    several,
    silence,
    silences,
    simulate,
    team,
    teams,
    tokens,
)
from web_ui.people import People
from web_ui.reading import say
from web_ui.rendering import Renderer
from web_ui.reporting import DutyReporting, Reporting
from web_ui.rota import Rota
from web_ui.runbooks import load as load_runbooks
from web_ui.services import Services, TheViewer
from web_ui.settings import WebUiSettings
from web_ui.viewer import Viewer, Viewers

NAME = "web-ui"
# Somebody waits: a page's three attempts at a neighbour that hangs end before htmx gives up (15 s).
PATIENCE = httpx.Timeout(4.0, connect=1.0)
# The longest note, where each of its characters takes twelve; strangers get no further than 64 KB.
FORM_MAX_BYTES = 128 * 1024
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")

HANDLERS = (
    dashboard.show,
    several.act,
    several.keep_view,
    incident_new.show,
    incident_new.open_one,
    incident_why.show,
    incident_summary.show,
    incident.show,
    incident_actions.recur,
    incident_actions.act,
    incident_actions.add_note,
    history.show,
    oncall.show,
    calendar.show,
    calendar_changes.override,
    calendar_changes.remove_override,
    calendar_changes.decide,
    calendar_changes.make_feed,
    calendar_changes.revoke_feed,
    calendar_changes.read_feed,
    simulate.show,
    reports.show,
    reports.download,
    load.show,
    load.download,
    notifications.show,
    runbooks.index,
    runbooks.show,
    acknowledge.show,
    acknowledge.acknowledge,
    session.show,
    session.sign_in,
    session.sign_out,
    session.choose_theme,
    session.choose_language,
    events.follow,
    installed.manifest,
    installed.worker,
    installed.offline,
    me.show,
    me_methods.add,
    me_methods.act,
    me_preferences.change,
    people.show,
    person.new,
    person.show,
    person.create,
    person.change,
    person.remove,
    person_methods.add,
    person_methods.act,
    me_access.end,
    me_access.end_others,
    me_access.change_password,
    audit.show,
    setup.show,
    tokens.show,
    tokens.create,
    tokens.revoke,
    integrations.show,
    integration_new.show,
    integration_new.create,
    integration.show,
    integration.change,
    integration.rotate,
    integration.send_test,
    integration.switch,
    integration_mapping.show,
    integration_mapping.press,
    alerts.show,
    alert.show,
    inbox.show,
    inbox.replay_all,
    inbox_request.show,
    inbox_request.replay,
    silences.show,
    silences.add_rule,
    silences.end_rule,
    silence.new,
    silence.show,
    silence.create,
    silence.change,
    silence.expire,
    heartbeats.show,
    heartbeats.expect,
    heartbeat.show,
    heartbeat.change,
    heartbeat.remove,
    catalogue.show,
    catalogue.create,
    service.show,
    service.change,
    service.remove,
    policies.show,
    policy.new,
    policy.show,
    policy.create,
    policy.change,
    policy.remove,
    schedules.show,
    schedule_new.show,
    schedule_new.create,
    schedule.show,
    schedule.change,
    schedule.remove,
    teams.show,
    team.new,
    team.show,
    team.create,
    team.change,
    team.remove,
)


@dataclass(frozen=True)
class Neighbours:
    """Everything outside this process."""

    incidents: Incidents
    oncall: OnCall
    people: People
    configuration: Configuration
    ingestion: Ingestion
    rota: Rota
    reporting: Reporting
    duty_reporting: DutyReporting
    tokens: TokenDirectory
    feed: Feed
    connections: Sequence[ServiceClient] = ()


def neighbours(settings: WebUiSettings) -> Neighbours:
    """The neighbours over HTTP."""
    token = settings.service_token.get_secret_value()
    incident_management = ServiceClient(
        settings.incident_management_url, name="incident-management", token=token, timeout=PATIENCE
    )
    oncall_service = ServiceClient(
        settings.oncall_service_url, name="oncall-service", token=token, timeout=PATIENCE
    )
    alert_ingestion = ServiceClient(
        settings.alert_ingestion_url, name="alert-ingestion", token=token, timeout=PATIENCE
    )
    return Neighbours(
        incidents=HttpIncidents(incident_management),
        oncall=HttpOnCall(oncall_service),
        people=HttpPeople(oncall_service),
        configuration=Configuration(oncall_service),
        ingestion=Ingestion(alert_ingestion),
        rota=Rota(oncall_service),
        reporting=Reporting(incident_management),
        duty_reporting=DutyReporting(oncall_service),
        tokens=RemoteTokenDirectory(oncall_service),
        feed=HttpFeed(incident_management),
        connections=(incident_management, oncall_service, alert_ingestion),
    )


def create_app(
    settings: WebUiSettings, *, clock: Clock | None = None, outside: Neighbours | None = None
) -> Litestar:
    """The application; ``outside`` and ``clock`` are replaced in tests."""
    clock = clock or SystemClock()
    outside = outside or neighbours(settings)
    registry = CollectorRegistry()
    cookies = Cookies(secure=settings.secure_cookies)
    secret = settings.csrf_secret.get_secret_value()
    assets = Assets()
    renderer = Renderer(assets, cookies, secret, clock)
    broadcast = Broadcast(registry)
    neighbourhood = Periodic(
        "neighbours",
        Neighbourhood(outside.connections, registry).look,
        interval=EVERY_SECONDS,
        timeout=WITHIN_SECONDS,
        clock=clock,
        metrics=EngineMetrics(registry),
    )
    services = Services(
        incidents=outside.incidents,
        oncall=outside.oncall,
        people=outside.people,
        configuration=outside.configuration,
        ingestion=outside.ingestion,
        rota=outside.rota,
        reporting=outside.reporting,
        duty_reporting=outside.duty_reporting,
        viewers=Viewers(CachedTokenDirectory(outside.tokens, clock), cookies),
        cookies=cookies,
        renderer=renderer,
        assets=assets,
        broadcast=broadcast,
        clock=clock,
        runbooks=load_runbooks(settings.runbooks_folder),
        home=settings.web_ui_url,
        senders_address=settings.alert_ingestion_public_url,
        grafana=settings.grafana_url,
    )
    return assemble(
        ServiceParts(
            name=NAME,
            description="The pages people use. Not an API: programs talk to the other services.",
            revision=settings.revision,
            registry=registry,
            handlers=[
                _pages(services, FormGuard(secret, cookies, services.viewers)),
                assets.router(),
            ],
            # Who uses the connections is stopped before they are closed.
            resources=[*outside.connections, Follower(outside.feed, broadcast), neighbourhood],
            media_types=FORMS,
            options={"before_send": [protective(secure=settings.secure_cookies)]},
        )
    )


def _pages(services: Services, guard: FormGuard) -> Router:
    failures = Failures(services.renderer, services.cookies)

    async def viewer(request: Request[Any, Any, Any]) -> Viewer:
        return await services.viewers.of(request)

    # A function, because Litestar copies the object behind a method, and its collaborators with it.
    async def begin(request: Request[Any, Any, Any]) -> None:
        await services.viewers.read_as_they_do(request)
        await guard.check(request)

    return Router(
        path="/",
        route_handlers=[*HANDLERS, _nothing_here],
        before_request=begin,
        request_max_body_size=FORM_MAX_BYTES,
        dependencies={
            "services": Provide(lambda: services, sync_to_thread=False),
            "viewer": Provide(viewer),
        },
        exception_handlers={
            SignedOut: failures.signed_out,
            Problem: failures.problem,
            HTTPException: failures.http,
            Exception: failures.unexpected,
        },
    )


@get("/{address:path}", include_in_schema=False)
async def _nothing_here(viewer: TheViewer) -> Response[str]:
    """Any other address: a page that says so, for who is signed in."""
    del viewer
    raise NotFound(say("The address is wrong, or the page has moved."))
