"""What web-ui asks of its neighbours and reads of their answers is in their committed documents."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from alert_ingestion.formats import FORMATS
from alert_ingestion.model import InboxState
from shared.contracts.audit import AuditEntry
from shared.contracts.configuration import ServiceView, TeamView, TokenCreated
from shared.contracts.incident_api import IncidentAlert, Stats, TimelineEntry
from shared.contracts.incidents import Incident
from shared.contracts.oncall_api import (
    CalendarView,
    CoverageView,
    CurrentView,
    HoleView,
    NotificationView,
    OwnSession,
    SessionView,
    ShiftView,
)
from web_ui import integration_form
from web_ui.alert_filters import AlertFilters
from web_ui.clients import Search
from web_ui.configuration import PEOPLE, POLICIES, SCHEDULES, TEAMS
from web_ui.configuration import SERVICES as CATALOGUE
from web_ui.configured import (
    ComingChange,
    Duties,
    Holidays,
    Policy,
    PolicyStep,
    PolicyTarget,
    Schedule,
    ScheduleLayer,
)
from web_ui.ingested import (
    Alert,
    Became,
    Decision,
    Fault,
    Heartbeat,
    InhibitionRule,
    Integration,
    IntegrationWithKey,
    KeptRequest,
    LastError,
    MappingExample,
    Matcher,
    Preview,
    ReadyMapping,
    Recurrence,
    Replayed,
    ReplaySummary,
    Silence,
    Span,
    Tried,
    WholeRequest,
    WouldSay,
)
from web_ui.ingestion import Sender
from web_ui.pages import inbox
from web_ui.pages.me import CHANNELS
from web_ui.people import ROLES, ContactMethod, Hours, Person, PushKey, Rule
from web_ui.policy_form import HOURS as POLICY_HOURS
from web_ui.policy_form import WEBHOOK, WITHOUT_TEAM
from web_ui.preferences import HOURS, WEEKDAYS
from web_ui.schedule_form import CUSTOM, DUTIES, EFFECTIVE, ON_HOLIDAYS, UNITS

SERVICES = Path(__file__).parents[3]

INCIDENTS, ONCALL = "incident-management", "oncall-service"
INGESTION = "alert-ingestion"

KINDS = (PEOPLE, TEAMS, SCHEDULES, POLICIES, CATALOGUE)
AUDIT_FILTERS = {"actor_id", "subject_kind", "subject_id", "limit", "cursor"}

FILTERED = AlertFilters("firing", "silenced", "high", "kafka", "an id")
METHOD = "/api/v1/people/{reference}/contact-methods/{method_id}"

ASKED = [
    (INCIDENTS, "get", "/api/v1/incidents", {*Search(worst_first=True).params()} | {"status", "q"}),
    (INCIDENTS, "get", "/api/v1/incidents/{incident}", set()),
    (INCIDENTS, "patch", "/api/v1/incidents/{incident}", set()),
    (INCIDENTS, "post", "/api/v1/incidents/{incident}/notes", set()),
    (INCIDENTS, "get", "/api/v1/incidents/{incident}/timeline", {"limit", "cursor"}),
    (INCIDENTS, "get", "/api/v1/incidents/{incident}/alerts", {"limit"}),
    (INCIDENTS, "get", "/api/v1/stats", set()),
    (INCIDENTS, "get", "/api/v1/events", {"Last-Event-ID"}),
    (ONCALL, "post", "/api/v1/sessions", set()),
    (ONCALL, "delete", "/api/v1/sessions/current", set()),
    (ONCALL, "get", "/api/v1/oncall/current", {"limit", "cursor"}),
    (ONCALL, "get", "/api/v1/oncall/calendar", {"until", "limit", "cursor"}),
    (ONCALL, "get", "/api/v1/coverage/last", set()),
    (ONCALL, "post", "/api/v1/escalate", set()),
    (ONCALL, "get", "/api/v1/people/{reference}", set()),
    (ONCALL, "patch", "/api/v1/people/{reference}/preferences", set()),
    (ONCALL, "post", "/api/v1/people/{reference}/contact-methods", set()),
    (ONCALL, "patch", METHOD, set()),
    (ONCALL, "delete", METHOD, set()),
    (ONCALL, "post", f"{METHOD}/test", set()),
    (ONCALL, "post", f"{METHOD}/verification", set()),
    (ONCALL, "post", f"{METHOD}/verification/confirm", set()),
    (ONCALL, "get", "/api/v1/push/key", set()),
    (ONCALL, "get", "/api/v1/notifications", {"limit", "cursor", "incident_id"}),
    (INGESTION, "get", "/api/v1/alerts", {*FILTERED.asked("next")}),
    (INGESTION, "get", "/api/v1/alerts/{alert_id}/timeline", {"limit", "cursor"}),
    (INGESTION, "get", "/api/v1/inbox", {*inbox.Filters().named, "limit", "cursor"}),
    (INGESTION, "post", "/api/v1/inbox/replay", set()),
    (INGESTION, "get", "/api/v1/silences", {"over", "limit", "cursor"}),
    (INGESTION, "post", "/api/v1/silences/preview", set()),
    (INGESTION, "post", "/api/v1/inhibition-rules/{rule_id}/end", set()),
    (INGESTION, "put", "/api/v1/heartbeats/{name}", set()),
    (INGESTION, "get", "/api/v1/mappings", set()),
    (INGESTION, "post", "/api/v1/integrations/{integration_id}/mapping/test", set()),
    *(
        (ONCALL, method, kind.path, {"limit", "cursor"} if method == "get" else set())
        for kind in KINDS
        for method in ("get", "post")
    ),
    *(
        (ONCALL, method, f"{kind.path}/{{reference}}", set())
        for kind in KINDS
        for method in ("get", "patch", "delete")
    ),
    (ONCALL, "get", "/api/v1/coverage", {"team"}),
    (ONCALL, "post", "/api/v1/coverage/preview", set()),
    (ONCALL, "get", "/api/v1/me/sessions", {"limit", "cursor"}),
    (ONCALL, "delete", "/api/v1/me/sessions", set()),
    (ONCALL, "delete", "/api/v1/me/sessions/{session_id}", set()),
    (ONCALL, "post", "/api/v1/me/password", set()),
    (ONCALL, "get", "/api/v1/tokens", {"limit", "cursor"}),
    (ONCALL, "post", "/api/v1/tokens", set()),
    (ONCALL, "delete", "/api/v1/tokens/{token_id}", set()),
    *((service, "get", "/api/v1/audit", AUDIT_FILTERS) for service in (ONCALL, INGESTION)),
]

READ = [
    (INCIDENTS, Incident, "Incident"),
    (INCIDENTS, TimelineEntry, "TimelineEntry"),
    (INCIDENTS, IncidentAlert, "IncidentAlert"),
    (INCIDENTS, Stats, "Stats"),
    (ONCALL, SessionView, "SessionView"),
    (ONCALL, CurrentView, "CurrentView"),
    (ONCALL, CalendarView, "CalendarView"),
    (ONCALL, ShiftView, "ShiftView"),
    (ONCALL, NotificationView, "NotificationView"),
    (ONCALL, CoverageView, "CoverageView"),
    (ONCALL, HoleView, "HoleView"),
    (ONCALL, Person, "PersonView"),
    (ONCALL, ContactMethod, "ContactMethodView"),
    (ONCALL, Rule, "RuleView"),
    (ONCALL, Hours, "HoursModel"),
    (ONCALL, PushKey, "PushKey"),
    (INGESTION, Alert, "AlertView"),
    (INGESTION, Decision, "AlertEntryView"),
    (INGESTION, Integration, "IntegrationView"),
    (INGESTION, IntegrationWithKey, "IntegrationWithKey"),
    (INGESTION, LastError, "LastError"),
    (INGESTION, Became, "Reply"),
    (INGESTION, ReadyMapping, "ReadyMapping"),
    (INGESTION, MappingExample, "ExampleView"),
    (INGESTION, Tried, "Tried"),
    (INGESTION, WouldSay, "WouldSay"),
    (INGESTION, Fault, "Fault"),
    (INGESTION, KeptRequest, "InboxView"),
    (INGESTION, WholeRequest, "InboxRequest"),
    (INGESTION, Replayed, "ReplayView"),
    (INGESTION, ReplaySummary, "ReplaySummary"),
    (INGESTION, Silence, "SilenceView"),
    (INGESTION, Matcher, "MatcherView"),
    (INGESTION, Recurrence, "RecurrenceView"),
    (INGESTION, Span, "WindowView"),
    (INGESTION, Preview, "Preview"),
    (INGESTION, InhibitionRule, "InhibitionRuleView"),
    (INGESTION, Heartbeat, "HeartbeatView"),
    (ONCALL, TeamView, "TeamView"),
    (ONCALL, ServiceView, "ServiceView"),
    (ONCALL, TokenCreated, "TokenCreated"),
    (ONCALL, OwnSession, "OwnSession"),
    (ONCALL, Schedule, "ScheduleView"),
    (ONCALL, ScheduleLayer, "LayerView"),
    (ONCALL, Holidays, "HolidaysModel"),
    (ONCALL, ComingChange, "ChangeView"),
    (ONCALL, Duties, "DutiesView"),
    (ONCALL, Policy, "PolicyView"),
    (ONCALL, PolicyStep, "StepView"),
    (ONCALL, PolicyTarget, "TargetView"),
    (ONCALL, AuditEntry, "AuditEntry"),
    (INGESTION, AuditEntry, "AuditEntry"),
    (INGESTION, Sender, "IntegrationView"),
]

SENT = [
    (INCIDENTS, "IncidentPatch", {"status"}),
    (INCIDENTS, "NewNote", {"text"}),
    (ONCALL, "SignIn", {"user", "password", "device", "agent"}),
    (ONCALL, "EscalateCommand", {"incident_id", "reason"}),
    (ONCALL, "ContactMethodCreate", {"channel", "target", "secret"}),
    (ONCALL, "ContactMethodUpdate", {"enabled"}),
    (ONCALL, "CodeCommand", {"code"}),
    (
        ONCALL,
        "PreferencesUpdate",
        {"time_zone", "language", "clock", "status_updates", "notification_rules", *HOURS},
    ),
    (ONCALL, "RuleModel", set(Rule.model_fields)),
    (ONCALL, "HoursModel", set(Hours.model_fields)),
]


@cache
def document(service: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((SERVICES / service / "openapi.json").read_text())
    return loaded


def schema(service: str, name: str) -> dict[str, Any]:
    schemas: dict[str, dict[str, Any]] = document(service)["components"]["schemas"]
    # A schema's key carries its module where two have the same name.
    found = [value for key, value in schemas.items() if key.rpartition("_")[2] == name]
    assert found, f"{service} has no schema {name}"
    return found[0]


@pytest.mark.parametrize(("service", "method", "path", "parameters"), ASKED)
def test_what_we_ask_for_is_offered(
    service: str, method: str, path: str, parameters: set[str]
) -> None:
    offered = {
        known.replace("{incident_id}", "{incident}"): operations
        for known, operations in document(service)["paths"].items()
    }
    assert path in offered
    assert method in offered[path]
    names = {parameter["name"] for parameter in offered[path][method].get("parameters", [])}
    assert parameters <= names


@pytest.mark.parametrize(("service", "shape", "name"), READ)
def test_what_we_read_is_answered(service: str, shape: Any, name: str) -> None:
    assert set(shape.model_fields) <= set(schema(service, name)["properties"])


@pytest.mark.parametrize(("service", "name", "fields"), SENT)
def test_what_we_send_is_taken_and_nothing_more_is_needed(
    service: str, name: str, fields: set[str]
) -> None:
    taken = schema(service, name)
    assert fields <= set(taken["properties"])
    assert set(taken.get("required", [])) <= fields


def test_every_kind_of_sender_can_be_chosen() -> None:
    assert set(integration_form.KINDS) == set(
        schema(INGESTION, "NewIntegration")["properties"]["kind"]["enum"]
    )


def test_every_format_and_state_of_a_request_can_be_asked_for() -> None:
    assert {state.value for state in InboxState} == set(inbox.STATES)
    assert [form.name for form in FORMATS] == list(inbox.FORMATS)


def test_every_channel_and_weekday_there_is_can_be_chosen() -> None:
    assert set(CHANNELS) == set(schema(ONCALL, "Channel")["enum"])
    assert list(WEEKDAYS) == schema(ONCALL, "Weekday")["enum"]


@pytest.mark.parametrize(
    ("choices", "name"),
    [
        ({*UNITS, CUSTOM}, "Kind"),
        ({*DUTIES}, "Duty"),
        ({*ON_HOLIDAYS}, "OnHolidays"),
        ({*EFFECTIVE}, "Effective"),
        ({*WITHOUT_TEAM, "person", WEBHOOK}, "Target"),
        ({*POLICY_HOURS} - {""}, "WorkingTime"),
        ({*ROLES}, "Role"),
    ],
)
def test_the_forms_of_the_set_up_offer_all_that_there_is(choices: set[str], name: str) -> None:
    assert choices == set(schema(ONCALL, name)["enum"])
