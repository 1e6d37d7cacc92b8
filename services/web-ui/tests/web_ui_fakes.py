"""The neighbours of web-ui in memory, and a visitor who fills in forms.

The fakes keep the promises of clients.py: the same failures, the same transitions, and the token of
whoever asks is checked and remembered.
"""

import asyncio
import re
import secrets
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from litestar import Litestar
from people_fakes import FakePeople
from stub_neighbour import StubNeighbour

from shared.clock import Clock
from shared.contracts.identity import Actor, Principal, Role
from shared.contracts.incident_api import (
    Durations,
    FeedEvent,
    IncidentAlert,
    IncidentWhy,
    LinkView,
    OpenNow,
    Stats,
    Tally,
    TimelineEntry,
)
from shared.contracts.incidents import Incident, IncidentKind, Status
from shared.contracts.oncall_api import (
    CalendarView,
    CoverageView,
    CurrentView,
    EscalationView,
    HoleView,
    NotificationView,
    SessionView,
    WhyView,
)
from shared.contracts.wire import Page, Ref, Severity
from shared.errors import Conflict, Forbidden, NotFound, TooMany
from web_ui.app import Neighbours, create_app
from web_ui.clients import Browser, Down, Search, SignedOut
from web_ui.configuration import Configuration
from web_ui.ingestion import Ingestion
from web_ui.reporting import DutyReporting, Reporting
from web_ui.rota import Rota
from web_ui.settings import WebUiSettings
from web_ui.sse import Message

ALLOWED = {
    Status.OPEN: (Status.ACKNOWLEDGED, Status.IN_PROGRESS, Status.RESOLVED),
    Status.ACKNOWLEDGED: (Status.IN_PROGRESS, Status.RESOLVED, Status.OPEN),
    Status.IN_PROGRESS: (Status.ACKNOWLEDGED, Status.RESOLVED),
    Status.RESOLVED: (),
}

UNDO = timedelta(seconds=15)

RUNBOOKS = Path(__file__).parents[3] / "docs" / "runbooks"

PEOPLE = {
    "ada": ("Ada Okafor", Role.RESPONDER),
    "vera": ("Vera Lind", Role.VIEWER),
    "admin": ("Administrator", Role.ADMIN),
}
PASSWORD = secrets.token_urlsafe(12)


class FakeDirectory:
    """Knows sessions, as oncall-service does for everybody."""

    def __init__(self) -> None:
        self.sessions: dict[str, Principal] = {}
        self.down = False

    async def find(self, token: str) -> Principal | None:
        if self.down:
            raise Down("oncall-service", "oncall-service does not answer (ConnectError).")
        return self.sessions.get(token)

    def role(self, token: str) -> Role | None:
        """What the holder of a session may do."""
        principal = self.sessions.get(token)
        return principal.role if principal else None

    def begin(self, user: str) -> str:
        name, role = PEOPLE[user]
        token = secrets.token_urlsafe(24)
        self.sessions[token] = Principal(kind="person", id=str(uuid4()), name=name, role=role)
        return token


