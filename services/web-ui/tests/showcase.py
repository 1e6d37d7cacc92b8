"""A believable Monday for the fakes: what a team sees that has lived with Vigie for a while."""

from datetime import time, timedelta
from typing import Any
from uuid import UUID, uuid4

import showcase_alerts
import showcase_oncall
import showcase_reports
import showcase_setup
from web_ui_fakes import World

from shared.contracts.incident_api import IncidentAlert
from shared.contracts.incidents import Incident, Status
from shared.contracts.oncall_api import (
    AskedView,
    CalendarView,
    CurrentView,
    DecisionView,
    EscalationView,
    HoleView,
    NotificationView,
    OnDuty,
    RunWhyView,
    ShiftView,
    WhyView,
)
from shared.contracts.wire import Ref, Severity
from web_ui.people import ContactMethod, Hours, Rule

ADA = OnDuty(id=uuid4(), name="Ada Okafor")
JUN = OnDuty(id=uuid4(), name="Jun Watanabe")
LEA = OnDuty(id=uuid4(), name="Léa Fontaine")
MIRO = OnDuty(id=uuid4(), name="Miro Kovač")
SAM = OnDuty(id=uuid4(), name="Sam Ellis")
OUT = OnDuty(id=uuid4(), name="Tomasz Nowak", reachable=False)

PAYMENTS = Ref(id=uuid4(), name="Payments")
PLATFORM = Ref(id=uuid4(), name="Platform")
DATA = Ref(id=uuid4(), name="Data")


def fill(world: World) -> Incident:
    """Fills every page; answers the incident with the richest story."""
    story = _checkout(world)
    _others(world)
    _past(world)
    _people(world)
    _holes(world)
    _messages(world, story)
    _settings(world)
    _runs(world)
    _ledger(world, story)
    showcase_alerts.fill(world, story)
    showcase_oncall.fill(world, PAYMENTS, [ADA, JUN, LEA])
    showcase_reports.fill(world, [ADA, JUN, LEA])
    teams = {PAYMENTS: [ADA, JUN, LEA], PLATFORM: [MIRO, SAM, OUT], DATA: [SAM, JUN, LEA]}
    showcase_setup.fill(world, showcase_setup.Shop(teams, out=OUT, boss=SAM))
    return story


def _ledger(world: World, story: Incident) -> None:
    """Who was paged for the story, and what reached them."""

    def message(channel: str, outcome: str, to: OnDuty, seconds: int) -> NotificationView:
        return NotificationView(
            id=uuid4(),
            kind="page",
            incident_id=story.id,
            person=Ref(id=to.id, name=to.name),
            channel=channel,
            outcome=outcome,
            detail="The mail server refused it." if outcome == "failed" else "",
            created_at=story.created_at + timedelta(seconds=seconds),
        )

    asked = AskedView(person=ADA, reason="primary_on_call", why="primary on call")
    world.incidents.ledgers[story.id] = WhyView(
        incident_id=story.id,
        number=story.number,
        title=story.title,
        severity=story.severity,
        runs=[
            RunWhyView(
                id=uuid4(),
                team=PAYMENTS,
                policy="Payments, day and night",
                started_at=story.created_at,
                started_reason="incident_opened",
                started_by="",
                ended_at=story.acknowledged_at,
                ended_reason="acknowledged",
                decisions=[
                    DecisionView(
                        at=story.created_at,
                        kind="asked",
                        round=0,
                        step=0,
                        reason="primary_on_call",
                        why="primary on call",
                        asked=[asked],
                        primary=ADA,
                        primary_by="Weekly",
                        messages=[
                            message("email", "failed", ADA, 3),
                            message("webhook", "sent", ADA, 4),
                            message("log", "sent", JUN, 5),
                        ],
                    )
                ],
            )
        ],
        others=[],
    )


