"""The kinds of panels there are, each with what it always has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from grafana_foundation_sdk.builders import bargauge, common, prometheus, stat, table, timeseries
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import common as m
from grafana_foundation_sdk.models import dashboard as dm
from grafana_foundation_sdk.models.prometheus import PromQueryFormat, QueryEditorMode

from dashboards import looks
from dashboards.queries import SEVERITIES

# So many bars in a graph: wide enough to be seen, and a day is more than one.
BARS = 60

Builder: TypeAlias = stat.Panel | timeseries.Panel | bargauge.Panel | table.Panel


@dataclass(frozen=True)
class Asked:
    """One query of a panel; ``name`` is a legend, with ``{{label}}`` for what differs."""

    expr: str
    name: str = ""


@dataclass(frozen=True)
class Placed:
    """A panel and its size: ``width`` in 24ths of the screen, ``height`` in Grafana's rows."""

    panel: Builder
    width: int
    height: int


@dataclass(frozen=True)
class About:
    """What every panel says of itself: a title, a sentence, a unit, and where more is."""

    title: str
    says: str
    unit: str = "short"
    link: tuple[str, str] | None = None
    empty: str = "nothing in this range"


def tile(
    about: About, expr: str, *, steps: looks.Steps = looks.CALM, good: looks.Steps = ()
) -> Placed:
    """One number, as it is now: an instant query, whose last step is not half an hour old.

    ``good`` turns it around: bounds from which on a share is yellow or green.
    """
    panel = (
        _about(stat.Panel(), about)
        .color_mode(m.BigValueColorMode.BACKGROUND if steps or good else m.BigValueColorMode.VALUE)
        .graph_mode(m.BigValueGraphMode.NONE)
        .reduce_options(_last())
        .thresholds(looks.thresholds(good, below="red") if good else looks.thresholds(steps))
        .color_scheme(build.FieldColor().mode(dm.FieldColorModeId.THRESHOLDS))
        .with_target(_now("A", Asked(expr)))
    )
    return Placed(panel, 4, 4)


def ranking(about: About, *asked: Asked, name: str, width: int = 6, height: int = 8) -> Placed:
    """Horizontal bars of what is so now, in the order of the queries.

    ``name`` is the template of a bar's name, without which Grafana drops that of a single bar.
    """
    panel = (
        _about(bargauge.Panel(), about)
        .orientation(m.VizOrientation.HORIZONTAL)
        .display_mode(m.BarGaugeDisplayMode.GRADIENT)
        .value_mode(m.BarGaugeValueMode.COLOR)
        .name_placement(m.BarGaugeNamePlacement.LEFT)
        .sizing(m.BarGaugeSizing.AUTO)
        .min_viz_height(16)
        .reduce_options(_last())
        .min(0)
        .display_name(name)
        .thresholds(looks.thresholds(looks.CALM))
        .color_scheme(build.FieldColor().mode(dm.FieldColorModeId.FIXED).fixed_color("blue"))
    )
    for ref, query in zip(_REFS, asked, strict=False):
        panel = panel.with_target(_now(ref, query))
    return Placed(_severities(panel), width, height)


def bars(about: About, *asked: Asked, width: int = 12) -> Placed:
    """Counts in the intervals of the graph, stacked; ask for ``gained_from``."""
    panel = _graph(about, asked).max_data_points(BARS).interval("1m")
    panel = (
        panel.draw_style(m.GraphDrawStyle.BARS)
        .fill_opacity(70)
        .bar_alignment(m.BarAlignment.AFTER)
        .show_points(m.VisibilityMode.NEVER)
        .stacking(common.StackingConfig().mode(m.StackingMode.NORMAL).group("A"))
        .decimals(0)
    )
    return Placed(_severities(panel), width, 8)


def lines(
    about: About,
    *asked: Asked,
    width: int = 8,
    top: float | None = None,
) -> Placed:
    """What was so at each time; a point with no neighbour is seen as a point."""
    panel = (
        _graph(about, asked)
        .draw_style(m.GraphDrawStyle.LINE)
        .line_width(2)
        .fill_opacity(8)
        .show_points(m.VisibilityMode.AUTO)
        .point_size(6)
    )
    if top is not None:
        panel = panel.max(top)
    return Placed(_severities(panel), width, 8)