class FakeIncidents:
    """incident-management."""

    def __init__(self, clock: Clock, directory: FakeDirectory) -> None:
        self._clock = clock
        self._directory = directory
        self.down = False
        self.stored: dict[UUID, Incident] = {}
        self.entries: dict[UUID, list[TimelineEntry]] = {}
        self.attached: dict[UUID, list[IncidentAlert]] = {}
        self.searches: list[Search] = []
        self.links: dict[str, LinkView] = {}
        self.used: list[str] = []
        self.people: list[Ref] = []
        self.ledgers: dict[UUID, WhyView] = {}
        self.feed: FakeFeed | None = None
        self._sequence = 0

    def open(
        self,
        title: str = "Checkout answers 500",
        *,
        severity: Severity = Severity.CRITICAL,
        service: str = "checkout",
        age: timedelta = timedelta(minutes=5),
        **more: Any,
    ) -> Incident:
        """An incident that is simply there."""
        incident = Incident(
            id=uuid4(),
            number=len(self.stored) + 1,
            title=title,
            service=service,
            severity=severity,
            **{
                "status": Status.OPEN,
                "alert_count": 1,
                "created_at": self._clock.now() - age,
                **more,
            },
        )
        self.stored[incident.id] = incident
        self.remark(
            incident, "incident.opened", f"Opened by an alert of {service}", at=incident.created_at
        )
        return incident

    def remark(
        self,
        incident: Incident,
        kind: str,
        text: str,
        *,
        by: str | None = None,
        at: datetime | None = None,
    ) -> None:
        """An entry on the timeline."""
        self._sequence += 1
        moment = at or self._clock.now()
        self.entries.setdefault(incident.id, []).append(
            TimelineEntry(
                id=self._sequence,
                incident_id=incident.id,
                at=moment,
                recorded_at=moment,
                kind=kind,
                text=text,
                actor=Actor(kind="person", id="1", name=by) if by else None,
            )
        )

    def change(self, incident: Incident, **fields: Any) -> Incident:
        """What a neighbour, a rule or somebody else did; told on the feed."""
        changed = incident.model_copy(
            update={**fields, "revision": self.stored[incident.id].revision + 1}
        )
        self.stored[incident.id] = changed
        self.tell(changed)
        return changed

    def tell(self, incident: Incident, kind: str = IncidentKind.RETITLED) -> None:
        """Put a change on the feed."""
        if self.feed:
            self.feed.say(incident, kind, self._clock.now())

    def _principal(self, token: str, *, acts: bool = False) -> Principal:
        if self.down:
            raise Down("incident-management", "incident-management does not answer (ConnectError).")
        principal = self._directory.sessions.get(token)
        if principal is None:
            raise SignedOut("This token is unknown, expired or revoked.")
        if acts and not principal.role.includes(Role.RESPONDER):
            raise Forbidden(f"This needs the role responder; {principal.name} is {principal.role}.")
        return principal

    async def search(self, token: str, search: Search) -> Page[Incident]:
        self._principal(token)
        self.searches.append(search)
        found = [i for i in self.stored.values() if self._fits(i, search)]
        found.sort(key=lambda i: i.created_at, reverse=True)
        start = int(search.cursor or 0)
        end = start + search.limit
        return Page(items=found[start:end], next_cursor=str(end) if len(found) > end else None)

    @staticmethod
    def _fits(incident: Incident, search: Search) -> bool:
        return (
            (not search.statuses or incident.status in search.statuses)
            and (not search.severities or incident.severity.value in search.severities)
            and (not search.service or search.service.lower() in incident.service.lower())
            and (not search.teams or incident.team in search.teams)
            and (
                not search.assignee
                or search.assignee == (str(incident.assignee.id) if incident.assignee else "none")
            )
            and search.text.lower() in f"{incident.title} INC-{incident.number}".lower()
        )

    async def get(self, token: str, incident: UUID | int) -> Incident:
        self._principal(token)
        for stored in self.stored.values():
            if incident in (stored.id, stored.number):
                return stored
        raise NotFound("There is no incident with this id or number.")

    async def timeline(self, token: str, incident_id: UUID) -> Sequence[TimelineEntry]:
        self._principal(token)
        return list(self.entries.get(incident_id, []))

    async def alerts(self, token: str, incident_id: UUID) -> Sequence[IncidentAlert]:
        self._principal(token)
        return list(self.attached.get(incident_id, []))

    async def change_status(self, token: str, incident_id: UUID, status: Status) -> Incident:
        who = self._principal(token, acts=True)
        incident = await self.get(token, incident_id)
        allowed = ALLOWED[incident.status]
        if status is incident.status:
            self.remark(
                incident, "incident.unchanged", f"{who.name} asked for {status}", by=who.name
            )
            return incident
        if status not in allowed:
            raise Conflict(
                f"INC-{incident.number} is {incident.status}; it cannot become {status}.",
                allowed=[s.value for s in allowed],
            )
        now = self._clock.now()
        stamps: dict[str, Any] = {"status": status}
        taken = status in (Status.ACKNOWLEDGED, Status.IN_PROGRESS)
        if taken and incident.acknowledged_at is None:
            stamps |= {
                "acknowledged_at": now,
                "acknowledged_by": who.name,
                "mtta_seconds": (now - incident.created_at).total_seconds(),
                "assignee": Ref(id=UUID(who.id), name=who.name),
            }
        if status is Status.RESOLVED:
            stamps |= {
                "resolved_at": now,
                "resolved_by": who.name,
                "mttr_seconds": (now - incident.created_at).total_seconds(),
            }
        self.remark(incident, f"incident.{status}", f"{who.name}: {status}", by=who.name)
        return self.change(incident, **stamps)

    async def add_note(self, token: str, incident_id: UUID, text: str) -> None:
        who = self._principal(token, acts=True)
        incident = await self.get(token, incident_id)
        self.remark(incident, "note", text, by=who.name)
        self.tell(incident, "note")

    async def assign(self, token: str, incident_id: UUID, person: UUID | None) -> Incident:
        self._principal(token, acts=True)
        incident = await self.get(token, incident_id)
        names = {each.id: each.name for each in self.people}
        assignee = Ref(id=person, name=names.get(person, "Somebody")) if person else None
        return self.change(incident, assignee=assignee)

    async def snooze(self, token: str, incident_id: UUID, minutes: int) -> Incident:
        self._principal(token, acts=True)
        incident = await self.get(token, incident_id)
        until = self._clock.now() + timedelta(minutes=minutes)
        return self.change(incident, status=Status.ACKNOWLEDGED, snoozed_until=until)

    async def undo_resolve(self, token: str, incident_id: UUID) -> Incident:
        self._principal(token, acts=True)
        incident = await self.get(token, incident_id)
        if incident.resolved_at is None or self._clock.now() > incident.resolved_at + UNDO:
            raise Conflict("It is too late to take this resolution back.")
        return self.change(incident, status=Status.OPEN, resolved_at=None, resolved_by=None)

    async def recur(self, token: str, incident_id: UUID) -> Incident:
        self._principal(token, acts=True)
        old = await self.get(token, incident_id)
        return self.open(
            old.title, severity=old.severity, service=old.service, recurrence_of=old.id
        )

    async def merge(self, token: str, incident_id: UUID, into: str) -> Incident:
        self._principal(token, acts=True)
        target = await self.get(token, int(into.upper().removeprefix("INC-")))
        incident = await self.get(token, incident_id)
        return self.change(incident, status=Status.RESOLVED, merged_into=target.id)

    async def open_by_hand(
        self, token: str, title: str, service: str, severity: str, message: str
    ) -> Incident:
        self._principal(token, acts=True)
        opened = self.open(title, severity=Severity(severity), service=service, alert_count=0)
        if message:
            await self.add_note(token, opened.id, message)
        return opened

    async def why(self, token: str, incident_id: UUID) -> IncidentWhy:
        self._principal(token)
        incident = await self.get(token, incident_id)
        return IncidentWhy(
            incident=incident,
            opened=next(iter(self.entries.get(incident_id, [])), None),
            alerts=self.attached.get(incident_id, []),
            pages=self.ledgers.get(incident_id),
        )

    async def look_at_link(self, link: str) -> LinkView:
        if self.down:
            raise Down("incident-management", "incident-management does not answer.")
        return self.links.get(link, LinkView(outcome="invalid"))

    async def use_link(self, link: str) -> LinkView:
        seen = await self.look_at_link(link)
        self.used.append(link)
        if seen.outcome == "open":
            seen = self.links[link] = seen.model_copy(update={"outcome": "acknowledged"})
        return seen

    async def stats(self, token: str) -> Stats:
        self._principal(token)
        now = self._clock.now()
        unresolved = [i for i in self.stored.values() if i.status is not Status.RESOLVED]
        seen = [i.mtta_seconds for i in self.stored.values() if i.mtta_seconds is not None]
        over = [i.mttr_seconds for i in self.stored.values() if i.mttr_seconds is not None]
        return Stats(
            since=now - timedelta(days=7),
            until=now,
            open=OpenNow(
                total=len(unresolved),
                by_severity={s: sum(i.severity is s for i in unresolved) for s in Severity},
                by_status={s: sum(i.status is s for i in unresolved) for s in Status},
            ),
            total=Tally(created=len(self.stored), mtta=_durations(seen), mttr=_durations(over)),
            by_severity=[],
            by_service=[],
            by_day=[],
        )


