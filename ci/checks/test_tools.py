"""Where ci/tools.sh finds tools: the pinned version first, and everything with a hash."""

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from checks.drills import commands

ROOT = Path(__file__).parents[2]
PROJECTS = sorted(path.parent for path in (ROOT / "ci/tools").glob("*/package.json"))

PINNED = re.search(
    r"actionlint:([\d.]+)@", (ROOT / "ci/tools/Dockerfile").read_text(encoding="utf-8")
)
# Builds a program that says which package it was built from; `go list` asks a proxy.
GO = """#!/bin/sh
echo "$*" >>{asked}
case "$1" in
  list) exit {proxy} ;;
  install) printf '#!/bin/sh\\necho %s\\n' "$2" >"$GOBIN/actionlint" ;;
esac
"""


@dataclass(frozen=True)
class Machine:
    """One that has Go, and nothing else that actionlint could come from."""

    path: Path
    tools: Path
    asked: Path

    def fetch(self, *, offline: bool = False) -> subprocess.CompletedProcess[str]:
        """Run ci/tools.sh for actionlint."""
        environment = {"PATH": str(self.path), "VIGIE_TOOLS_DIR": str(self.tools)}
        return subprocess.run(
            [ROOT / "ci/tools.sh", "actionlint"],
            capture_output=True,
            text=True,
            env={**environment, "VIGIE_OFFLINE": "1"} if offline else environment,
            check=False,
        )

    def keeps(self, origin: str) -> Path:
        """Put an actionlint of this origin into the cache."""
        tool = self.tools / "bin/actionlint"
        tool.parent.mkdir(parents=True)
        tool.touch(mode=0o755)
        (tool.parent / ".actionlint.from").write_text(f"{origin}\n", encoding="utf-8")
        return tool


def machine(folder: Path, *, proxy_answers: bool) -> Machine:
    asked = folder / "asked"
    asked.touch()
    go = GO.format(asked=asked, proxy=0 if proxy_answers else 1)
    path = commands.make(
        folder / "commands", without=["actionlint", "docker", "npm"], scripts={"go": go}
    )
    return Machine(path, folder / "tools", asked)


def test_without_an_engine_go_builds_the_version_that_is_pinned(tmp_path: Path) -> None:
    here = machine(tmp_path, proxy_answers=True)
    done = here.fetch()
    assert done.returncode == 0, done.stderr
    assert PINNED is not None
    package = f"github.com/rhysd/actionlint/cmd/actionlint@v{PINNED[1]}"
    built = subprocess.run(
        [here.tools / "bin/actionlint"], capture_output=True, text=True, check=True
    )
    assert built.stdout.strip() == package
    assert (here.tools / "bin/.actionlint.from").read_text() == f"Go {package}\n"


def test_what_go_built_counts_as_the_pinned_one(tmp_path: Path) -> None:
    here = machine(tmp_path, proxy_answers=True)
    here.fetch()
    asked = here.asked.read_text()
    assert here.fetch().returncode == 0
    assert here.asked.read_text() == asked


def test_a_build_of_another_version_is_replaced(tmp_path: Path) -> None:
    here = machine(tmp_path, proxy_answers=True)
    tool = here.keeps("Go github.com/rhysd/actionlint/cmd/actionlint@v1.6.22")
    assert here.fetch(offline=True).returncode == 0
    assert tool.read_text()


def test_without_a_proxy_an_offline_run_keeps_what_it_has(tmp_path: Path) -> None:
    here = machine(tmp_path, proxy_answers=False)
    tool = here.keeps("npm actionlint 0123456789ab")
    assert here.fetch(offline=True).returncode == 0
    assert not tool.read_text()


def test_without_a_proxy_nothing_is_built_and_the_way_to_get_it_is_said(tmp_path: Path) -> None:
    here = machine(tmp_path, proxy_answers=False)
    done = here.fetch()
    assert done.returncode == 20
    assert "install actionlint, or Go or Node.js" in done.stderr
    assert "install" not in here.asked.read_text()


def test_these_tools_come_from_npm() -> None:
    assert [project.name for project in PROJECTS] == ["actionlint", "check-dashboards"]


@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.name)
def test_every_package_has_a_version_and_a_hash_and_no_host_is_named(project: Path) -> None:
    asked = json.loads((project / "package.json").read_text(encoding="utf-8"))["dependencies"]
    text = (project / "package-lock.json").read_text(encoding="utf-8")
    packages = json.loads(text)["packages"]
    root = packages.pop("")
    assert root["dependencies"] == asked
    assert all(re.fullmatch(r"[\d.]+", version) for version in asked.values())
    assert {f"node_modules/{name}": version for name, version in asked.items()}.items() <= {
        name: package["version"] for name, package in packages.items()
    }.items()
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())
    assert "://" not in text


def test_dependabot_looks_after_each() -> None:
    updates = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text(encoding="utf-8"))
    npm = next(it for it in updates["updates"] if it["package-ecosystem"] == "npm")
    assert npm["directories"] == [f"/{project.relative_to(ROOT)}" for project in PROJECTS]
