"""`python ci/testing/run.py RECORD PYTEST_ARGUMENTS...`: pytest, with a record of what happens.

The record is written as it happens, a JSON object a line, so that it is there however pytest ends:

    {"started": NODE} · {"ended": NODE}
    {"failed": NODE, "file": PATH, "line": N, "message": TEXT}   also a file that cannot be read
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest


class Recorder:
    """A plugin of the process that distributes the tests; what workers find comes to it."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8")

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """A test begins, here or on a worker."""
        self._write(started=nodeid)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """It ended, well or not."""
        self._write(ended=nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A fault in set-up, test or tear-down; also a worker that died over a test."""
        if report.failed:
            self._fail(report, report.location[0], (report.location[1] or 0) + 1)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be imported."""
        if report.failed:
            self._fail(report, report.nodeid.partition("::")[0], 1)

    def pytest_internalerror(self, excrepr: Any) -> None:
        """Pytest or a plugin fell over."""
        self._write(failed="pytest itself", file="", line=0, message=_last_line(str(excrepr)))

    def _fail(self, report: pytest.TestReport | pytest.CollectReport, file: str, line: int) -> None:
        crash = getattr(report.longrepr, "reprcrash", None)
        if crash is not None and Path(crash.path).resolve() == Path(file).resolve():
            line = crash.lineno
        text = crash.message if crash is not None else _last_line(str(report.longrepr))
        message = (text.strip().splitlines() or [""])[0][:300]
        self._write(failed=report.nodeid, file=file, line=line, message=message)

    def _write(self, **entry: object) -> None:
        self._file.write(json.dumps(entry) + "\n")
        self._file.flush()


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].removeprefix("E").strip() if lines else ""


if __name__ == "__main__":
    sys.exit(pytest.main(sys.argv[2:], plugins=[Recorder(Path(sys.argv[1]))]))
