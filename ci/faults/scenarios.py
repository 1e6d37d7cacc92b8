"""The drills themselves: what is sent, which harm is done meanwhile, what is expected."""

import contextlib
import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import harm
from ledger import Ledger, Sender, alert
from phones import Phones
from stack import Stack, wait_until
from verdict import Findings, close_books, set_aside
from watching import Watch, backlog

SEVERITIES = ("critical", "high", "medium", "low")
# What is owed after a drill is delivered, or is lost: nobody waits longer.
SETTLE_SECONDS = 240.0


# What docker-compose.yml and services/run.sh give a contact method, unless told otherwise.
BURST, INTERVAL_SECONDS = 3, 60.0


@dataclass(frozen=True)
class Drill:
    """A scenario, and the most that 95 of 100 critical incidents may wait for their first page.

    ``settings`` are what its installation has beside everybody's.
    """

    run: Callable[["Stage"], None]
    critical_p95: float | None
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Stage:
    """An installation with people who have phones."""

    stack: Stack
    phones: Phones
    ledger: Ledger
    sender: Sender
    more: dict[str, Any] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def expect(self, what: str, truth: object) -> None:
        """Note a fault of this scenario's own, unless it is true."""
        if not truth:
            self.faults.append(f"not so: {what}")

    def staff(self, teams: int) -> None:
        """``teams`` of one person each, who answers for the service of the same number."""
        for number in range(teams):
            self.team(f"team-{number:03}", [f"service-{number:03}"])

    def team(self, name: str, services: list[str]) -> None:
        """A team of one person, whose phone rings for these services."""
        call = self._put
        methods = [{"channel": "webhook", "target": f"{self.phones.url}/{name}"}]
        call("people", name, {"name": name, "contact_methods": methods})
        call("teams", name, {"name": name, "members": [name]})
        steps = [{"target": "person", "person": name, "delay_minutes": 30}]
        call("policies", name, {"name": name, "team": name, "steps": steps})
        for service in services:
            call("services", service, {"name": service, "team": name})

    def everything_else_goes_to(self, name: str) -> None:
        """The person who is paged for services that nobody answers for."""
        teams = self.stack.items("oncall-service", "/api/v1/teams")
        [team] = [each["name"] for each in teams if each["catch_all"]]
        policies = self.stack.items("oncall-service", "/api/v1/policies")
        [policy] = [each["name"] for each in policies if each["team"]["name"] == team]
        steps = [{"target": "person", "person": name, "delay_minutes": 30}]
        self._put("policies", policy, {"name": policy, "team": team, "steps": steps})

    def _put(self, kind: str, name: str, body: dict[str, Any]) -> None:
        answer = self.stack.api.put(
            self.stack.url("oncall-service", f"/api/v1/{kind}/{name}"), json=body
        )
        if answer.status_code not in (200, 201):
            raise AssertionError(f"{kind} {name}: {answer.status_code} {answer.text}")

    def settle(self) -> float:
        """Wait until nothing is owed any more; the seconds it took."""
        began = time.monotonic()
        self.stack.wait_ready("alert-ingestion", "incident-management", "oncall-service")
        promised = {each.incident_id for each in self.ledger.accepted.values()}
        wait_until(
            "every promise to be kept",
            lambda: not backlog(self.stack) and promised <= self.phones.first_word().keys(),
            SETTLE_SECONDS,
            lambda: f"backlog {backlog(self.stack)}, set aside {set_aside(self.stack)}, "
            f"not paged {len(promised - self.phones.first_word().keys())}",
        )
        return round(time.monotonic() - began, 1)


@contextlib.contextmanager
def staged(folder: Path, state: Path | None = None, **settings: str) -> Iterator[Stage]:
    """An installation of its own, as ./services/run.sh starts it, until the end of the block."""
    with Phones() as phones:
        stack = Stack.make(
            state or folder / "state",
            VIGIE_PROMETHEUS="off",
            VIGIE_WEBHOOK_ALLOWED_NETWORKS="127.0.0.1/32",
            **settings,
        )
        try:
            stack.start()
            ledger = Ledger()
            sender = Sender(stack.url("alert-ingestion"), stack.key, ledger)
            try:
                yield Stage(stack, phones, ledger, sender)
            finally:
                sender.close()
        finally:
            # A disk of its own goes with everything on it, and cannot be removed before.
            stack.stop() if state is None else stack.run("--stop")


