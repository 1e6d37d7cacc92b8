"""A failing test, and coverage one line under the gate."""

from __future__ import annotations

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
    assert "21 failed" in sandbox.reason("test")


def test_coverage_just_under_the_gate_is_red_with_the_figure(sandbox: Sandbox) -> None:
    _plant(sandbox, reach=17)

    done = sandbox.run("test.sh", environment={"VIGIE_TEST_WORKERS": "0"})

    assert done.returncode == 12, done.stdout
    assert "total of 8" in done.stdout
    assert "is less than fail-under=90" in done.stdout
