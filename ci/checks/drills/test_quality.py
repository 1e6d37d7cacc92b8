"""Four faults at once: each is named, by its tool, with its file."""

from __future__ import annotations

from checks.drills.sandbox import Sandbox


def test_unused_import_bad_format_shell_bug_and_root_are_all_named(sandbox: Sandbox) -> None:
    sandbox.write("services/web-ui/src/web_ui/__init__.py", "")
    sandbox.write("services/web-ui/src/web_ui/unused.py", '"""A module."""\n\nimport os\n')
    sandbox.write("services/web-ui/src/web_ui/untidy.py", '"""A module."""\n\nNAME   =    1\n')
    sandbox.write("ci/broken.sh", "#!/usr/bin/env bash\nrm -rf $1/*\n", executable=True)
    sandbox.write("services/web-ui/Dockerfile", 'FROM debian:13.1\nCMD ["sleep", "infinity"]\n')

    done = sandbox.run("quality.sh", "--only", "ruff,black,shellcheck,container-users")

    assert done.returncode == 10
    reason = sandbox.reason("quality")
    assert "ruff: services/web-ui/src/web_ui/unused.py:3:8: F401" in reason
    assert "black: would reformat" in reason
    assert "untidy.py" in reason
    assert "shellcheck: ci/broken.sh:2:8: warning:" in reason
    assert "container-users: services/web-ui/Dockerfile:1: the last stage names no USER" in reason
