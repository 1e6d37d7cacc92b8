"""``./ci/bench/pages.sh``: how fast pages answer where much is stored."""

import argparse
import re
import shutil
import statistics
import sys
import time

import httpx
import psycopg
from filling import fill
from stack import Stack, wait_until

from vigie_local import run_state, secret_files
from vigie_local.embedded_postgres import SUPERUSER
from vigie_testing.cluster import new_session_folder

PAGES = (
    "/",
    "/?severity=critical&status=open",
    "/?text=latency",
    "/?service=service-7",
    "/history",
    "/history?status=resolved&severity=high&service=service-3",
    "/alerts",
    "/reports",
)
# What is asked for the first time is planned, read from the disk and compiled: nobody's figure.
WARM_UP = 3


def main(arguments: list[str]) -> int:
    """Fill, ask and print."""
    parser = argparse.ArgumentParser(prog="./ci/bench/pages.sh", description=__doc__)
    parser.add_argument("--incidents", type=int, default=100_000)
    parser.add_argument("--alerts", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=60, help="requests a page")
    options = parser.parse_args(arguments)
    folder = new_session_folder()
    try:
        stack = Stack.make(folder / "state")
        stack.start()
        try:
            _seed(stack)
            began = time.monotonic()
            with _database(stack) as database:
                fill(database, options.incidents, options.alerts)
            print(f"filled in {time.monotonic() - began:.0f} s", flush=True)
            _measure(stack, options.times)
        finally:
            stack.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _seed(stack: Stack) -> None:
    """One alert and its incident: what the others are copies of."""
    alert = {"service": "checkout", "severity": "high", "message": "p99 latency is 8.4 s"}
    ingestion = stack.url("alert-ingestion")
    stack.sender.post(f"{ingestion}/api/v1/alerts", json=alert).raise_for_status()
    incidents = stack.url("incident-management")
    wait_until(
        "the incident of the first alert",
        lambda: stack.api.get(f"{incidents}/api/v1/incidents").json()["items"],
    )


def _database(stack: Stack) -> psycopg.Connection:
    state = run_state.read(stack.installation.run)
    assert state is not None
    return psycopg.connect(
        host="127.0.0.1",
        port=state.ports["postgres"],
        user=SUPERUSER,
        password=secret_files.read(stack.installation.secrets, "postgres_password"),
        dbname="vigie",
        autocommit=True,
    )


def _measure(stack: Stack, times: int) -> None:
    with httpx.Client(base_url=stack.url("web-ui"), follow_redirects=True, timeout=60) as client:
        _sign_in(client, stack)
        print(f"{'page':58} {'p50 ms':>8} {'p95 ms':>8} {'KB':>6}")
        for page in PAGES:
            spent = [_ask(client, page) for _ in range(WARM_UP + times)][WARM_UP:]
            seconds = sorted(each for each, _ in spent)
            p95 = seconds[min(len(seconds) - 1, round(len(seconds) * 0.95))]
            median = statistics.median(seconds)
            size = spent[-1][1] / 1024
            print(f"{page:58} {median * 1000:8.1f} {p95 * 1000:8.1f} {size:6.0f}", flush=True)


def _ask(client: httpx.Client, page: str) -> tuple[float, int]:
    began = time.perf_counter()
    answer = client.get(page)
    spent = time.perf_counter() - began
    answer.raise_for_status()
    if "notice--down" in answer.text:
        raise SystemExit(f"{page}: a neighbour did not answer")
    return spent, len(answer.content)


def _sign_in(client: httpx.Client, stack: Stack) -> None:
    token = re.findall(r'name="csrf_token" value="(\w+)"', client.get("/sign-in").text)[0]
    password = secret_files.read(stack.installation.secrets, "admin_password")
    answer = client.post(
        "/sign-in",
        data={"csrf_token": token, "user": "admin", "password": password, "next": "/"},
    )
    answer.raise_for_status()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
