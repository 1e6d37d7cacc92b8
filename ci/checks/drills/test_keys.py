"""Planted keys: every gate is made to complain about the very line, and none shows it."""

from __future__ import annotations

import json
import secrets
import string
from pathlib import Path

import pytest

from checks.drills.sandbox import Sandbox

_LETTERS = string.ascii_letters + string.digits


def _some(letters: str, length: int) -> str:
    return "".join(secrets.choice(letters) for _ in range(length))


# Made here, so that our history holds none; gitleaks knows each kind.
KINDS = {
    # Without vowels: gitleaks lets off a value that holds a word.
    "generic-api-key": "b1D2" + _some("BDFGHKLMPQRTVWZbdfghkmpqrtvwz23456789", 36),
    "aws-access-token": "AK" + "IA" + _some(string.ascii_uppercase + "234567", 16),
    "github-pat": "gh" + "p_" + _some(_LETTERS, 36),
}
# Each quotes what it complains about, or could.
CHECKS = (
    "ruff,black,mypy,shell-syntax,shellcheck,shfmt,hadolint,container-users,actionlint,"
    "github-schemas,zizmor,json,prometheus,compose"
)


def plant(sandbox: Sandbox, key: str) -> None:
    """A fault on each line that holds the key, for every tool that reads such a file."""
    service = "services/web-ui/src/web_ui"
    sandbox.write(f"{service}/__init__.py", "")
    sandbox.write(
        f"{service}/a.py", f'"""A."""\n\nimport os; api_key = "{key}"; assert api_key is "{key}"\n'
    )
    sandbox.write(f"{service}/b.py", f'api_key = "{key}" +\n')
    sandbox.write(f"{service}/c.py", f'"""C."""\n\napi_key: int = "{key}"\n')
    sandbox.write(
        "ci/a.sh", f'#!/usr/bin/env bash\n  api_key="{key}"; rm $1 "{key}"\n', executable=True
    )
    sandbox.write("ci/b.sh", f'#!/usr/bin/env bash\nif api_key="{key}"; then (\n', executable=True)
    sandbox.write(
        "services/web-ui/Dockerfile", f"FROM debian\nENV api_key={key}\nRUN cd /x; sudo {key}\n"
    )
    sandbox.write("services/x/Dockerfile", f"FROM debian:1\nAPI_KEY = {key}\n")
    sandbox.write(
        ".github/workflows/a.yml",
        f"on: push\nenv:\n  api_key: {key}\njobs:\n  a:\n    runs-on: {key}\n    steps:\n"
        f"      - run: echo $api_key {key} ${{{{ github.event.issue.title }}}}\n"
        f"      - api_key: {key}\n",
    )
    sandbox.write(".github/actions/a/action.yml", f"name: a\nruns: {{using: {key}}}\n")
    sandbox.write("a.json", f'{{"api_key": "{key}" "{key}"}}\n')
    sandbox.write("prometheus/prometheus.yml", f"global: {{scrape_interval: {key}}}\n")
    sandbox.write("prometheus/rules/a.yml", f"groups: [{{name: a, rules: {key}}}]\n")
    sandbox.write("prometheus/tests/a.yml", f"evaluation_interval: {key}\n")
    sandbox.write("docker-compose.yml", f"services: {{a: {{api_key: {key}, ports: ['{key}']}}}}\n")
    sandbox.write("docker-compose.ci.yml", f"services: {{a: '{key}'}}\n")
    sandbox.write(
        "services/web-ui/tests/test_a.py",
        f'def test_it():\n    api_key = "{key}"\n    print(api_key)\n    assert api_key == 1\n',
    )


@pytest.mark.timeout(300)
def test_no_gate_and_no_summary_shows_a_key_that_it_stumbles_over(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    keys = " ".join(KINDS.values())
    plant(sandbox, keys)
    page = tmp_path / "summary.md"
    on_github = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(page)}

    said = ""
    for script, *arguments in (
        ("security.sh", "--offline"),
        ("quality.sh", "--only", CHECKS),
        ("test.sh",),
        ("test.sh", "--offline"),
    ):
        done = sandbox.run(script, *arguments, environment={**on_github, "VIGIE_TEST_WORKERS": "0"})
        assert done.returncode in {10, 11, 12}, done.stdout
        said += done.stdout
        # From the second run of the tests on, a file cannot even be collected.
        if script == "test.sh":
            broken = f'api_key = "{keys}"\nraise ValueError(api_key)\n'
            sandbox.write("services/web-ui/tests/test_b.py", broken)
    said += sandbox.run("pipeline.sh", "--summary", "--json", environment=on_github).stdout

    checks = (sandbox.root / ".ci-out" / "quality" / "checks.tsv").read_text()
    assert "passed" not in checks.replace("container-users\tpassed", ""), checks
    leaks = json.loads((sandbox.root / ".ci-out" / "security" / "working-tree.json").read_text())
    assert KINDS.keys() <= {leak["RuleID"] for leak in leaks}
    left = [path for path in (sandbox.root / ".ci-out").rglob("*") if path.is_file()]
    shown = {"output": said, "page": page.read_text()}
    shown |= {str(path): path.read_text(errors="replace") for path in left}
    assert [
        (where, kind) for where, it in shown.items() for kind, key in KINDS.items() if key in it
    ] == []
