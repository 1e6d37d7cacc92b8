"""A failing test is named however pytest ends; coverage one line under the gate."""

from __future__ import annotations

import pytest

from checks.drills.sandbox import Sandbox

_LINES = "".join(f"    if number == {n}:\n        return {n}\n" for n in range(20))
_MODULE = f'"""A module."""\n\n\ndef same(number: int) -> int:\n{_LINES}    return number\n'
_TEST = """
import importlib.util
from pathlib import Path

import pytest

path = Path(__file__).parents[1] / "src" / "tiny.py"
spec = importlib.util.spec_from_file_location("tiny", path)
tiny = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tiny)


@pytest.mark.parametrize("number", range({reach}))
def test_same(number: int) -> None:
    assert tiny.same(number) == number + {off}
"""


def _plant(sandbox: Sandbox, *, reach: int, off: int = 0) -> None:
    sandbox.write("services/tiny/src/tiny.py", _MODULE)
    sandbox.write("services/tiny/tests/test_tiny.py", _TEST.format(reach=reach, off=off))


def test_a_failing_test_is_red_with_its_name(sandbox: Sandbox) -> None:
    _plant(sandbox, reach=21, off=1)

    done = sandbox.run("test.sh", environment={"VIGIE_TEST_WORKERS": "0"})

    assert done.returncode == 12
    assert "services/tiny/tests/test_tiny.py::test_same[0]" in done.stdout
    reason = sandbox.reason("test")
    assert "services/tiny/tests/test_tiny.py::test_same[0]: assert 0 == (0 + 1)" in reason
    assert "and 18 more; 21 failed" in reason
    summary = sandbox.run("pipeline.sh", "--summary").stdout
    assert "**FAILED** services/tiny/tests/test_tiny.py::test_same[20] (test): assert" in summary


def test_github_is_told_beside_the_code(sandbox: Sandbox) -> None:
    _plant(sandbox, reach=21, off=1)
    alone = {"VIGIE_TEST_WORKERS": "0", "GITHUB_ACTIONS": "true"}

    said = sandbox.run("test.sh", environment=alone).stdout.splitlines()

    errors = [line for line in said if line.startswith("::error ")]
    where = "::error file=services/tiny/tests/test_tiny.py,line=15,title=test_same[0]::"
    assert errors[0].startswith(f"{where}services/tiny/tests/test_tiny.py::test_same[0]: assert 0")
    assert len(errors) == 10, "GitHub shows no more of one step"
    assert errors[-1].startswith("::error title=test::")


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_file_that_cannot_be_collected_is_named(sandbox: Sandbox, workers: str) -> None:
    sandbox.write("services/tiny/tests/test_tiny.py", "import no_such_module\n")

    done = sandbox.run("test.sh", environment={"VIGIE_TEST_WORKERS": workers})

    assert done.returncode == 12
    reason = sandbox.reason("test")
    assert "services/tiny/tests/test_tiny.py: ModuleNotFoundError: No module named 'no_" in reason


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_test_in_which_the_process_dies_is_named(sandbox: Sandbox, workers: str) -> None:
    dies = "import os\n\n\ndef test_dies():\n    os.kill(os.getpid(), 9)\n"
    sandbox.write("services/tiny/tests/test_tiny.py", dies)

    done = sandbox.run("test.sh", environment={"VIGIE_TEST_WORKERS": workers})

    assert done.returncode == 12
    assert "services/tiny/tests/test_tiny.py::test_dies" in sandbox.reason("test")


def test_what_ran_when_the_stage_reached_its_limit_is_named(sandbox: Sandbox) -> None:
    hangs = "import time\n\n\ndef test_hangs():\n    time.sleep(60)\n"
    sandbox.write("services/tiny/tests/test_tiny.py", hangs)
    workflow = sandbox.root / ".github" / "workflows" / "ci.yml"
    workflow.write_text(workflow.read_text().replace("minutes: 42", "minutes: 2.3"))

    done = sandbox.run("test.sh", environment={"VIGIE_TEST_WORKERS": "0"})

    assert done.returncode == 22
    assert (
        "in ci.yml; pytest ended while it ran services/tiny/tests/test_tiny.py::test_hangs"
        in sandbox.reason("test")
    )


def test_a_mistake_in_calling_pytest_is_told(sandbox: Sandbox) -> None:
    sandbox.write("services/tiny/tests/conftest.py", "raise RuntimeError('the drill')\n")
    sandbox.write("services/tiny/tests/test_tiny.py", "")

    done = sandbox.run("test.sh", environment={"VIGIE_TEST_WORKERS": "0"})

    assert done.returncode == 12
    assert "the drill" in sandbox.reason("test") or "conftest" in sandbox.reason("test")


def test_coverage_just_under_the_gate_is_red_with_the_figure(sandbox: Sandbox) -> None:
    _plant(sandbox, reach=17)

    done = sandbox.run("test.sh", environment={"VIGIE_TEST_WORKERS": "0"})

    assert done.returncode == 12, done.stdout
    assert "total of 8" in done.stdout
    assert "is less than fail-under=90" in done.stdout
    assert "coverage of 90.0% not reached. Total coverage: 8" in sandbox.reason("test")
