"""How things look on every dashboard: colours, thresholds, links."""

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import (
    DashboardLinkType,
    DynamicConfigValue,
    Threshold,
    ThresholdsMode,
)

SOURCE = DataSourceRef("prometheus", "vigie-prometheus")

# The hues of web-ui (static/tokens.css), in Grafana's names, which suit both of its themes.
SEVERITY_COLORS = {"critical": "red", "high": "orange", "medium": "yellow", "low": "blue"}

Steps = tuple[tuple[float, str], ...]

CALM: Steps = ()
"""No value is a reason to worry."""


def thresholds(steps: Steps, below: str = "green") -> build.ThresholdsConfig:
    """A colour below every bound, and from each bound on the one beside it."""
    found = [Threshold(value=None, color=below)]
    found += [Threshold(value=float(bound), color=color) for bound, color in steps]
    return build.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(found)


def fixed(color: str) -> DynamicConfigValue:
    """One colour, whatever the value."""
    return DynamicConfigValue(id_val="color", value={"mode": "fixed", "fixedColor": color})


def web_ui(title: str, path: str) -> build.DashboardLink:
    """A link into web-ui, whose address the installation itself exposes."""
    return (
        build.DashboardLink(title)
        .type(DashboardLinkType.LINK)
        .url(f"${{web_ui:raw}}{path}")
        .target_blank(True)
    )


OPEN = ("Open incidents in Vigie", "/")
EVERY = ("All incidents in Vigie", "/history?status=any")
RESOLVED = ("Resolved incidents in Vigie", "/history")
ON_CALL = ("On-call in Vigie", "/oncall")
MESSAGES = ("Notifications in Vigie", "/notifications")
