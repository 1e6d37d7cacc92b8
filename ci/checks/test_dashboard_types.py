"""Dashboards against Grafana's own types: what is planted is found, and said where it is."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from checks import dashboards
from checks.drills import commands
from checks.drills.sandbox import Sandbox, make

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "ci/tools/check-dashboards"
OVERVIEW = ROOT / "grafana/dashboards/incident-overview.json"

# One process reads all the dashboards of these tests.
pytestmark = pytest.mark.xdist_group("dashboard types")


def panel(dashboard: dict[str, Any], plugin: str) -> dict[str, Any]:
    """The first panel of a kind."""
    found: dict[str, Any] = next(it for it in dashboard["panels"] if it["type"] == plugin)
    return found


def misspell(given: dict[str, Any], key: str) -> None:
    given[f"{key}x"] = given.pop(key)


def hide_in_a_row(dashboard: dict[str, Any]) -> None:
    row, stat = panel(dashboard, "row"), panel(dashboard, "stat")
    dashboard["panels"].remove(stat)
    stat["options"]["graphMode"] = "hill"
    row["panels"] = [stat]


# What is planted -> how it is planted, and what the line about it says after FILE:LINE.
FAULTS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "unknown key of the dashboard": (
        lambda it: misspell(it, "description"),
        'descriptionx: .*"descriptionx"',
    ),
    "wrong type": (
        lambda it: it.update(schemaVersion="42"),
        "schemaVersion: Type 'string'",
    ),
    "missing field of the dashboard": (
        lambda it: it.pop("schemaVersion"),
        "schemaVersion' is missing",
    ),
    "wrong enum number": (
        lambda it: it["templating"]["list"][1].update(refresh=9),
        r"templating\.list\.1\.refresh: Type '9'",
    ),
    "unknown key of a variable's query": (
        lambda it: misspell(it["templating"]["list"][1]["query"], "query"),
        r"templating\.list\.1\.query",
    ),
    "unknown plugin": (
        lambda it: panel(it, "stat").update(type="stats"),
        r"""panel "Open incidents": type: Type '"stats"'""",
    ),
    "unknown key of a panel": (
        lambda it: misspell(panel(it, "stat"), "description"),
        'panel "Open incidents": descriptionx: ',
    ),
    "option of another plugin": (
        lambda it: panel(it, "stat")["options"].update(showHeader=True),
        r'panel "Open incidents": options\.showHeader: ',
    ),
    "wrong value of an option": (
        lambda it: panel(it, "stat")["options"].update(colorMode="backdrop"),
        r"""panel "Open incidents": options\.colorMode: Type '"backdrop"'""",
    ),
    "missing option": (
        lambda it: panel(it, "stat")["options"].pop("textMode"),
        """panel "Open incidents": options: Property 'textMode' is missing""",
    ),
    "wrong value deep in an option": (
        lambda it: panel(it, "timeseries")["options"]["legend"].update(placement="left"),
        r"""panel "[^"]+": options\.legend\.placement: Type '"left"'""",
    ),
    "wrong value of a field": (
        lambda it: panel(it, "timeseries")["fieldConfig"]["defaults"]["custom"].update(
            drawStyle="lines"
        ),
        r"""panel "[^"]+": fieldConfig\.defaults\.custom\.drawStyle: Type '"lines"'""",
    ),
    "unknown key of a field": (
        lambda it: misspell(
            panel(it, "timeseries")["fieldConfig"]["defaults"]["custom"], "fillOpacity"
        ),
        r'panel "[^"]+": fieldConfig\.defaults\.custom\.fillOpacityx: ',
    ),
    "field of a plugin that has none": (
        lambda it: panel(it, "stat")["fieldConfig"]["defaults"].update(custom={"lineWidth": 1}),
        r'panel "Open incidents": fieldConfig\.defaults\.custom\.lineWidth: ',
    ),
    "unknown key of a threshold": (
        lambda it: misspell(
            panel(it, "stat")["fieldConfig"]["defaults"]["thresholds"]["steps"][1], "color"
        ),
        r'panel "Open incidents": fieldConfig\.defaults\.thresholds\.steps\.1\.colorx: ',
    ),
    "unknown key of a query": (
        lambda it: misspell(panel(it, "stat")["targets"][0], "legendFormat"),
        r'panel "Open incidents": targets\.0\.legendFormatx: ',
    ),
    "query without an expression": (
        lambda it: panel(it, "stat")["targets"][0].pop("expr"),
        r"""panel "Open incidents": targets\.0: Property 'expr' is missing""",
    ),
    "fault in a collapsed row": (
        hide_in_a_row,
        r"""panel "Open incidents": options\.graphMode: Type '"hill"'""",
    ),
}


