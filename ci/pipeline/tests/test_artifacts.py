"""What stages hand on, and what --resume, --from and --only may use of it."""

from __future__ import annotations

import subprocess

from .conftest import Chain


def _pair(chain: Chain) -> None:
    chain.stage("make", 'cat source >"$OUT/made"', outputs=["made"])
    chain.stage(
        "use",
        'cat "$CI_OUT/make/made" >"$OUT/used"',
        needs=["make"],
        takes=["make"],
        outputs=["used"],
        exit_code=11,
    )
    (chain.root / "source").write_text("one\n")


def test_resume_runs_nothing_when_nothing_changed(chain: Chain) -> None:
    _pair(chain)
    assert chain.run().returncode == 0
    assert chain.ran() == ["make", "use"]

    done = chain.run("--resume")

    assert done.returncode == 0
    assert chain.ran() == []
    assert set(chain.statuses().values()) == {"reused"}


def test_resume_runs_what_changed_and_what_takes_from_it(chain: Chain) -> None:
    _pair(chain)
    chain.run()
    chain.ran()
    (chain.root / "source").write_text("two\n")

    done = chain.run("--resume")

    assert chain.ran() == ["make", "use"]
    assert "make runs: stale: its inputs changed since" in done.stderr
    assert chain.out("use", "used").read_text() == "two\n"


def test_resume_leaves_alone_what_does_not_depend_on_the_change(chain: Chain) -> None:
    chain.stage("make", "say made")
    chain.stage("place", "say placed", needs=["make"], settings=["VIGIE_TARGET"])
    chain.run()
    chain.ran()

    chain.run("--resume", "--ephemeral")

    assert chain.ran() == ["place"]


def test_a_flag_of_a_script_is_the_flag_of_the_chain(chain: Chain) -> None:
    chain.stage("make", "say made", settings=["VIGIE_OFFLINE", "VIGIE_TARGET"])
    chain.stage("use", "say used", needs=["make"], takes=["make"])
    flags = ("--offline", "--target", "ephemeral")
    assert chain.alone("make", *flags).returncode == 0

    done = chain.run("--offline", "--ephemeral", "--only", "use")
    assert done.returncode == 0, done.stderr

    done = chain.run("--offline", "--only", "use")
    assert done.returncode == 21, "made for another target"


def test_a_target_that_does_not_exist_is_a_usage_error(chain: Chain) -> None:
    chain.stage("make", "say made")

    assert chain.alone("make", "--target", "moon").returncode == 2
    assert chain.ran() == []


def test_resume_refuses_an_output_that_was_tampered_with(chain: Chain) -> None:
    _pair(chain)
    chain.run()
    chain.ran()
    chain.out("make", "made").write_text("forged\n")

    done = chain.run("--resume")

    assert "refused: make: " in done.stderr
    assert "made was changed after the stage wrote it" in done.stderr
    assert chain.ran() == ["make", "use"]
    assert chain.out("use", "used").read_text() == "one\n"


def test_resume_runs_what_failed_last_time(chain: Chain) -> None:
    chain.stage("flaky", 'test -e "$ROOT/../mended"')
    assert chain.run().returncode == 10
    (chain.root.parent / "mended").touch()

    assert chain.run("--resume").returncode == 0


def test_resume_asks_the_stage_whether_what_it_made_outside_still_stands(chain: Chain) -> None:
    body = 'case "$*" in *--recheck*) test -e "$ROOT/../image"; exit;; esac; touch "$ROOT/../image"'
    chain.stage("image", body, recheck=True)
    chain.run()
    chain.run("--resume")
    assert chain.statuses() == {"image": "reused"}
    (chain.root.parent / "image").unlink()

    chain.run("--resume")

    assert chain.statuses() == {"image": "passed"}


def test_a_stack_that_is_gone_by_design_is_not_brought_up_for_nothing(chain: Chain) -> None:
    gone = 'case "$*" in *--recheck*) exit 1;; esac; say up >"$OUT/stack"'
    chain.stage("up", gone, recheck=True, transient=True, outputs=["stack"])
    chain.stage("look", "say fine", needs=["up"], takes=["up"])
    chain.run("--ephemeral")
    chain.ran()

    chain.run("--ephemeral", "--resume")
    assert chain.ran() == []

    chain.out("look", "result.json").unlink()
    chain.run("--ephemeral", "--resume")
    assert chain.ran() == ["up", "look"]


def test_a_tampered_artifact_is_refused_by_the_stage_that_takes_it(chain: Chain) -> None:
    _pair(chain)
    chain.run()
    chain.out("make", "made").write_text("forged\n")

    alone = chain.alone("use")

    assert alone.returncode == 21
    assert "made was changed after the stage wrote it" in alone.stdout


def test_a_file_slipped_into_an_artifact_is_refused(chain: Chain) -> None:
    _pair(chain)
    chain.run()
    chain.out("make", "extra").write_text("x")

    done = chain.run("--from", "use")

    assert done.returncode == 21
    assert "extra is not in the manifest" in done.stderr


def test_from_refuses_outputs_that_are_stale(chain: Chain) -> None:
    _pair(chain)
    chain.run()
    chain.ran()
    (chain.root / "source").write_text("two\n")

    done = chain.run("--from", "use")

    assert done.returncode == 21
    assert "use takes from make, left out of this run: stale" in done.stderr
    assert chain.ran() == []


def test_a_stage_alone_without_what_it_takes_says_what_is_missing(chain: Chain) -> None:
    _pair(chain)

    done = chain.run("--only", "use")

    assert done.returncode == 21
    assert "make, left out of this run: never ran here" in done.stderr


def test_the_history_of_commits_is_an_input_where_a_stage_says_so(chain: Chain) -> None:
    chain.stage("scan", "say scanned", reads=["history"])
    chain.stage("label", "say labelled", reads=["commit"], needs=["scan"])
    chain.stage("other", "say other")
    chain.run()
    chain.ran()
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"]
    commit = ["git", "-C", str(chain.root), *identity, "commit", "-q", "--allow-empty", "-m", "x"]
    subprocess.run(commit, check=True)

    chain.run("--resume")

    assert chain.ran() == ["scan", "label"]