def _durations(seconds: Sequence[float]) -> Durations:
    mean = sum(seconds) / len(seconds) if seconds else None
    return Durations(count=len(seconds), mean_seconds=mean)


class FakeOnCall:
    """oncall-service."""

    def __init__(self, clock: Clock, directory: FakeDirectory) -> None:
        self._clock = clock
        self._directory = directory
        self.down = False
        self.throttled = False
        self.addresses: list[str] = []
        self.devices: list[str] = []
        self.current: list[CurrentView] = []
        self.shifts: dict[UUID, CalendarView] = {}
        self.holes: list[HoleView] = []
        self.sent: list[NotificationView] = []
        self.escalated: list[tuple[UUID, str, str]] = []
        self.refuse_escalation: str | None = None
        self.runs: list[EscalationView] = []
        self.helpers: list[tuple[UUID, UUID]] = []
        self.people: list[Ref] = []
        self.services: list[str] = []
        self.teams: dict[str, list[str]] = {}

    def _check(self, token: str | None = None) -> None:
        if self.down:
            raise Down("oncall-service", "oncall-service does not answer (ConnectError).")
        if token is not None and token not in self._directory.sessions:
            raise SignedOut("This token is unknown, expired or revoked.")

    async def sign_in(self, user: str, password: str, browser: Browser) -> SessionView:
        self._check()
        self.addresses.append(browser.address)
        self.devices.append(browser.device)
        if self.throttled:
            raise TooMany("Too many failed attempts to sign in; wait a little.", retry_after=60)
        if user not in PEOPLE or password != PASSWORD:
            raise SignedOut("User and password do not fit.")
        token = self._directory.begin(user)
        name, role = PEOPLE[user]
        return SessionView(
            token=token,
            person=Ref(id=uuid4(), name=name),
            role=role,
            expires_at=self._clock.now() + timedelta(hours=12),
        )

    async def sign_out(self, token: str) -> None:
        self._check(token)
        del self._directory.sessions[token]

    async def duties(self, token: str) -> Sequence[CurrentView]:
        self._check(token)
        return self.current

    async def calendars(self, token: str, until: datetime) -> Sequence[CalendarView]:
        assert until > self._clock.now()
        self._check(token)
        return [
            self.shifts.get(duty.team.id, CalendarView(team=duty.team, time_zone="UTC", items=[]))
            for duty in self.current
        ]

    async def coverage(self, token: str) -> CoverageView:
        self._check(token)
        now = self._clock.now()
        broken = sum(hole.level == "broken" for hole in self.holes)
        return CoverageView(
            at=now,
            until=now + timedelta(days=30),
            ok=not broken,
            broken=broken,
            weak=len(self.holes) - broken,
            holes=self.holes,
        )

    async def running(
        self, token: str, incident_id: UUID | None = None
    ) -> Sequence[EscalationView]:
        self._check(token)
        return [run for run in self.runs if incident_id in (None, run.incident_id)]

    async def everybody(self, token: str) -> Sequence[Ref]:
        self._check(token)
        return self.people

    async def known_services(self, token: str) -> Sequence[str]:
        self._check(token)
        return self.services

    async def teams_of(self, token: str, person: str) -> Sequence[str]:
        self._check(token)
        return self.teams.get(person, [])

    async def ask_for_help(self, token: str, incident_id: UUID, person: UUID) -> None:
        self._check(token)
        self.helpers.append((incident_id, person))

    async def escalate(self, token: str, incident_id: UUID, reason: str) -> None:
        self._check(token)
        if self.refuse_escalation:
            raise Conflict(self.refuse_escalation)
        self.escalated.append((incident_id, self._directory.sessions[token].name, reason))

    async def notifications(
        self, token: str, cursor: str | None, incident_id: UUID | None
    ) -> Page[NotificationView]:
        self._check(token)
        found = [n for n in self.sent if incident_id in (None, n.incident_id)]
        start = int(cursor or 0)
        return Page(
            items=found[start : start + 50],
            next_cursor=str(start + 50) if len(found) > start + 50 else None,
        )