def sheet(
    about: About,
    columns: Mapping[str, tuple[str, str]],
    *,
    key: Sequence[str],
    worst_first: str | None = None,
    width: int = 24,
    height: int = 8,
) -> Placed:
    """A table: ``columns`` are title -> (query, unit), joined by the labels ``key``.

    ``worst_first`` is the column it is sorted by, the largest on top.
    """
    panel = _about(table.Panel(), about).cell_height(m.TableCellHeight.SM).show_header(True)
    names, order = {}, {label: place for place, label in enumerate(key)}
    for ref, (title, (expr, unit)) in zip(_REFS, columns.items(), strict=False):
        field = f"Value #{ref}"
        panel = panel.with_target(_now(ref, Asked(expr)).format(PromQueryFormat.TABLE))
        names[field], order[field] = title, len(order)
        panel = panel.override_by_name(title, [dm.DynamicConfigValue(id_val="unit", value=unit)])
    if len(columns) == 1:
        # A single query is not numbered.
        names = {"Value": next(iter(columns))}
    hidden = ("Time", "__name__", "instance", "job", *(() if "service" in key else ("service",)))
    panel = panel.with_transformation(dm.DataTransformerConfig(id_val="merge", options={}))
    panel = panel.with_transformation(
        dm.DataTransformerConfig(
            id_val="organize",
            options={
                "excludeByName": dict.fromkeys(hidden, True),
                "indexByName": order,
                "renameByName": names,
            },
        )
    )
    if worst_first:
        panel = panel.sort_by([common.TableSortByFieldState().display_name(worst_first).desc(True)])
    return Placed(_severity_cells(panel) if "severity" in key else panel, width, height)


def by_severity(template: str) -> tuple[Asked, ...]:
    """A query a severity, the worst first; ``SEVERITY`` in the template stands for its matchers.

    The filter of the dashboard still acts: what it leaves out has no series.
    """
    return tuple(
        Asked(
            template.replace("SEVERITY", f'severity="{severity}",severity=~"$severity"'), severity
        )
        for severity in SEVERITIES
    )


_REFS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _about(panel: Any, about: About) -> Any:
    panel = (
        panel.title(about.title)
        .description(about.says)
        .datasource(looks.SOURCE)
        .unit(about.unit)
        .no_value(about.empty)
    )
    return panel.links([looks.web_ui(*about.link)]) if about.link else panel


def _graph(about: About, asked: Sequence[Asked]) -> Any:
    panel = (
        _about(timeseries.Panel(), about)
        .min(0)
        .axis_placement(m.AxisPlacement.AUTO)
        .thresholds(looks.thresholds(looks.CALM))
        .color_scheme(build.FieldColor().mode(dm.FieldColorModeId.PALETTE_CLASSIC))
        .legend(
            common.VizLegendOptions()
            .display_mode(m.LegendDisplayMode.LIST)
            .placement(m.LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs([])
        )
        .tooltip(
            common.VizTooltipOptions().mode(m.TooltipDisplayMode.MULTI).sort(m.SortOrder.DESCENDING)
        )
    )
    for ref, query in zip(_REFS, asked, strict=False):
        panel = panel.with_target(_query(ref, query).range())
    return panel


def _query(ref: str, asked: Asked) -> prometheus.Dataquery:
    return (
        prometheus.Dataquery()
        .ref_id(ref)
        .datasource(looks.SOURCE)
        .editor_mode(QueryEditorMode.CODE)
        .expr(asked.expr)
        .legend_format(asked.name)
    )


def _now(ref: str, asked: Asked) -> prometheus.Dataquery:
    return _query(ref, asked).instant()


def _last() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(False)


def _severities(panel: Any) -> Any:
    for severity in SEVERITIES:
        panel = panel.override_by_name(severity, [looks.fixed(looks.SEVERITY_COLORS[severity])])
    return panel


def _severity_cells(panel: Any) -> Any:
    options = {
        severity: {"color": color, "index": index, "text": severity}
        for index, (severity, color) in enumerate(looks.SEVERITY_COLORS.items())
    }
    return panel.override_by_name(
        "severity",
        [
            dm.DynamicConfigValue(id_val="mappings", value=[{"type": "value", "options": options}]),
            dm.DynamicConfigValue(id_val="custom.cellOptions", value={"type": "color-text"}),
        ],
    )
