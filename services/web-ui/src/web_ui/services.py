"""What handlers work with; put together once in app.py and handed to each by dependency."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from litestar.di import NamedDependency

from shared.clock import Clock
from web_ui.assets import Assets
from web_ui.clients import Incidents, OnCall
from web_ui.configuration import Configuration
from web_ui.cookies import Cookies
from web_ui.ingestion import Ingestion
from web_ui.live import Broadcast
from web_ui.people import People
from web_ui.rendering import Renderer
from web_ui.reporting import DutyReporting, Reporting
from web_ui.rota import Rota
from web_ui.runbooks import Runbook
from web_ui.viewer import Viewer, Viewers


@dataclass(frozen=True)
class Services:
    """The collaborators of web-ui."""

    incidents: Incidents
    oncall: OnCall
    people: People
    configuration: Configuration
    ingestion: Ingestion
    rota: Rota
    reporting: Reporting
    duty_reporting: DutyReporting
    viewers: Viewers
    cookies: Cookies
    renderer: Renderer
    assets: Assets
    broadcast: Broadcast
    clock: Clock
    runbooks: Mapping[str, Runbook]
    home: str
    """The address that links in messages lead to."""
    senders_address: str
    """The address that senders reach alert-ingestion at."""
    grafana: str
    """Where Grafana is; empty: nowhere."""


TheServices: TypeAlias = NamedDependency[Services]
"""What a handler asks for as ``services``."""

TheViewer: TypeAlias = NamedDependency[Viewer]
"""What a handler asks for as ``viewer``; without a session it is not called at all."""