def perform(stage: Stage, drill: Drill) -> Findings:
    """Run a scenario and close its books."""
    with Watch(stage.stack) as watch:
        drill.run(stage)
        with contextlib.suppress(AssertionError):
            stage.more["seconds_until_nothing_was_owed"] = stage.settle()
    findings = close_books(
        stage.stack,
        stage.ledger,
        stage.phones,
        watch,
        burst=BURST,
        interval=INTERVAL_SECONDS,
    )
    deepest = max((depth for _, depth in watch.backlog), default=0)
    findings.more = {**stage.more, "deepest_backlog": int(deepest)}
    findings.faults = stage.faults
    return findings


TEAMS, KILLS, KILL_EVERY = 120, 20, 5.0


def calm(stage: Stage) -> None:
    """The same stream of new trouble as under the kills, and nobody does any harm."""
    stage.sender.send_all(_trouble(stage), per_second=12)


def kill(stage: Stage) -> None:
    """Each of five processes is killed four times, under a steady stream of new trouble."""
    requests = _trouble(stage)
    with harm.killing(stage.stack, KILLS, KILL_EVERY) as killed:
        stage.sender.send_all(requests, per_second=len(requests) / (KILLS * KILL_EVERY))
    stage.more["killed"] = {name: killed.count(name) for name in harm.FIVE}


def _trouble(stage: Stage) -> list[list[dict[str, Any]]]:
    stage.staff(TEAMS)
    # Two incidents a team, one of them critical, five alerts each: nobody's rate is in the way.
    requests = [
        [alert(f"service-{team:03}", severity, number)]
        for team in range(TEAMS)
        for severity in ("critical", SEVERITIES[1 + team % 3])
        for number in (range(5) if severity == "critical" else range(5, 10))
    ]
    random.Random(1).shuffle(requests)  # noqa: S311 - the same each time
    return requests


GROUPS, DUPLICATES, BATCH = 2_000, 20_000, 100
STORM_CRITICAL_SECONDS = 5.0


def storm(stage: Stage) -> None:
    """Trouble in 2,000 places at once and again and again, and in the middle what matters."""
    stage.team("everybody", [])
    stage.everything_else_goes_to("everybody")
    stage.staff(20)
    groups = [
        alert(f"storm-{number:04}", ("high", "medium", "low")[number % 3], 0)
        for number in range(GROUPS)
    ]
    over = threading.Event()

    def what_matters() -> None:
        """A critical incident every two seconds, each of another person; and two of the one."""
        for number in range(1, 1_000):
            if over.wait(2.0):
                return
            team = number % 20
            name = f"storm-worst-{number}" if number in (5, 45) else f"service-{team:03}"
            if name.startswith("storm-worst") or number <= 20:
                stage.sender.send([alert(name, "critical", 0)])

    other = threading.Thread(target=what_matters)
    other.start()
    try:
        stage.sender.send_all([[each] for each in groups[:200]])
        stage.sender.send_all(_batches(groups[200:]))
        again = [groups[number % GROUPS] for number in range(DUPLICATES)]
        stage.sender.send_all(_batches(again))
        time.sleep(45)
    finally:
        over.set()
        other.join()
    first = stage.phones.first_word()
    in_time = [
        round(first[each.incident_id] - each.at, 2)
        for each in stage.ledger.accepted.values()
        if each.service.startswith("storm-worst") and each.incident_id in first
    ]
    stage.more["seconds_to_page_a_critical_of_the_person_in_the_storm"] = in_time
    stage.expect(
        f"whoever is in the storm hears of a critical incident within {STORM_CRITICAL_SECONDS:g} s",
        in_time and max(in_time) <= STORM_CRITICAL_SECONDS,
    )
    stage.more["messages_to_the_person_in_the_storm"] = len(
        {each.key for each in stage.phones.rang if each.person == "everybody"}
    )


def _batches(alerts: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(alerts), BATCH):
        yield alerts[start : start + BATCH]


AT_ONCE, PEOPLE, FIRST_WORD_SECONDS = 1_000, 20, 10.0


