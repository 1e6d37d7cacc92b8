"""The order, the parallelism and the exit codes of a run."""

from __future__ import annotations

import json

from .conftest import Chain


def test_stages_run_in_the_order_of_their_needs_and_leave_a_manifest_each(chain: Chain) -> None:
    chain.stage("second", 'say two >"$OUT/made"', needs=["first"], outputs=["made"])
    chain.stage("first", "fact coverage '91 %'; finding HIGH some/file hole; unproved 'the moon'")

    done = chain.run()

    assert done.returncode == 0, done.stderr
    assert chain.ran() == ["first", "second"]
    listed = chain.out("second", "manifest.sha256").read_text()
    assert "made" in listed
    assert "log.txt" in listed
    summary = chain.out("summary.md").read_text()
    assert "✅ Green" in summary
    assert "91 %" in summary
    assert "**HIGH** some/file (first): hole" in summary
    assert "- first: the moon" in summary.split("did not prove")[1]


def test_independent_stages_run_at_the_same_time(chain: Chain) -> None:
    # Each waits for the other: one after the other would never end.
    body = 'touch "$ROOT/../NAME"; wait_until 20 other test -e "$ROOT/../OTHER"'
    chain.stage("left", body.replace("NAME", "l").replace("OTHER", "r"))
    chain.stage("right", body.replace("NAME", "r").replace("OTHER", "l"))

    assert chain.run().returncode == 0


def test_a_failure_stops_its_siblings_at_once_and_names_file_and_reason(chain: Chain) -> None:
    chain.stage("slow", "sleep 50")
    chain.stage("broken", "fail 'some/file.py:3: it is wrong' 'mend it'", exit_code=12)
    chain.stage("behind", "say never", needs=["broken"])

    done = chain.run()

    assert done.returncode == 12
    assert "some/file.py:3: it is wrong" in done.stderr
    assert "next: mend it" in done.stderr
    assert chain.statuses() == {"slow": "stopped", "broken": "failed", "behind": "not reached"}
    assert chain.timings()["seconds"] < 15


def test_a_command_that_fails_is_named_with_its_line(chain: Chain) -> None:
    chain.stage("broken", "say before\nls /does/not/exist")

    done = chain.run()

    assert done.returncode == 10
    assert "ci/broken.sh:6: 'ls /does/not/exist' exited with 2" in done.stderr


def test_a_stage_over_its_time_limit_is_ended(chain: Chain) -> None:
    chain.stage("endless", "sleep 60", timeout_minutes=0.01)

    done = chain.run()

    assert done.returncode == 22
    assert chain.statuses() == {"endless": "timed out"}


def test_a_missing_tool_is_not_the_stage_s_own_fault(chain: Chain) -> None:
    chain.stage("poor", "need_tool no-such-tool 'install it'")

    done = chain.run()

    assert done.returncode == 20
    assert "no-such-tool is not on PATH" in done.stderr


def test_a_promised_output_that_is_not_there_is_a_failure(chain: Chain) -> None:
    chain.stage("empty", "say nothing", outputs=["report.json"])

    done = chain.run()

    assert done.returncode == 10
    assert "left no report.json" in done.stderr


def test_only_from_and_skip_choose_and_are_named_in_the_summary(chain: Chain) -> None:
    chain.stage("a", "say a")
    chain.stage("b", "say b", needs=["a"])
    chain.stage("c", "say c", needs=["b"])

    chain.run("--only", "b")
    assert chain.ran() == ["b"]
    chain.run("--from", "b")
    assert chain.ran() == ["b", "c"]
    chain.run("--skip", "b")
    # Nothing between them is left to wait for.
    assert sorted(chain.ran()) == ["a", "c"]
    assert "b: skipped: --skip" in chain.out("summary.md").read_text()


def test_wrong_requests_are_usage_errors(chain: Chain) -> None:
    chain.stage("a", "say a")

    assert chain.run("--only", "z").returncode == 2
    assert chain.run("--only", "a", "--from", "a").returncode == 2
    assert chain.run("--skip", "a").returncode == 2
    assert chain.ran() == []


def test_a_machine_without_what_a_stage_needs_is_told_before_anything_runs(chain: Chain) -> None:
    chain.stage("plain", "say plain")
    chain.stage("moon", "say moon", machine=["rocket"])
    chain.stage("mars", "say mars", needs=["moon"])

    done = chain.run()

    assert done.returncode == 20
    assert "can run here: plain" in done.stderr
    assert "cannot run here: moon" in done.stderr
    assert done.stderr.index("cannot run here") < done.stderr.index("started")
    assert chain.ran() == ["plain"]
    assert chain.statuses()["mars"] == "not reached"


def test_json_has_standard_output_to_itself(chain: Chain) -> None:
    chain.stage("a", "say noise")

    document = json.loads(chain.run("--json").stdout)

    assert document["exit_code"] == 0
    assert document == chain.timings()


def test_later_runs_show_the_median_of_earlier_ones(chain: Chain) -> None:
    chain.stage("a", "say a")

    chain.run()
    assert chain.timings()["stages"][0]["median_seconds"] is None
    chain.run()
    assert chain.timings()["stages"][0]["median_seconds"] is not None


def test_offline_and_target_reach_the_stages(chain: Chain) -> None:
    chain.stage("a", 'say "offline=$VIGIE_OFFLINE target=$VIGIE_TARGET" >"$OUT/told"')

    chain.run("--offline", "--ephemeral")

    assert chain.out("a", "told").read_text() == "offline=1 target=ephemeral\n"
