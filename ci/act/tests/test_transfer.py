"""The artifact stand-ins against act's own artifact server, in a workflow of two jobs.

act runs its jobs on this machine here, so no Docker is needed; what is transferred is the same.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

REAL = Path(__file__).resolve().parents[3]
UPLOAD, DOWNLOAD = "actions/upload-artifact@v0", "actions/download-artifact@v0"
MEGABYTES = 30

GIVING = f"""
      - run: |
          mkdir -p out/deep && echo one >out/one.txt && echo two >out/deep/two.txt
          echo hidden >out/.hidden && chmod +x out/one.txt
          head -c {MEGABYTES}M /dev/zero >big.bin
      - {{uses: {UPLOAD}, id: first, with: {{name: folder, path: out}}}}
      - {{uses: {UPLOAD}, with: {{name: all-of-it, path: out, include-hidden-files: true}}}}
      - {{uses: {UPLOAD}, with: {{name: big, path: big.bin, compression-level: 0}}}}
      - {{uses: {UPLOAD}, with: {{name: nothing, path: nowhere}}}}
      - run: test -n "${{{{ steps.first.outputs.artifact-id }}}}"
      - run: test "$(printf %s "${{{{ steps.first.outputs.artifact-digest }}}}" | wc -c)" = 64
"""

TAKING = f"""
      - run: rm -rf out big.bin
      - {{uses: {DOWNLOAD}, with: {{name: folder, path: got}}}}
      - run: test "$(cat got/one.txt got/deep/two.txt)" = "$(printf 'one\\ntwo')"
      - run: test ! -e got/.hidden && test ! -x got/one.txt
      - {{uses: {DOWNLOAD}, with: {{pattern: "*o*", path: some}}}}
      - run: test -f some/folder/one.txt && test -f some/all-of-it/.hidden && test ! -e some/big
      - {{uses: {DOWNLOAD}, with: {{pattern: "[ab]*", path: merged, merge-multiple: true}}}}
      - run: test -f merged/one.txt && test "$(stat -c %s merged/big.bin)" = {MEGABYTES << 20}
      - {{uses: {DOWNLOAD}, with: {{path: every}}}}
      - run: test "$(ls every | tr '\\n' ' ')" = "all-of-it big folder "
"""


def job(name: str, steps: str, needs: str = "") -> str:
    head = f"  {name}:\n    runs-on: here\n    {needs}\n    steps:\n"
    return head + "      - uses: actions/checkout@v0\n" + steps.strip("\n") + "\n"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def act(folder: Path, *jobs: str) -> subprocess.CompletedProcess[str]:
    """Run a workflow of these jobs in a repository of its own."""
    repository = folder / "repository"
    shutil.copytree(REAL / "ci" / "act" / "client", repository / "ci" / "act" / "client")
    workflows = repository / ".github" / "workflows"
    workflows.mkdir(parents=True)
    (workflows / "a.yml").write_text("on: push\njobs:\n" + "".join(jobs))
    (repository / ".actrc").write_text("-P here=-self-hosted\n")
    subprocess.run(["git", "init", "-q", str(repository)], check=True)
    stand_ins = REAL / "ci" / "act" / "actions"
    command = [str(Path(sys.executable).parent / "act"), "push", "-s", "GITHUB_TOKEN="]
    for uses in (UPLOAD, DOWNLOAD):
        name = uses.split("/")[1].split("@")[0]
        command += ["--local-repository", f"{uses}={stand_ins / name}"]
    command += ["--artifact-server-path", str(folder / "artifacts")]
    command += ["--artifact-server-addr", "127.0.0.1", "--artifact-server-port", str(free_port())]
    command += ["--no-cache-server", "--action-cache-path", str(folder / "cache")]
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder / "home"),
        "DOCKER_HOST": "unix:///nowhere",
    }
    return subprocess.run(
        command,
        cwd=repository,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.mark.timeout(120)
def test_folders_patterns_single_files_and_large_ones_arrive_as_they_would_on_github(
    tmp_path: Path,
) -> None:
    done = act(tmp_path, job("give", GIVING), job("take", TAKING, "needs: give"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no files were found with the path: nowhere" in done.stdout


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (f"{{uses: {DOWNLOAD}, with: {{name: missing}}}}", "artifact 'missing' not found"),
        (
            f"{{uses: {UPLOAD}, with: {{path: nowhere, if-no-files-found: error}}}}",
            "no files were found with the path: nowhere",
        ),
        (f"{{uses: {UPLOAD}, with: {{path: .actrc, archive: false}}}}", "cannot be done"),
        (f"{{uses: {UPLOAD}, with: {{path: ci, name: a/b}}}}", "a character GitHub refuses"),
        (f"{{uses: {DOWNLOAD}, with: {{skip-decompress: true}}}}", "only unpacked"),
    ],
)
def test_what_cannot_be_had_or_done_fails_the_job(tmp_path: Path, step: str, message: str) -> None:
    done = act(tmp_path, job("only", f"      - {step}\n"))
    assert done.returncode != 0
    assert message in done.stdout


def test_a_second_artifact_of_the_same_name_is_refused_as_on_github(tmp_path: Path) -> None:
    twice = f"      - {{uses: {UPLOAD}, with: {{name: one, path: ci}}}}\n" * 2
    done = act(tmp_path, job("only", twice))
    assert done.returncode != 0
    assert "an artifact named 'one' exists already" in done.stdout
