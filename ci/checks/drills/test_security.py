"""Keys: in the working tree, and in an old commit whose file is long gone."""

from __future__ import annotations

import secrets
import string

from checks.drills.sandbox import Sandbox


def _key() -> str:
    """Something gitleaks takes for a key of a cloud; made here, so that our history holds none."""
    letters = string.ascii_uppercase + "234567"
    return "AK" + "IA" + "".join(secrets.choice(letters) for _ in range(16))


def test_a_key_in_the_working_tree_is_red_with_its_file(sandbox: Sandbox) -> None:
    key = _key()
    sandbox.write("services/settings.py", f'# settings\naccess = "{key}"\n')

    done = sandbox.run("security.sh", "--offline")

    assert done.returncode == 11
    assert "working-tree: services/settings.py:2: aws-access-token" in sandbox.reason("security")
    assert key not in done.stdout
    for path in (sandbox.root / ".ci-out" / "security").iterdir():
        assert key not in path.read_text(encoding="utf-8"), path


def test_a_key_only_in_an_old_commit_is_red_with_its_commit(sandbox: Sandbox) -> None:
    sandbox.write("old.env", f"access={_key()}\n")
    sandbox.commit("by mistake")
    bad = sandbox.git("rev-parse", "HEAD").strip()
    (sandbox.root / "old.env").unlink()
    sandbox.commit("gone again")

    done = sandbox.run("security.sh", "--offline")

    assert done.returncode == 11
    assert "history: old.env:1: aws-access-token" in sandbox.reason("security")
    assert bad[:12] in sandbox.reason("security")
    assert "working-tree" not in sandbox.reason("security")


def test_a_clean_repository_is_green(sandbox: Sandbox) -> None:
    done = sandbox.run("security.sh", "--offline")

    assert done.returncode == 0, done.stdout
