"""services/backup.sh and services/restore.sh on a living stack."""

from __future__ import annotations

import os
import stat
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

from containers.stack import ROOT, Stack, wait_until


def run(stack: Stack, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env={**os.environ, **stack.environment()},
        capture_output=True,
        text=True,
        check=False,
    )


def titles(stack: Stack) -> set[str]:
    return stack.services_with_incidents("shop-")


def test_a_backup_brings_data_and_secrets_back_even_into_another_installation(
    make_stack: Callable[..., Stack], tmp_path: Path
) -> None:
    stack = make_stack("durable")
    assert stack.send_alert("shop-before", "kept").status == 201
    wait_until("the incident to arrive", lambda: titles(stack) == {"shop-before"})
    password = stack.secret("admin_password")
    backup = tmp_path / "vigie.tar"

    made = run(stack, str(ROOT / "services/backup.sh"), str(backup))
    assert made.returncode == 0, made.stderr
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    with tarfile.open(backup) as archive:
        assert {"database.dump", "secrets.tar", "SHA256SUMS"} <= set(archive.getnames())

    assert stack.send_alert("shop-after", "gone with the restore").status == 201
    wait_until("the second incident", lambda: titles(stack) == {"shop-before", "shop-after"})
    back = run(stack, str(ROOT / "services/restore.sh"), str(backup), "--yes")
    assert back.returncode == 0, back.stdout + back.stderr
    stack.forget()
    assert titles(stack) == {"shop-before"}

    # Another machine: other secrets, an empty database. Afterwards it is this installation.
    other = make_stack("durable")
    assert other.secret("admin_password") != password
    moved = run(other, str(ROOT / "services/restore.sh"), str(backup), "--yes")
    assert moved.returncode == 0, moved.stdout + moved.stderr
    other.forget()
    assert other.secret("admin_password") == password
    assert titles(other) == {"shop-before"}
    assert other.send_alert("shop-afterwards", "it takes alerts in").status == 201
    for made_before in (ROOT / "backups").glob("vigie-before-restore-*.tar"):
        made_before.unlink()


def test_a_damaged_backup_changes_nothing(make_stack: Callable[..., Stack], tmp_path: Path) -> None:
    stack = make_stack()
    assert stack.send_alert("shop-here", "stays").status == 201
    wait_until("the incident to arrive", lambda: titles(stack) == {"shop-here"})
    backup = tmp_path / "vigie.tar"
    assert run(stack, str(ROOT / "services/backup.sh"), "--no-secrets", str(backup)).returncode == 0
    content = bytearray(backup.read_bytes())
    content[len(content) // 2] ^= 0xFF
    backup.write_bytes(content)
    refused = run(stack, str(ROOT / "services/restore.sh"), str(backup), "--yes")
    assert refused.returncode != 0
    assert "checksums do not fit" in refused.stderr
    assert titles(stack) == {"shop-here"}