def _runs(world: World) -> None:
    now = world.clock.now()
    for place, incident in enumerate(world.incidents.stored.values()):
        if incident.status is not Status.OPEN:
            continue
        world.oncall.runs.append(
            EscalationView(
                id=uuid4(),
                incident_id=incident.id,
                team=PLATFORM,
                policy="Platform, day and night",
                status="running",
                round=0,
                step=1,
                steps=3,
                due_at=now + timedelta(minutes=4 + place),
                started_at=incident.created_at,
                started_reason="incident_opened",
                started_by="",
                ended_at=None,
                ended_reason=None,
                next_people=[JUN if place % 2 else LEA],
            )
        )
    world.oncall.people = [ADA, JUN, LEA, MIRO, SAM]


def _minutes(**parts: float) -> timedelta:
    return timedelta(**parts)


def _checkout(world: World) -> Incident:
    now = world.clock.now()
    incidents = world.incidents
    incident = incidents.open(
        "Checkout answers 5xx for more than 4 % of requests",
        service="checkout-api",
        severity=Severity.CRITICAL,
        age=_minutes(minutes=23),
        team=PAYMENTS.name,
        assignee=ADA,
        status=Status.ACKNOWLEDGED,
        acknowledged_at=now - _minutes(minutes=20, seconds=12),
        acknowledged_by=ADA.name,
        mtta_seconds=168.0,
        alert_count=3,
        correlation_key='service="checkout-api",severity="critical"',
    )
    start = incident.created_at

    def then(seconds: float, kind: str, text: str, by: str | None = None) -> None:
        incidents.remark(incident, kind, text, by=by, at=start + timedelta(seconds=seconds))

    then(1, "page.started", "Paging Payments by the policy “Payments, day and night”.")
    then(2, "page.target", "Step 1: Ada Okafor, primary of Payments, is paged and assigned.")
    then(3, "notification.failed", "E-mail to Ada Okafor: the mail server refused it (try 1 of 5).")
    then(4, "notification.sent", "Webhook to Ada Okafor was delivered.")
    then(41, "alert.attached", "Another alert: p99 latency of POST /orders is 8.4 s.")
    then(168, "incident.acknowledged", "Ada Okafor acknowledged it.", "Ada Okafor")
    then(169, "page.stopped", "Paging stopped: somebody has seen it.")
    then(
        420,
        "note",
        "The new card gateway client opens a connection per request.\n"
        "Rolling back 2026.11.4 in eu-west-1 first, us-east-1 after that.",
        "Ada Okafor",
    )
    then(760, "alert.attached", "Another alert: 12 pods of checkout-api restarted in 10 minutes.")
    alerts = [
        ("HTTP 5xx ratio of checkout-api is 4.7 % over 5 minutes", "HighErrorRate", 0, "eu-west-1"),
        ("p99 latency of POST /orders is 8.4 s", "SlowRequests", 41, "eu-west-1"),
        ("12 pods of checkout-api restarted in 10 minutes", "PodsRestart", 760, "us-east-1"),
    ]
    incidents.attached[incident.id] = [
        IncidentAlert(
            id=uuid4(),
            incident_id=incident.id,
            integration="Prometheus",
            fingerprint=f"{number:016x}",
            service="checkout-api",
            severity=Severity.CRITICAL,
            message=message,
            labels={
                "alertname": name,
                "cluster": region,
                "namespace": "shop",
                "job": "checkout-api",
                "slo": "availability",
            },
            annotations={
                "summary": message,
                "runbook_url": "https://runbooks.example.com/checkout",
            },
            links={"generator": "https://prometheus.example.com/graph?g0.expr=up"},
            state="resolved" if number == 2 else "firing",
            starts_at=start + timedelta(seconds=after),
            attached_at=start + timedelta(seconds=after),
            resolved_at=now - _minutes(minutes=2) if number == 2 else None,
        )
        for number, (message, name, after, region) in enumerate(alerts)
    ]
    return incident


