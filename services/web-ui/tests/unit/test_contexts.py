"""What a page's templates use and what its dataclass gives are the same names."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
from jinja2 import nodes

from web_ui.app import HANDLERS
from web_ui.assets import Assets
from web_ui.failures import MessagePage
from web_ui.navigation import AREAS
from web_ui.pages.acknowledge import AcknowledgePage
from web_ui.pages.alert import AlertPage
from web_ui.pages.alerts import AlertsPage
from web_ui.pages.audit import AuditPage
from web_ui.pages.calendar import CalendarPage
from web_ui.pages.catalogue import CataloguePage
from web_ui.pages.dashboard import Dashboard
from web_ui.pages.heartbeat import HeartbeatPage
from web_ui.pages.heartbeats import HeartbeatsPage
from web_ui.pages.history import HistoryPage
from web_ui.pages.inbox import InboxPage
from web_ui.pages.inbox_request import InboxRequestPage
from web_ui.pages.incident import IncidentPage
from web_ui.pages.incident_new import NewIncidentPage
from web_ui.pages.incident_why import WhyPage
from web_ui.pages.installed import OfflinePage
from web_ui.pages.integration import IntegrationPage
from web_ui.pages.integration_mapping import MappingPage
from web_ui.pages.integration_new import IntegrationNewPage
from web_ui.pages.integrations import IntegrationsPage
from web_ui.pages.load import LoadPage
from web_ui.pages.me import MePage
from web_ui.pages.notifications import NotificationsPage
from web_ui.pages.oncall import OnCallPage
from web_ui.pages.people import PeoplePage
from web_ui.pages.person import PersonPage
from web_ui.pages.policies import PoliciesPage
from web_ui.pages.policy import PolicyPage
from web_ui.pages.reports import ReportsPage
from web_ui.pages.runbooks import RunbooksPage
from web_ui.pages.schedule import SchedulePage
from web_ui.pages.schedule_new import ScheduleNewPage
from web_ui.pages.schedules import SchedulesPage
from web_ui.pages.service import ServicePage
from web_ui.pages.session import SignInPage
from web_ui.pages.setup import SetupPage
from web_ui.pages.silence import SilencePage
from web_ui.pages.silences import SilencesPage
from web_ui.pages.simulate import SimulatePage
from web_ui.pages.team import TeamPage
from web_ui.pages.teams import TeamsPage
from web_ui.pages.tokens import TokensPage
from web_ui.rendering import TEMPLATES, Shell, environment

CONTEXTS: dict[str, type] = {
    "acknowledge": AcknowledgePage,
    "calendar": CalendarPage,
    "dashboard": Dashboard,
    "history": HistoryPage,
    "incident": IncidentPage,
    "incident_new": NewIncidentPage,
    "incident_why": WhyPage,
    "load": LoadPage,
    "me": MePage,
    "message": MessagePage,
    "integrations": IntegrationsPage,
    "integration": IntegrationPage,
    "integration_new": IntegrationNewPage,
    "integration_mapping": MappingPage,
    "alerts": AlertsPage,
    "alert": AlertPage,
    "inbox": InboxPage,
    "inbox_request": InboxRequestPage,
    "silences": SilencesPage,
    "silence": SilencePage,
    "heartbeats": HeartbeatsPage,
    "heartbeat": HeartbeatPage,
    "notifications": NotificationsPage,
    "offline": OfflinePage,
    "oncall": OnCallPage,
    "teams": TeamsPage,
    "team": TeamPage,
    "schedules": SchedulesPage,
    "schedule": SchedulePage,
    "schedule_new": ScheduleNewPage,
    "policies": PoliciesPage,
    "policy": PolicyPage,
    "catalogue": CataloguePage,
    "service": ServicePage,
    "setup": SetupPage,
    "tokens": TokensPage,
    "audit": AuditPage,
    "people": PeoplePage,
    "person": PersonPage,
    "reports": ReportsPage,
    "runbooks": RunbooksPage,
    "sign_in": SignInPage,
    "simulate": SimulatePage,
}


def parsed(path: Path) -> nodes.Template:
    return environment(Assets()).parse(path.read_text())


def used(path: Path, name: str) -> set[str]:
    """The attributes of ``name`` that a template reads."""
    tree = parsed(path)
    dotted = {
        node.attr
        for node in tree.find_all(nodes.Getattr)
        if isinstance(node.node, nodes.Name) and node.node.name == name
    }
    subscripted = {
        node.arg.value
        for node in tree.find_all(nodes.Getitem)
        if isinstance(node.node, nodes.Name)
        and node.node.name == name
        and isinstance(node.arg, nodes.Const)
    }
    return dotted | subscripted


def given(context: type) -> set[str]:
    properties = {name for name, value in vars(context).items() if isinstance(value, property)}
    return {field.name for field in fields(context)} | properties


@pytest.mark.parametrize("page", sorted(CONTEXTS))
def test_every_name_a_page_uses_is_given_and_every_name_given_is_used(page: str) -> None:
    read: set[str] = set()
    for template in (TEMPLATES / page).glob("*.html"):
        read |= used(template, page)
    assert read == given(CONTEXTS[page])


def test_the_frame_is_given_all_it_uses() -> None:
    read = set().union(*(used(template, "shell") for template in TEMPLATES.rglob("*.html")))
    # ``now`` and ``notices`` are used through filters and properties.
    assert read | {"now", "notices"} == given(Shell)


def test_every_folder_of_templates_is_a_page_with_a_context() -> None:
    folders = {folder.name for folder in TEMPLATES.iterdir() if folder.is_dir()}
    assert folders == set(CONTEXTS)
    for name in CONTEXTS.keys() - {"acknowledge", "sign_in", "message"}:
        assert (TEMPLATES / name / f"_{name}.html").is_file()


def test_whatever_asks_for_a_fragment_leads_to_the_same_without_javascript() -> None:
    asked = 0
    for template in TEMPLATES.rglob("*.html"):
        text = template.read_text()
        for address in re.findall(r'hx-get="([^"]+)"', text):
            assert f'href="{address}"' in text, f"{template}: no link to {address}"
            asked += 1
        for address in re.findall(r'hx-post="([^"]+)"', text):
            assert f'method="post" action="{address}"' in text, f"{template}: no form for {address}"
            asked += 1
    assert asked


def test_nothing_inline_that_the_content_security_policy_forbids() -> None:
    for template in TEMPLATES.rglob("*.html"):
        text = template.read_text()
        for forbidden in (" style=", "<style", "onclick=", "onload=", "javascript:", "http://"):
            assert forbidden not in text, f"{forbidden} in {template}"
        assert "<script>" not in text


def test_the_navigation_leads_to_pages_that_exist() -> None:
    routes = {path for handler in HANDLERS for path in handler.paths}
    assert sorted({tab.path for area in AREAS for tab in area.tabs} - routes) == []