@pytest.fixture(scope="session")
def check_dashboards() -> str:
    """The command."""
    if shutil.which("npm") is None:
        pytest.skip("that faults in dashboards are found: npm is not here")
    fetched = subprocess.run(
        [ROOT / "ci/tools.sh", "check-dashboards"], capture_output=True, text=True, check=False
    )
    if fetched.returncode != 0 and os.environ.get("VIGIE_OFFLINE"):
        pytest.skip("that faults in dashboards are found: npm could not fetch Grafana's types")
    assert fetched.returncode == 0, fetched.stderr
    return f"{fetched.stdout.splitlines()[-1]}/check-dashboards"


@pytest.fixture(scope="session")
def complaints(check_dashboards: str, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What is said about our dashboards and those with a fault in each."""
    folder = tmp_path_factory.mktemp("dashboards")
    for name, (plant, _) in FAULTS.items():
        dashboard = dashboards.load(OVERVIEW)
        plant(dashboard)
        (folder / f"{name}.json").write_text(json.dumps(dashboard, indent=2), encoding="utf-8")
    done = subprocess.run(
        [check_dashboards, *dashboards.DASHBOARDS, *sorted(folder.iterdir())],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_and_its_panel_and_field_are_named(
    name: str, complaints: list[str]
) -> None:
    about = [line for line in complaints if f"/{name}.json:" in line]
    assert len(about) == 1, about
    assert re.search(rf"/{name}\.json:\d+: .*{FAULTS[name][1]}", about[0]), about[0]


def test_of_our_dashboards_nothing_is_said(complaints: list[str]) -> None:
    assert [line for line in complaints if str(OVERVIEW.parent) in line] == []


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    """A repository with one dashboard, in which a value is of the wrong type."""
    sandbox = make(tmp_path / "repository")
    text = OVERVIEW.read_text(encoding="utf-8").splitlines()
    line = next(number for number, it in enumerate(text) if '"schemaVersion"' in it)
    text[line] = '  "schemaVersion": true,'
    sandbox.write("grafana/dashboards/overview.json", "\n".join(text))
    return sandbox


@pytest.mark.usefixtures("check_dashboards")
def test_the_stage_is_red_and_names_file_line_and_field(sandbox: Sandbox) -> None:
    done = sandbox.run("quality.sh", "--only", "dashboards")
    assert done.returncode == 10, done.stdout
    assert re.search(
        r"dashboards: grafana/dashboards/overview\.json:\d+: schemaVersion: Type 'boolean'",
        sandbox.reason("quality"),
    )


def test_without_npm_the_stage_says_what_it_did_not_prove(sandbox: Sandbox, tmp_path: Path) -> None:
    path = commands.make(tmp_path / "commands", without=["npm"])
    done = sandbox.run("quality.sh", "--only", "json,dashboards", environment={"PATH": str(path)})
    assert done.returncode == 0, done.stdout
    said = (sandbox.root / ".ci-out/quality/unproved.txt").read_text(encoding="utf-8")
    assert "dashboards against Grafana's types: npm is not here" in said


def test_the_types_are_those_of_the_grafana_that_is_run() -> None:
    image = re.search(
        r"grafana/grafana:([\d.]+)@", (ROOT / "grafana/Dockerfile").read_text(encoding="utf-8")
    )
    asked = json.loads((PROJECT / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert image is not None
    assert asked["@grafana/schema"] == image[1]