class FakeFeed:
    """incident-management's stream of events."""

    loop: asyncio.AbstractEventLoop
    """Where the subscribers run: a test in another thread has to go there."""

    def __init__(self) -> None:
        self.down = False
        self.resumed_after: list[str | None] = []
        self._queues: list[asyncio.Queue[Message | None]] = []
        self._position = 0

    @property
    def connections(self) -> int:
        """How many subscriptions there are now."""
        return len(self._queues)

    def say(self, incident: Incident, kind: str, at: datetime) -> None:
        """A change, for every subscriber."""
        self._position += 1
        event = FeedEvent(type=kind, occurred_at=at, incident=incident)
        self.send(Message("incident", event.model_dump_json(), str(self._position)))

    def send(self, message: Message | None) -> None:
        """Any message; None closes the connections."""
        for queue in self._queues:
            queue.put_nowait(message)

    async def follow(self, last_id: str | None) -> AsyncGenerator[Message, None]:
        self.loop = asyncio.get_running_loop()
        if self.down:
            raise Down("incident-management", "The subscription to incident-management broke.")
        self.resumed_after.append(last_id)
        queue: asyncio.Queue[Message | None] = asyncio.Queue()
        self._queues.append(queue)
        try:
            yield Message()
            while (message := await queue.get()) is not None:
                yield message
        finally:
            self._queues.remove(queue)


