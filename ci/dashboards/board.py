"""A dashboard: rows of panels from left to right, filters, links to the others."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as m
from grafana_foundation_sdk.models import dashboard as dm

from dashboards import looks
from dashboards.panels import Placed
from dashboards.queries import SEVERITIES

COLUMNS = 24
# The schema of the Grafana that is run; the builders are a little older, and their types allow what
# that one's no longer do.
SCHEMA_VERSION = 42
_LINK_OF_A_PANEL = ("title", "url", "targetBlank")


@dataclass(frozen=True)
class Board:
    """What is said of one dashboard; ``rows`` are titles and the panels under each."""

    uid: str
    title: str
    says: str
    span: str
    filters: Sequence[build.CustomVariable | build.QueryVariable]
    rows: Sequence[tuple[str, Sequence[Placed]]]
    tags: Sequence[str] = field(default=("vigie",))

    def text(self) -> str:
        """Its file, as the Grafana that is run stores dashboards."""
        document = json.loads(JSONEncoder().encode(self._built()))
        document["schemaVersion"] = SCHEMA_VERSION
        for variable in document["templating"]["list"]:
            for name in ("auto", "auto_count", "auto_min"):
                variable.pop(name, None)
        for panel in document["panels"]:
            panel.get("options", {}).pop("footer", None)
            for link in panel.get("links", []):
                for name in link.keys() - set(_LINK_OF_A_PANEL):
                    del link[name]
        return json.dumps(document, sort_keys=True, indent=2, ensure_ascii=False) + "\n"

    def _built(self) -> dm.Dashboard:
        made = (
            build.Dashboard(self.title)
            .uid(self.uid)
            .description(self.says)
            .tags(list(self.tags))
            .readonly()
            .tooltip(dm.DashboardCursorSync.CROSSHAIR)
            .time(f"now-{self.span}", "now")
            .timezone("browser")
            .refresh("30s")
            .version(1)
            .variables([*self.filters, _address()])
            .annotation(_deployments())
            .link(_siblings())
            .link(_incidents())
        )
        for panel in _placed(self.rows):
            made = made.with_row(panel) if isinstance(panel, build.Row) else made.with_panel(panel)
        return made.build()


def severity_filter() -> build.CustomVariable:
    """Severities, worst first."""
    return (
        build.CustomVariable("severity")
        .label("Severity")
        .values(",".join(SEVERITIES))
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(_everything())
    )


def team_filter() -> build.QueryVariable:
    """The teams that can be paged."""
    return (
        build.QueryVariable("team")
        .label("Team")
        .datasource(looks.SOURCE)
        .query(_asks("label_values(oncall_current, team)"))
        .refresh(dm.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(dm.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(_everything())
    )


def _address() -> build.QueryVariable:
    # Where web-ui is for people, as the installation knows it.
    return (
        build.QueryVariable("web_ui")
        .label("Address of web-ui")
        .datasource(looks.SOURCE)
        # As it is now: label_values() would know every address of the range, the first one first.
        .query(_asks("query_result(vigie_installation_info)"))
        .regex('/web_ui_url="([^"]+)"/')
        .refresh(dm.VariableRefresh.ON_DASHBOARD_LOAD)
        .hide(dm.VariableHide.HIDE_VARIABLE)
    )


def _asks(query: str) -> dict[str, object]:
    return {"query": query, "refId": "PrometheusVariableQueryEditor-VariableQuery"}


def _everything() -> dm.VariableOption:
    return dm.VariableOption(text=["All"], value=["$__all"])


def _deployments() -> build.AnnotationQuery:
    # Written by ci/deploy.sh.
    return (
        build.AnnotationQuery()
        .name("Deployments")
        .datasource(m.DataSourceRef("grafana", "-- Grafana --"))
        .enable(True)
        .hide(False)
        .icon_color("purple")
        .target(
            build.AnnotationTarget()
            .type("tags")
            .tags(["vigie", "deployment"])
            .match_any(False)
            .limit(100)
        )
    )


def _siblings() -> build.DashboardLink:
    return (
        build.DashboardLink("Vigie dashboards")
        .type(dm.DashboardLinkType.DASHBOARDS)
        .tags(["vigie"])
        .keep_time(True)
        .include_vars(True)
    )


def _incidents() -> build.DashboardLink:
    return looks.web_ui(*looks.OPEN).icon("bolt").tooltip("The incident list of Vigie")


def _placed(rows: Sequence[tuple[str, Sequence[Placed]]]) -> list[Any]:
    """Rows and panels with an id and a place each, filled from left to right."""
    found: list[Any] = []
    y = 0
    for title, panels in rows:
        place = dm.GridPos(h=1, w=COLUMNS, x=0, y=y)
        found.append(build.Row(title).id(len(found) + 1).grid_pos(place))
        x, y, tallest = 0, y + 1, 0
        for placed in panels:
            if x + placed.width > COLUMNS:
                x, y, tallest = 0, y + tallest, 0
            place = dm.GridPos(h=placed.height, w=placed.width, x=x, y=y)
            found.append(placed.panel.id(len(found) + 1).grid_pos(place))
            x, tallest = x + placed.width, max(tallest, placed.height)
        y += tallest
    return found