def _others(world: World) -> None:
    now = world.clock.now()
    rows: list[tuple[str, str, Severity, timedelta, dict[str, Any]]] = [
        (
            "Replication of orders-db is 340 s behind",
            "orders-db",
            Severity.CRITICAL,
            _minutes(minutes=2),
            {"alert_count": 2},
        ),
        (
            "Disk of kafka-3 is full in 6 hours",
            "kafka",
            Severity.HIGH,
            _minutes(hours=1, minutes=12),
            {"status": Status.IN_PROGRESS, "assignee": JUN, "alert_count": 1},
        ),
        (
            "Certificate of api.example.com ends in 9 days",
            "edge",
            Severity.MEDIUM,
            _minutes(hours=5),
            {"status": Status.ACKNOWLEDGED, "assignee": LEA},
        ),
        (
            "Nightly export to the warehouse is late",
            "warehouse-export",
            Severity.MEDIUM,
            _minutes(hours=9),
            {"alert_count": 14},
        ),
        (
            "Search answers without spelling suggestions",
            "search",
            Severity.LOW,
            _minutes(days=2),
            {"status": Status.ACKNOWLEDGED, "assignee": SAM},
        ),
    ]
    for title, service, severity, age, more in rows:
        more.setdefault("acknowledged_at", now - age if "assignee" in more else None)
        world.incidents.open(title, service=service, severity=severity, age=age, **more)


def _past(world: World) -> None:
    now = world.clock.now()
    titles = [
        ("Login answers slowly", "identity", Severity.HIGH),
        ("Queue of thumbnails grows", "media", Severity.LOW),
        ("Checkout answers 5xx for more than 4 % of requests", "checkout-api", Severity.CRITICAL),
        ("node-17 does not answer", "kubernetes", Severity.MEDIUM),
        ("Payment provider refuses one card in five", "payments", Severity.CRITICAL),
    ]
    for number in range(58):
        title, service, severity = titles[number % len(titles)]
        age = _minutes(hours=7 + number * 6.3)
        seen, over = 70.0 + (number * 37) % 400, 900.0 + (number * 613) % 9000
        who = (ADA, JUN, LEA, MIRO, SAM)[number % 5]
        world.incidents.open(
            title,
            service=service,
            severity=severity,
            age=age,
            status=Status.RESOLVED,
            assignee=who,
            acknowledged_at=now - age + timedelta(seconds=seen),
            acknowledged_by=who.name,
            resolved_at=now - age + timedelta(seconds=over),
            resolved_by=who.name,
            mtta_seconds=seen,
            mttr_seconds=over,
            alert_count=1 + number % 6,
        )


def _people(world: World) -> None:
    now = world.clock.now().replace(minute=0, second=0, microsecond=0)
    week = timedelta(days=7)
    until = now + timedelta(days=2, hours=3)
    world.oncall.current = [
        CurrentView(team=PAYMENTS, primary=ADA, secondary=JUN, until=until),
        CurrentView(team=PLATFORM, primary=LEA, secondary=OUT, until=now + timedelta(hours=14)),
        CurrentView(team=DATA, gap=True, fallback=SAM, until=now + timedelta(hours=5)),
    ]

    def calendar(team: Ref, zone: str, first: ShiftView, *rest: ShiftView) -> None:
        world.oncall.shifts[team.id] = CalendarView(
            team=team, schedule=team, time_zone=zone, items=[first, *rest]
        )

    order = [(JUN, LEA), (LEA, ADA), (ADA, JUN), (JUN, LEA)]
    calendar(
        PAYMENTS,
        "Europe/Paris",
        ShiftView(start=now - week, end=until, primary=ADA, secondary=JUN),
        *(
            ShiftView(start=until + week * n, end=until + week * (n + 1), primary=p, secondary=s)
            for n, (p, s) in enumerate(order)
        ),
    )
    day = timedelta(days=1)
    tonight = now + timedelta(hours=14)
    calendar(
        PLATFORM,
        "America/Toronto",
        ShiftView(start=now - day, end=tonight, primary=LEA, secondary=MIRO),
        ShiftView(start=tonight, end=tonight + day, primary=MIRO, secondary=LEA),
        ShiftView(start=tonight + day, end=tonight + 2 * day, gap=True),
        ShiftView(start=tonight + 2 * day, end=tonight + 3 * day, primary=LEA, secondary=MIRO),
    )
    calendar(
        DATA,
        "UTC",
        ShiftView(start=now - day, end=now + timedelta(hours=5), gap=True),
        ShiftView(start=now + timedelta(hours=5), end=now + timedelta(hours=13), primary=SAM),
    )