@dataclass
class World:
    """Everything around web-ui."""

    clock: Clock
    settings: WebUiSettings = field(
        default_factory=lambda: WebUiSettings(
            csrf_secret=secrets.token_urlsafe(24), runbooks_folder=RUNBOOKS
        )
    )

    def __post_init__(self) -> None:
        self.directory = FakeDirectory()
        self.incidents = FakeIncidents(self.clock, self.directory)
        self.oncall = FakeOnCall(self.clock, self.directory)
        self.people = FakePeople(self.clock, self.directory)
        self.feed = FakeFeed()
        self.configuration = StubNeighbour("oncall-service")
        self.ingestion = StubNeighbour("alert-ingestion")
        self.reports = StubNeighbour("incident-management")
        quiet = {"minutes": [], "firing": 0, "silenced": 0}
        self.ingestion.on("GET", "/api/v1/alerts/rate", quiet)
        self.incidents.feed = self.feed

    def app(self) -> Litestar:
        """web-ui, put together as in production."""
        outside = Neighbours(
            incidents=self.incidents,
            oncall=self.oncall,
            people=self.people,
            configuration=Configuration(self.configuration.client()),
            ingestion=Ingestion(self.ingestion.client()),
            rota=Rota(self.configuration.client()),
            reporting=Reporting(self.reports.client()),
            duty_reporting=DutyReporting(self.configuration.client()),
            tokens=self.directory,
            feed=self.feed,
        )
        return create_app(self.settings, clock=self.clock, outside=outside)

    def oncall_down(self) -> None:
        """oncall-service stops answering, to anybody."""
        self.oncall.down = self.people.down = self.directory.down = self.configuration.down = True


class Visitor:
    """A person with a browser: reads pages, fills in their forms."""

    def __init__(self, client: httpx.AsyncClient, world: World) -> None:
        self.client = client
        self.world = world
        self.csrf_token = ""

    async def get(self, path: str, *, fragment: bool = False, **headers: str) -> httpx.Response:
        """Open a page, or ask for its fragment as htmx does."""
        sent = {"HX-Request": "true"} if fragment else {}
        response = await self.client.get(path, headers={**sent, **headers})
        found = re.search(r'name="csrf_token" value="([0-9a-f]+)"', response.text)
        if found:
            self.csrf_token = found.group(1)
        return response

    async def post(
        self,
        path: str,
        *,
        fragment: bool = False,
        headers: dict[str, str] | None = None,
        **form: str | list[str],
    ) -> httpx.Response:
        """Send a form of the page last opened."""
        sent = {"HX-Request": "true"} if fragment else {}
        return await self.client.post(
            path,
            data={"csrf_token": self.csrf_token, **form},
            headers={**sent, **(headers or {})},
        )

    async def sign_in(
        self, user: str, *, next_: str = "/", password: str = PASSWORD
    ) -> httpx.Response:
        """Sign in, then open the dashboard (for its forms)."""
        await self.get("/sign-in")
        response = await self.post("/sign-in", user=user, password=password, next=next_)
        if response.status_code == 303:
            await self.get("/")
        return response


def at(text: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