def thousand(stage: Stage) -> None:
    """A thousand incidents at once, of twenty people; everybody hears of all of theirs.

    Within ten seconds of when they are owed, says a test in the time of a clock that is moved. Here
    it depends on the machine: what is handed over later than a storm is waited for, waits for the
    next message that may go out.
    """
    for person in range(PEOPLE):
        services = [f"at-once-{number:04}" for number in range(person, AT_ONCE, PEOPLE)]
        stage.team(f"team-{person:03}", services)
    alerts = [
        alert(f"at-once-{number:04}", SEVERITIES[number // PEOPLE % len(SEVERITIES)], number)
        for number in range(AT_ONCE)
    ]
    stage.sender.send_all(_batches(alerts))
    time.sleep(2 * FIRST_WORD_SECONDS)
    first = stage.phones.first_word()
    accepted = stage.ledger.accepted.values()
    waited = [first[one.incident_id] - one.at for one in accepted if one.incident_id in first]
    stage.more["incidents_said_in_time"] = sum(one <= FIRST_WORD_SECONDS for one in waited)
    stage.more["seconds_to_the_last_first_word"] = round(max(waited, default=0.0), 2)
    owed = stage.stack.items("oncall-service", "/api/v1/notifications")
    heard = [datetime.fromisoformat(one["created_at"]) for one in owed]
    # Hand-overs that take longer than what a storm is given to come in are the usual reason.
    stage.more["seconds_until_all_were_handed_over"] = (max(heard) - min(heard)).total_seconds()
    rang = {(one.person, one.key) for one in stage.phones.rang}
    messages = Counter(person for person, _ in rang)
    bundles = Counter(person for person, key in rang if key.startswith("bundle:"))
    stage.more["most_messages_to_a_person"] = max(messages.values(), default=0)
    stage.more["most_bundles_to_a_person"] = max(bundles.values(), default=0)
    stage.expect(
        "everybody gets a burst at most, with one bundle in it",
        max(messages.values(), default=0) <= BURST and set(bundles.values()) == {1},
    )


SLOW_SHARE, SLOW_SECONDS, SLOW_PER_SECOND = 0.4, 60, 100


def slow(stage: Stage) -> None:
    """incident-management has 40 % of a CPU while 100 alerts a second come in for a minute."""
    stage.team("everybody", [])
    stage.everything_else_goes_to("everybody")
    stage.staff(20)
    requests = [
        [alert(f"slow-{number % 1500:04}", ("high", "medium", "low")[number % 3], number)]
        for number in range(SLOW_SECONDS * SLOW_PER_SECOND)
    ]
    with harm.starved(stage.stack, "incident-management", SLOW_SHARE):
        over = threading.Event()

        def what_matters() -> None:
            for number in range(20):
                if over.wait(SLOW_SECONDS / 20):
                    return
                stage.sender.send([alert(f"service-{number:03}", "critical", 0)])

        other = threading.Thread(target=what_matters)
        other.start()
        try:
            stage.sender.send_all(requests, per_second=SLOW_PER_SECOND)
        finally:
            over.set()
            other.join()
        # What oncall-service owes is no sign: once a minute it sends a bundle, and has news of a
        # thousand pages at once.
        began, sender = time.monotonic(), ["alert-ingestion"]
        readings = [int(backlog(stage.stack, sender))]
        while readings[-1] and time.monotonic() - began < SETTLE_SECONDS:
            time.sleep(5)
            readings.append(int(backlog(stage.stack, sender)))
        stage.more["backlog_every_five_seconds_afterwards"] = readings
        stage.expect("the backlog shrinks with every look, down to nothing", _shrinks(readings))


def _shrinks(readings: list[int]) -> bool:
    return readings[-1] == 0 and all(
        later < earlier for earlier, later in itertools.pairwise(readings)
    )


def disk(stage: Stage) -> None:
    """The disk is full for half a minute; a service is killed meanwhile and must come back."""
    stage.staff(20)
    stage.sender.send_all([[alert(f"service-{team:03}", "high", 0)] for team in range(20)])
    filler = harm.fill(stage.stack.installation.state.parent)
    try:
        late = Sender(stage.stack.url("alert-ingestion"), stage.stack.key, stage.ledger)
        workers = [
            threading.Thread(target=late.send, args=([alert(f"service-{team:03}", "critical", 1)],))
            for team in range(20)
        ]
        for worker in workers:
            worker.start()
        time.sleep(5)
        ready = stage.stack.is_ready("alert-ingestion")
        stage.expect(
            "alert-ingestion does not say it is ready while nothing can be stored", not ready
        )
        before = stage.stack.pid("oncall-service")
        stage.stack.kill("oncall-service")
        time.sleep(25)
        after = stage.stack.pid("oncall-service")
        stage.expect("a killed service is started again while full", after not in (None, before))
    finally:
        filler.unlink()
    for worker in workers:
        worker.join()
    late.close()


DRILLS = {
    "calm": Drill(calm, critical_p95=5.0),
    "kill": Drill(kill, critical_p95=20.0),
    "storm": Drill(storm, critical_p95=5.0),
    # What protects people from a storm of one integration is not to be in the way of this one.
    "thousand": Drill(thousand, critical_p95=20.0, settings={"VIGIE_STORM_INCIDENTS": "0"}),
    "slow": Drill(slow, critical_p95=10.0),
    "disk": Drill(disk, critical_p95=None),
}
