"""What the benchmark makes of what its tools say."""

import json
from pathlib import Path

import pytest
from costs import Costs
from loading import Load, LoadError, Seen, seen
from peers import PeerError, pgbench
from report import document, ratios, table

NOTHING = Costs({}, {})
WRK = """
Running 6s test @ http://127.0.0.1:8001
RESULT {"requests": 600, "seconds": 6.0, "p50": 1.5, "p95": 2.5, "p99": 9, "refused": 2, "broken": 0}
"""  # noqa: E501
PGBENCH = """
number of clients: 16
latency average = 1.250 ms
tps = 12800.500000 (without initial connection time)
"""


def figure(rate: float, p99: float, batch: int = 1) -> Seen:
    return Seen(rate * batch, rate, 1.0, 2.0, p99, 0, 0, Costs({"server": 1.5}, {"server": 80.0}))


def test_what_wrk_saw_counts_alerts_and_not_requests() -> None:
    found = seen(WRK, "", 100, NOTHING)
    assert (found.requests_per_second, found.alerts_per_second) == (100, 10_000)
    assert (found.p99, found.refused) == (9.0, 2)


def test_what_did_not_come_to_an_end_is_no_figure() -> None:
    with pytest.raises(LoadError, match="connection refused"):
        seen("", "unable to connect: connection refused", 1, NOTHING)


def test_what_pgbench_did_is_read_and_what_it_did_not_is_said() -> None:
    limit = pgbench(lambda *_: PGBENCH, 16, 6)  # type: ignore[arg-type]
    assert (limit.commits_per_second, limit.latency) == (12_800.5, 1.25)
    with pytest.raises(PeerError, match="no route"):
        pgbench(lambda *_: "no route", 16, 6)  # type: ignore[arg-type]


def test_figures_are_ratios_of_one_run(tmp_path: Path) -> None:
    new, batches = Load("new", 64), Load("new", 16, 100)
    ours = {new: figure(2_000, 60), batches: figure(100, 200, 100)}
    theirs = {new: figure(8_000, 30), batches: figure(200, 100, 100)}
    limit = pgbench(lambda *_: PGBENCH, 16, 6)  # type: ignore[arg-type]
    found = ratios(ours, theirs, [limit])
    assert found["new, one a request, 64 connections: alerts a second"] == 0.25
    assert found["new, one a request, 64 connections: p99"] == 2.0
    assert found["new, 100 a request, 16 connections: alerts a second"] == 0.5
    assert found["new alerts one a request: against durable commits of pgbench"] < 0.16
    path = tmp_path / "ingest.json"
    path.write_text(json.dumps(document(ours, theirs, [limit], {"cores": 2})))
    assert json.loads(path.read_text())["ratios"] == found


def test_a_peer_that_is_not_there_leaves_its_ratios_out() -> None:
    assert ratios({Load("new", 64): figure(2_000, 60)}, {}, []) == {}


def test_the_table_says_what_was_refused() -> None:
    load = Load("storm", 16)
    good = table("The platform", {load: figure(2_000, 60)})
    assert "server 1.50, 80" in good
    assert "REFUSED" not in good
    assert "REFUSED 2" in table("The platform", {load: seen(WRK, "", 1, NOTHING)})
