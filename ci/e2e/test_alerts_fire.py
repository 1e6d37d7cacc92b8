"""What the platform says about itself, made to happen: an alert each, on the running installation.

Only how long an alert waits is shortened. Left out is what takes longer than a minute to come
about (a message that is late by minutes, budgets over days, a full disk), what nobody can bring
about from outside (a message given up on) and what does not run here (Grafana): the rule tests of
prometheus/tests/ speak of those.
"""

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import psycopg
import pytest
import yaml
from measuring import Measured, measured_installation
from senders import PROMETHEUS
from stack import Stack, on_call, wait_until

from shared.clock import SystemClock
from vigie_local import secret_files

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.xdist_group("alerts fire"),
    pytest.mark.timeout(400),
    pytest.mark.skipif(PROMETHEUS is None, reason="no prometheus: that alerts fire was not proved"),
]

WITHIN_SECONDS = 90
SETTINGS = {
    "VIGIE_CANARY_INTERVAL_SECONDS": "6",
    "VIGIE_CANARY_PATIENCE_SECONDS": "5",
    "VIGIE_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
}


class Watched(Measured):
    """An installation, and what its Prometheus says is wrong with it."""

    def firing(self, name: str, **labels: str) -> bool:
        """Whether an alert fires."""
        matchers = "".join(f',{label}="{value}"' for label, value in labels.items())
        found = self.value(f'sum(ALERTS{{alertname="{name}",alertstate="firing"{matchers}}})')
        return found >= 1

    def fires(self, name: str, within: float = WITHIN_SECONDS, **labels: str) -> None:
        """Wait for it."""
        wait_until(f"{name} to fire", lambda: self.firing(name, **labels), within)

    def database(self) -> psycopg.Connection:
        """A session of incident-management's role."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.stack.state().ports["postgres"],
            dbname="vigie",
            user="vigie_incidents",
            password=secret_files.read(self.stack.installation.secrets, "incidents_db_password"),
            autocommit=True,
        )


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    with measured_installation(tells=True, patience="5s", **SETTINGS) as stack:
        made = Watched(stack)
        wait_until("a first measurement", lambda: made.measured("incidents_total"), 120)
        yield made


def test_the_watchdog_is_heard_and_is_no_incident(watched: Watched) -> None:
    watched.fires("Watchdog")
    heard = 'heartbeat_age_seconds{name="vigie-prometheus"}'
    wait_until("it to be heard", lambda: watched.value(f"min({heard})") < 60, WITHIN_SECONDS)
    assert not [it for it in watched.stack.incidents() if "evaluates its rules" in it["title"]]


def test_the_canary_walks_and_nobody_sees_it(watched: Watched) -> None:
    walked = 'sum(canary_walks_total{outcome="ok"})'
    wait_until("two walks", lambda: watched.value(walked) >= 2, WITHIN_SECONDS)
    stack = watched.stack
    assert not [it for it in stack.incidents() if it["service"] == "vigie-canary"]
    assert not [
        it
        for it in stack.items("alert-ingestion", "/api/v1/alerts")
        if it["service"] == "vigie-canary"
    ]
    told = stack.items("oncall-service", "/api/v1/notifications")
    assert not [it for it in told if it["channel"] == "canary" or it["kind"] == "canary"]


def test_what_is_refused(watched: Watched) -> None:
    refused = watched.stack.sender.post(
        watched.stack.url("alert-ingestion", "/api/v1/alerts"), json={"service": 1}
    )
    assert refused.status_code == 422
    watched.fires("AlertsRefused")


def test_a_rule_that_cannot_be_evaluated(watched: Watched) -> None:
    run = watched.stack.installation.run
    file = run / "rules" / "broken.yml"
    rule = {"record": "both:sides", "expr": "up * on () up"}
    file.write_text(yaml.safe_dump({"groups": [{"name": "broken", "rules": [rule]}]}))
    watched.reload()
    try:
        watched.fires("RuleEvaluationFailing")
    finally:
        file.unlink()
        watched.reload()


def test_a_service_that_is_not_watched(watched: Watched) -> None:
    file = watched.stack.installation.run / "prometheus.yml"
    whole = file.read_text(encoding="utf-8")
    config = yaml.safe_load(whole)
    (watched_once,) = (it for it in config["scrape_configs"] if it["job_name"] == "vigie")
    watched_once["static_configs"].pop()
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    watched.reload()
    try:
        watched.fires("TargetsMissing")
    finally:
        file.write_text(whole, encoding="utf-8")
        watched.reload()


def test_keys_that_nobody_knows(watched: Watched) -> None:
    for number in range(20):
        answer = httpx.post(
            watched.stack.url("alert-ingestion", "/api/v1/alerts"),
            headers={"Authorization": f"Bearer made-up-{number}"},
            json={},
            trust_env=False,
        )
        assert answer.status_code == 401
    watched.fires("UnknownKeys")


def test_a_message_that_is_not_taken(watched: Watched) -> None:
    with _refusing() as url:
        on_call(watched.stack, "Refused", "Rita", ["refusing"], channel="webhook", target=url)
        assert watched.stack.alert(service="refusing", severity="critical").status_code == 201
        watched.fires("NotificationsFailing", channel="webhook")


def test_a_team_that_has_nobody_now_and_one_that_soon_has_nobody(watched: Watched) -> None:
    now = SystemClock().now()
    on_call(watched.stack, "Nobody", "Nora", ["nobodys"], hours=_hours(now.hour + 2, now.hour + 3))
    on_call(watched.stack, "Soon", "Sami", ["soons"], hours=_hours(now.hour - 1, now.hour + 3))
    assert watched.stack.alert(service="nobodys", severity="critical").status_code == 201
    # oncall-service looks ahead once a minute.
    watched.fires("GapAhead", team="Soon", within=2 * WITHIN_SECONDS)
    watched.fires("NobodyOnCall", team="Nobody")


def test_a_team_that_nobody_answers_for_during_most_of_a_day(watched: Watched) -> None:
    on_call(watched.stack, "Mornings", "Mora", ["mornings"], hours=_hours(6, 12))
    # oncall-service looks a month ahead once an hour, and when it starts.
    watched.stack.kill("oncall-service")
    watched.fires("CoverageBroken")


def test_a_deadlock(watched: Watched) -> None:
    with watched.database() as one, watched.database() as other:
        for session, mine in ((one, 1), (other, 2)):
            session.execute("BEGIN")
            session.execute("SELECT pg_advisory_xact_lock(77, %s)", (mine,))
        waits = threading.Thread(target=_take, args=(one, 2))
        waits.start()
        _take(other, 1)
        waits.join()
    watched.fires("DatabaseDeadlocks")


def test_nearly_all_connections(watched: Watched) -> None:
    most = int(watched.value("max(postgres_connections_max)"))
    with contextlib.ExitStack() as sessions:
        # Those of the services come on top.
        for _ in range(int(most * 0.8)):
            sessions.enter_context(watched.database())
        watched.fires("DatabaseConnectionsNearLimit")


def test_a_service_that_is_down(watched: Watched) -> None:
    with watched.stack.kept_down("oncall-service"):
        watched.fires("TargetDown", service="oncall-service")
        watched.fires("NeighbourUnreachable", neighbour="oncall-service")
        watched.fires("CanaryFailing")
    watched.stack.wait_ready("oncall-service")


def test_a_dashboard_that_hears_nothing(watched: Watched) -> None:
    with watched.stack.kept_down("incident-management"):
        watched.fires("WebUiCutOff")
    watched.stack.wait_ready("incident-management")


def test_alerts_that_cannot_be_handed_over(watched: Watched) -> None:
    with watched.stack.kept_down("alert-ingestion"):
        watched.fires("AlertPathBroken")
    watched.stack.wait_ready("alert-ingestion")


def test_a_database_that_is_gone(watched: Watched) -> None:
    with watched.stack.kept_down("postgres"):
        with ThreadPoolExecutor(20) as people:
            answers = set(people.map(lambda _: _asked(watched.stack), range(20)))
        assert answers == {503}
        watched.fires("DatabaseUnreachable")
        watched.fires("EngineFailing", service="alert-ingestion")
        watched.fires("AvailabilityBudgetBurnsFast", service="incident-management")
    watched.stack.wait_ready("alert-ingestion", "incident-management", "oncall-service")


def test_what_was_mended_is_silent_again(watched: Watched) -> None:
    for name in ("TargetDown", "DatabaseUnreachable", "NeighbourUnreachable"):
        wait_until(f"{name} to end", lambda name=name: not watched.firing(name), WITHIN_SECONDS)  # type: ignore[misc]


def _asked(stack: Stack) -> int:
    """The status of a list of incidents; without its database a service waits before it says so."""
    address = stack.url("incident-management", "/api/v1/incidents")
    return stack.api.get(address, timeout=WITHIN_SECONDS).status_code


def _hours(start: int, end: int) -> dict[str, str]:
    return {"start": f"{start % 24:02}:00", "end": f"{end % 24:02}:00"}


def _take(session: psycopg.Connection, lock: int) -> None:
    # One of the two is told that it was ended, and that is what is wanted.
    with contextlib.suppress(psycopg.errors.DeadlockDetected):
        session.execute("SELECT pg_advisory_xact_lock(77, %s)", (lock,))
    session.execute("ROLLBACK")


class _Refusal(BaseHTTPRequestHandler):
    """Takes no message, for good."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(410)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quietly."""


@contextlib.contextmanager
def _refusing() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Refusal)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