def _holes(world: World) -> None:
    now = world.clock.now()
    tonight = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=38)
    shape: dict[str, Any] = {
        "services": ["edge", "kubernetes"],
        "team": PLATFORM,
        "policy": "Platform, day and night",
        "start": tonight,
        "end": tonight + timedelta(hours=24),
    }
    world.oncall.holes = [
        HoleView(
            **shape,
            level="weak",
            reason="no_contact_method",
            why="no contact method",
            step=1,
            target="secondary",
            person=OUT,
        ),
        HoleView(
            **shape, level="broken", reason="nobody_of_the_policy", why="nobody of the policy"
        ),
    ]


def _messages(world: World, story: Incident) -> None:
    now = world.clock.now()
    rows: list[tuple[Ref, str, str, str, str, float, UUID | None]] = [
        (JUN, "webhook", "pending", "", "escalation_step", 0.4, story.id),
        (ADA, "webhook", "sent", "answered 204", "more_alerts", 10.2, story.id),
        (ADA, "webhook", "sent", "answered 204", "escalation_step", 22.8, story.id),
        (ADA, "email", "failed", "451 try again later", "escalation_step", 22.9, story.id),
        (LEA, "log", "sent", "written to the log", "escalation_step", 300, None),
        (
            MIRO,
            "email",
            "cancelled",
            "acknowledged before it was sent",
            "escalation_step",
            301,
            None,
        ),
        (SAM, "email", "sent", "250 OK", "fallback_of_gap", 540, None),
    ]
    for person, channel, outcome, detail, reason, minutes, incident in rows:
        world.oncall.sent.append(
            NotificationView(
                id=uuid4(),
                kind="more_alerts" if reason == "more_alerts" else "page",
                incident_id=incident or uuid4(),
                person=person,
                channel=channel,
                target="hooks.example.com/…" if channel == "webhook" else "",
                reason=reason,
                title=("1 more alert on " if reason == "more_alerts" else "")
                + (
                    f"INC-{story.number} {story.title}"
                    if incident
                    else "INC-4 Certificate of api.example.com ends in 9 days"
                ),
                outcome=outcome,
                detail=detail,
                created_at=now - timedelta(minutes=minutes),
            )
        )


def _settings(world: World) -> None:
    now = world.clock.now()
    methods = [
        ContactMethod(
            id=uuid4(),
            channel=channel,
            target=target,
            enabled=channel != "log",
            verified_at=None if channel == "email" else now,
            verified_by="Administrator" if channel == "ntfy" else None,
        )
        for channel, target in (
            ("webpush", "https://push.example.com/…"),
            ("ntfy", "https://ntfy.example.com/…"),
            ("email", "ada.okafor+night-shift@operations.example.com"),
            ("log", ""),
        )
    ]
    night = Hours(days=["fri", "sat", "sun"], start=time(22), end=time(8))
    push, ntfy, *_ = methods
    world.people.from_before = {
        "contact_methods": methods,
        "notification_rules": [
            Rule(contact_method_id=push.id, delay_minutes=0, severities=None),
            Rule(
                contact_method_id=ntfy.id,
                delay_minutes=5,
                severities=[Severity.CRITICAL, Severity.HIGH],
            ),
        ],
        "quiet_hours": [night],
        "working_hours": [Hours(days=["mon", "tue"], start=time(9), end=time(17))],
    }
