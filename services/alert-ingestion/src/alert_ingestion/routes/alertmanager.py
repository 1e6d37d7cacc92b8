"""What amtool and Prometheus ask Alertmanager's API v2 for besides sending alerts."""

from typing import Any

from litestar import get

from alert_ingestion.formats.alertmanager import PREFIXES
from shared.version import VERSION


@get([f"{prefix}/api/v2/status" for prefix in PREFIXES], tags=["alerts in"], sync_to_thread=False)
def status() -> dict[str, Any]:
    """What amtool asks before it sends: that somebody is there who speaks version 2."""
    return {
        "cluster": {"status": "disabled", "peers": []},
        "versionInfo": {"version": f"vigie-{VERSION}"},
        "config": {"original": ""},
        "uptime": "1970-01-01T00:00:00Z",
    }
