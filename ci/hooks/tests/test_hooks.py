"""A commit with a planted fault is refused, in a repository of its own with the real hooks."""

from __future__ import annotations

import os
import secrets
import shutil
import string
import subprocess
from pathlib import Path

import pytest

REAL = Path(__file__).resolve().parents[3]
# The first run on a machine fetches gitleaks, and git starts a handful of tools at each commit.
pytestmark = pytest.mark.timeout(300)
COPIED = (".pre-commit-config.yaml", ".gitleaks.toml", "pyproject.toml")


class Repository:
    """A checkout with the hooks that ci/setup-hooks.sh installs."""

    def __init__(self, root: Path, home: Path) -> None:
        self.root = root
        # git's own variables are those of a hook that may be running these very tests.
        kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        self.environment = kept | {"PRE_COMMIT_HOME": str(home), "GIT_CONFIG_GLOBAL": os.devnull}

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def commit(self, name: str, content: str) -> subprocess.CompletedProcess[str]:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        assert self.run("git", "add", name).returncode == 0
        identity = ("-c", "user.name=hooks", "-c", "user.email=hooks@example.invalid")
        return self.run("git", *identity, "commit", "-q", "-m", "a change")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    folder = tmp_path_factory.mktemp("hooks")
    root = folder / "repository"
    (root / "ci" / "hooks").mkdir(parents=True)
    for name in COPIED:
        shutil.copy2(REAL / name, root / name)
    for name in ("lib.sh", "tools.sh", "setup-hooks.sh", "hooks/secrets.sh"):
        shutil.copy2(REAL / "ci" / name, root / "ci" / name)
    shutil.copytree(REAL / "ci" / "tools", root / "ci" / "tools")
    # The .venv of the real checkout stands in for one of its own, which takes a minute to make.
    (root / ".venv").symlink_to(REAL / ".venv")
    (root / "ci" / "venv.sh").write_text("#!/bin/sh\n")
    (root / "ci" / "venv.sh").chmod(0o755)
    repository = Repository(root, folder / "home")
    assert repository.run("git", "init", "-q", "-b", "main").returncode == 0
    installed = repository.run("./ci/setup-hooks.sh")
    assert installed.returncode == 0, installed.stdout + installed.stderr
    return repository


def a_token() -> str:
    """Looks like a token of GitHub and opens nothing; made here, so that no file holds one."""
    return "ghp_" + "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(36))


def test_a_clean_change_is_committed(repository: Repository) -> None:
    done = repository.commit("clean.py", '"""Nothing wrong."""\n')
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_planted_key_is_refused_by_name_and_never_shown(repository: Repository) -> None:
    token = a_token()
    done = repository.commit("deploy.env", f"TOKEN={token}\n")
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "deploy.env" in said
    assert "github-pat" in said
    assert token not in said
    assert repository.run("git", "log", "--oneline", "--", "deploy.env").stdout == ""
    assert repository.run("git", "rm", "-qf", "deploy.env").returncode == 0


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.py", '"""A."""\n\nimport os; api_key = "{token}"; assert api_key is "{token}"\n'),
        ("a.sh", '#!/usr/bin/env bash\n  api_key="{token}"; rm $1 "{token}"\n'),
        ("services/a/Dockerfile", "FROM debian\nENV api_key={token}\nRUN cd /x; sudo {token}\n"),
        (".github/workflows/a.yml", "on: push\njobs: {{a: {{runs-on: {token}, steps: []}}}}\n"),
    ],
)
def test_no_hook_quotes_the_line_that_holds_a_key(
    repository: Repository, name: str, content: str
) -> None:
    token = a_token()
    done = repository.commit(name, content.format(token=token))
    assert done.returncode != 0
    assert "github-pat" in done.stdout + done.stderr
    assert token not in done.stdout + done.stderr
    assert repository.run("git", "rm", "-qf", name).returncode == 0


def test_a_key_that_is_staged_and_already_gone_from_the_file_is_refused(
    repository: Repository,
) -> None:
    (repository.root / "notes.txt").write_text(f"token = {a_token()}\n")
    assert repository.run("git", "add", "notes.txt").returncode == 0
    (repository.root / "notes.txt").write_text("nothing here\n")
    identity = ("-c", "user.name=hooks", "-c", "user.email=hooks@example.invalid")
    done = repository.run("git", *identity, "commit", "-q", "-m", "a change")
    assert done.returncode != 0
    assert "github-pat" in done.stdout + done.stderr
    assert repository.run("git", "rm", "-qf", "notes.txt").returncode == 0


@pytest.mark.parametrize(
    ("name", "content", "hook"),
    [
        ("unused.py", '"""A module."""\n\nimport os\n', "ruff"),
        ("loose.py", '"""A module."""\n\nA = {  "a":1 }\n', "black"),
        ("broken.sh", "#!/usr/bin/env bash\nrm $1\n", "shellcheck"),
        ("loose.sh", "#!/usr/bin/env bash\nif true; then\n        echo x\nfi\n", "shfmt"),
        ("merged.md", "<<<<<<< ours\n", "no conflict markers"),
    ],
)
def test_a_fault_is_refused_by_its_hook(
    repository: Repository, name: str, content: str, hook: str
) -> None:
    done = repository.commit(name, content)
    failed = [line for line in (done.stdout + done.stderr).splitlines() if "Failed" in line]
    assert done.returncode != 0
    assert [line.split("...")[0] for line in failed] == [hook]
    assert repository.run("git", "rm", "-qf", name).returncode == 0
