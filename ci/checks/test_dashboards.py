"""The dashboards are whole, valid, and ask only what can be answered."""

import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

from checks import dashboards
from dashboards.__main__ import described, differing
from dashboards.looks import SEVERITY_COLORS as COLORS
from vigie_local.prometheus_config import RETENTION

ROOT = Path(__file__).parents[2]
ALL = pytest.mark.parametrize("path", dashboards.DASHBOARDS, ids=lambda path: path.stem)


def test_there_are_the_dashboards_people_were_promised() -> None:
    found = {path.stem: dashboards.load(path)["title"] for path in dashboards.DASHBOARDS}
    assert found == {
        "incident-overview": "Incident Overview",
        "on-call": "On-call",
        "sre-metrics": "SRE Metrics",
        "platform-health": "Platform Health",
    }


def test_their_files_are_what_their_descriptions_say(tmp_path: Path) -> None:
    for path, text in described().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    assert differing(tmp_path) == []
    changed, strange = Path("grafana/dashboards/on-call.json"), Path("grafana/dashboards/mine.json")
    (tmp_path / changed).write_text("{}")
    (tmp_path / strange).write_text("{}")
    assert differing(tmp_path) == [changed, strange]
    assert differing(ROOT) == []


def test_uids_are_stable_and_each_is_used_once() -> None:
    uids = [dashboards.load(path)["uid"] for path in dashboards.DASHBOARDS]
    assert sorted(uids) == [
        "vigie-incident-overview",
        "vigie-on-call",
        "vigie-platform-health",
        "vigie-sre-metrics",
    ]


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
def test_each_filter_acts_on_every_panel_of_its_dashboard(path: Path) -> None:
    dashboard = dashboards.load(path)
    offered = {it["name"] for it in dashboard["templating"]["list"] if not it.get("hide")}
    assert offered <= set(dashboards.FILTERS)
    for panel in dashboards.panels(dashboard):
        for target in panel["targets"]:
            used = {name for name in dashboards.FILTERS if f"${name}" in target["expr"]}
            assert used == offered, panel["title"]


@ALL
def test_one_number_is_asked_for_now_and_counts_in_whole_intervals(path: Path) -> None:
    for panel in dashboards.panels(dashboards.load(path)):
        bars = panel["fieldConfig"]["defaults"].get("custom", {}).get("drawStyle") == "bars"
        for target in panel["targets"]:
            assert target.get("instant", False) == (panel["type"] != "timeseries"), panel["title"]
            assert bars == ("$__interval" in target["expr"]), panel["title"]
            assert "$__range" not in target["expr"] or panel["type"] != "timeseries"


@ALL
def test_severities_come_worst_first_in_their_colours(path: Path) -> None:
    for panel in dashboards.panels(dashboards.load(path)):
        named = [it["legendFormat"] for it in panel["targets"] if it["legendFormat"] in COLORS]
        if named:
            assert named == list(COLORS), panel["title"]
        if panel["type"] in {"timeseries", "bargauge"}:
            colors = {
                override["matcher"]["options"]: override["properties"][0]["value"]["fixedColor"]
                for override in panel["fieldConfig"]["overrides"]
            }
            assert colors == COLORS, panel["title"]
        if panel["type"] == "bargauge":
            assert panel["fieldConfig"]["defaults"]["displayName"], panel["title"]


@ALL
@pytest.mark.parametrize("width", [1280, 1600])
def test_no_title_is_cut(path: Path, width: int) -> None:
    """At 14 pixels a letter takes under 7.5; the icons beside a title take 24 each."""
    for panel in dashboards.panels(dashboards.load(path)):
        icons = 1 + bool(panel.get("links"))
        room = panel["gridPos"]["w"] * width / 24 - 8 - 16 - 24 * icons
        assert 7.5 * len(panel["title"]) <= room, panel["title"]


@ALL
def test_links_lead_to_the_address_that_the_installation_exposes(path: Path) -> None:
    dashboard = dashboards.load(path)
    (address,) = (it for it in dashboard["templating"]["list"] if it["name"] == "web_ui")
    assert address["query"]["query"] == "query_result(vigie_installation_info)"
    exposed = re.search(address["regex"].strip("/"), 'x{a="b", web_ui_url="https://v.test/x"} 1')
    assert exposed is not None
    assert exposed[1] == "https://v.test/x"
    links = [
        link["url"]
        for it in [dashboard, *dashboards.panels(dashboard)]
        for link in it.get("links", [])
        if link.get("type", "link") == "link"
    ]
    assert links
    assert {url.partition("/")[0] for url in links} == {"${web_ui:raw}"}
    assert {url.partition("/")[2] for url in links} <= {
        *("", "history", "history?status=any", "oncall", "notifications"),
    }


def test_recorded_figures_that_dashboards_show_are_recorded() -> None:
    shown = {
        name
        for query in dashboards.queries()
        for name in dashboards.metric_names(query.as_prometheus_sees_it(3600))
        if ":" in name
    }
    assert shown <= dashboards.recorded_names()


def test_no_figure_is_recorded_in_vain() -> None:
    asked = [query.as_prometheus_sees_it(3600) for query in dashboards.queries()]
    asked += [rule["expr"] for rule in dashboards.rules()]
    used = {name for expr in asked for name in dashboards.metric_names(expr)}
    assert dashboards.recorded_names() <= used


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
    alerts = [rule for rule in dashboards.rules() if "alert" in rule]
    assert alerts
    for rule in alerts:
        name = rule["alert"]
        none = {"none"} if name == "Watchdog" else set()
        assert rule["labels"]["severity"] in {*COLORS, *none}, name
        assert rule["annotations"]["summary"]
        template, runbook = rule["annotations"]["runbook_url"].split("}}/")
        assert "label `web_ui_url`" in template
        assert runbook == f"runbooks/{name}"
        assert (ROOT / f"docs/runbooks/{name}.md").is_file(), f"{name} has no runbook"


def test_every_runbook_has_an_alert() -> None:
    alerts = {rule["alert"] for rule in dashboards.rules() if "alert" in rule}
    assert {path.stem for path in (ROOT / "docs/runbooks").glob("*.md")} == alerts


def test_what_is_kept_covers_the_longest_that_is_asked_for() -> None:
    longest = max(
        dashboards.seconds(span)
        for rule in dashboards.rules()
        for span in re.findall(r"\[(\d+[smhd])\]", rule["expr"])
    )
    compose = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    kept = re.search(r"VIGIE_PROMETHEUS_RETENTION:-(\w+)", compose)
    assert kept is not None
    assert dashboards.seconds(kept[1]) >= longest
    assert dashboards.seconds(RETENTION) >= longest


def test_every_rule_has_a_test() -> None:
    tests = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "prometheus/tests").glob("*.yml")
    )
    for rule in dashboards.rules():
        name = rule.get("alert") or rule["record"]
        assert name in tests, f"no promtool test speaks of {name}"
