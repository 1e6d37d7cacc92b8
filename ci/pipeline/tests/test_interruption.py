"""Ctrl-C and SIGTERM: nothing of a run outlives it, and the next run works."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from .conftest import Chain, interrupt, plain_environment, wait_for


def _alive(pid_file: Path) -> bool:
    pid = int(pid_file.read_text())
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "sigterm"]
)
def test_an_interrupted_run_cleans_up_and_leaves_no_process(
    chain: Chain, number: signal.Signals, code: int
) -> None:
    # A daemon that leaves the script's session on purpose, as a stray server would.
    chain.stage(
        "busy",
        'on_exit touch "$ROOT/../cleaned"\n'
        'setsid sleep 300 & echo $! >"$ROOT/../daemon"\n'
        'touch "$ROOT/../there"; sleep 300',
    )
    process = chain.start()
    wait_for(chain.root.parent / "there")

    output = interrupt(process, number)

    assert process.returncode == code, output
    assert (chain.root.parent / "cleaned").exists()
    assert not _alive(chain.root.parent / "daemon")
    assert chain.statuses() == {"busy": "stopped"}


def test_a_guardian_of_another_environment_s_server_may_clean_up(chain: Chain) -> None:
    # As the tests' database does: the server knows nothing of us, its guardian stops it.
    guardian = (
        'env -i setsid sleep 300 & server=$!; echo $server >"$1/../server"; '
        # Without a fork: whatever appears while leftovers are ended is asked to end as well.
        # The server may be asked first; its guardian does not end for that.
        'trap \'kill $server; : >"$1/../stopped"; exit\' TERM; : >"$1/../there"; '
        "while :; do wait; done"
    )
    chain.stage("busy", f"setsid bash -c '{_quoted(guardian)}' guardian \"$ROOT\" & sleep 300")
    process = chain.start()
    wait_for(chain.root.parent / "there")

    interrupt(process, signal.SIGTERM)

    assert (chain.root.parent / "stopped").exists()
    assert not _alive(chain.root.parent / "server")


def test_what_a_chain_inside_a_stage_leaves_behind_is_found_by_both(chain: Chain) -> None:
    # As in our own tests, whose chains run inside the stage `test`: killed, they clean up nothing.
    chain.stage("inner", 'setsid sleep 300 & echo $! >"$ROOT/../stray"; sleep 300')
    chain.stage(
        "outer",
        '(setsid env -u VIGIE_STAGE "$CI_DIR/inner.sh" & echo $! >"$ROOT/../inner.pid")\n'
        'wait_until 20 stray test -s "$ROOT/../stray"\n'
        'kill -KILL "$(<"$ROOT/../inner.pid")"\n'
        'touch "$ROOT/../there"; sleep 300',
    )
    process = subprocess.Popen([chain.root / "ci" / "outer.sh"], stdout=subprocess.DEVNULL)
    wait_for(chain.root.parent / "there")

    process.send_signal(signal.SIGTERM)

    assert process.wait(timeout=30) == 143
    assert not _alive(chain.root.parent / "stray")


def _quoted(text: str) -> str:
    return text.replace("'", "'\\''")


def test_what_a_stage_left_running_ends_with_it_even_when_it_passed(chain: Chain) -> None:
    chain.stage("careless", 'sleep 300 & echo $! >"$ROOT/../daemon"')

    assert chain.run().returncode == 0

    assert not _alive(chain.root.parent / "daemon")
    assert "killed what it left running: sleep" in chain.out("careless", "log.txt").read_text()


@pytest.mark.parametrize("flags", [(), ("--ephemeral",)], ids=["product", "ephemeral"])
def test_only_an_ephemeral_stack_is_torn_down_after_the_run(
    chain: Chain, flags: tuple[str, ...]
) -> None:
    chain.stage("broken", "fail 'no'")
    chain.teardown('touch "$(dirname "$0")/../../torn-down"')

    chain.run(*flags)

    assert (chain.root.parent / "torn-down").exists() is bool(flags)


def test_a_teardown_that_fails_is_never_green(chain: Chain) -> None:
    chain.stage("fine", "say fine")
    chain.teardown("echo stuck; exit 1")

    done = chain.run("--ephemeral")

    assert done.returncode == 23
    assert "stuck" in done.stderr


def test_a_second_pipeline_in_one_checkout_says_that_it_waits(chain: Chain) -> None:
    body = 'touch "$ROOT/../there"; wait_until 20 leave test -e "$ROOT/../go"'
    chain.stage("slow", body)
    first = chain.start()
    wait_for(chain.root.parent / "there")

    busy = chain.run("--wait", "0.3")
    assert busy.returncode == 24
    assert "is in use by process" in busy.stderr

    (chain.root.parent / "go").touch()
    first.communicate(timeout=30)
    assert first.returncode == 0


@pytest.mark.parametrize("waiting", ["pipeline", "stage"])
def test_ctrl_c_while_waiting_for_another_run_ends_at_once_and_without_a_traceback(
    chain: Chain, waiting: str
) -> None:
    chain.stage("slow", 'touch "$ROOT/../there"; wait_until 20 leave test -e "$ROOT/../go"')
    first = chain.start()
    wait_for(chain.root.parent / "there")
    command = chain.command() if waiting == "pipeline" else [chain.root / "ci" / "slow.sh"]
    second = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        bufsize=1,
        env=plain_environment(),
    )
    assert second.stdout is not None
    assert "is in use by process" in second.stdout.readline()

    output = interrupt(second, signal.SIGINT)

    assert second.returncode == 130
    assert "interrupted while" in output
    assert "Traceback" not in output
    (chain.root.parent / "go").touch()
    first.communicate(timeout=30)
    assert first.returncode == 0


def test_a_stage_alone_stops_on_sigterm_with_its_children(chain: Chain) -> None:
    chain.stage("busy", 'sleep 300 & echo $! >"$ROOT/../child"; touch "$ROOT/../there"; wait')
    process = subprocess.Popen(
        [chain.root / "ci" / "busy.sh"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    wait_for(chain.root.parent / "there")

    interrupt(process, signal.SIGTERM)

    assert process.returncode == 143
    assert not _alive(chain.root.parent / "child")
