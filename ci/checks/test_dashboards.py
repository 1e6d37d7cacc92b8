"""The dashboards are whole, valid, and ask only what can be answered."""

from collections import Counter
from pathlib import Path

import pytest
import yaml

from checks import dashboards

ROOT = Path(__file__).parents[2]
ALL = pytest.mark.parametrize("path", dashboards.DASHBOARDS, ids=lambda path: path.stem)


def test_there_are_the_three_dashboards_people_were_promised() -> None:
    found = {path.stem: dashboards.load(path)["title"] for path in dashboards.DASHBOARDS}
    assert found == {
        "incident-overview": "Incident Overview",
        "sre-metrics": "SRE Metrics",
        "platform-health": "Platform Health",
    }


def test_uids_are_stable_and_each_is_used_once() -> None:
    uids = [dashboards.load(path)["uid"] for path in dashboards.DASHBOARDS]
    assert sorted(uids) == ["vigie-incident-overview", "vigie-platform-health", "vigie-sre-metrics"]


def test_every_panel_asks_the_data_source_that_is_provisioned() -> None:
    provisioned = yaml.safe_load(
        (ROOT / "grafana/provisioning/datasources/prometheus.yml").read_text(encoding="utf-8")
    )
    uid = provisioned["datasources"][0]["uid"]
    for path in dashboards.DASHBOARDS:
        for panel in dashboards.panels(dashboards.load(path)):
            assert panel["datasource"]["uid"] == uid, panel["title"]


@ALL
def test_every_panel_says_what_it_shows_and_in_which_unit(path: Path) -> None:
    for panel in dashboards.panels(dashboards.load(path)):
        assert panel["title"]
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"], panel["title"]
        assert panel["targets"], panel["title"]


@ALL
def test_panels_have_ids_of_their_own_and_do_not_overlap(path: Path) -> None:
    everything = dashboards.load(path)["panels"]
    assert max(Counter(panel["id"] for panel in everything).values()) == 1
    taken: set[tuple[int, int]] = set()
    for panel in everything:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24, panel["title"]
        taken |= cells


@ALL
def test_every_variable_a_query_uses_is_defined(path: Path) -> None:
    dashboard = dashboards.load(path)
    defined = {f"${variable['name']}" for variable in dashboard["templating"]["list"]}
    for panel in dashboards.panels(dashboard):
        for target in panel["targets"]:
            used = {name for name in ("$service", "$severity") if name in target["expr"]}
            assert used <= defined, panel["title"]


def test_recorded_figures_that_dashboards_show_are_recorded() -> None:
    shown = {
        name
        for query in dashboards.queries()
        for name in dashboards.metric_names(query.as_prometheus_sees_it())
        if ":" in name
    }
    assert shown <= dashboards.recorded_names()


@pytest.mark.parametrize(
    ("expr", "names"),
    [
        ('sum by (a) (rate(x_total{b=~"c_d"}[5m])) / y', {"x_total", "y"}),
        ("a:b:c / on (d) group_left(e) f or vector(0)", {"a:b:c", "f"}),
        ("histogram_quantile(0.95, sum by (le) (x_bucket)) > bool 3", {"x_bucket"}),
    ],
)
def test_names_are_told_from_functions_labels_and_strings(expr: str, names: set[str]) -> None:
    assert dashboards.metric_names(expr) == names


def test_every_alert_has_a_severity_a_summary_and_a_runbook_that_exists() -> None:
    alerts = [rule for rule in dashboards.rule_groups() if "alert" in rule]
    assert alerts
    for rule in alerts:
        assert rule["labels"]["severity"] in {"critical", "high", "medium", "low"}, rule["alert"]
        assert rule["annotations"]["summary"]
        runbook = rule["annotations"]["runbook_url"]
        assert runbook == f"docs/runbooks/{rule['alert']}.md"
        assert (ROOT / runbook).is_file(), f"{rule['alert']} has no runbook"


def test_every_rule_has_a_test() -> None:
    tests = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "prometheus/tests").glob("*.yml")
    )
    for rule in dashboards.rule_groups():
        name = rule.get("alert") or rule["record"]
        assert name in tests, f"no promtool test speaks of {name}"
