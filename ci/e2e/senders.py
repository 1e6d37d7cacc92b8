"""The real senders of alerts: on PATH, or where clients.sh unpacks them."""

import os
import shutil
from pathlib import Path

from vigie_local.installation import REPOSITORY

PATH = os.pathsep.join(
    [os.environ.get("PATH", os.defpath), str(REPOSITORY / ".ci-out/clients/usr/bin")]
)

PROMETHEUS = shutil.which("prometheus", path=PATH)
PROMTOOL = shutil.which("promtool", path=PATH)
# Debian's name of it differs from upstream's, and it needs the templates that clients.sh places.
ALERTMANAGER = shutil.which("alertmanager") or (
    shutil.which("prometheus-alertmanager", path=PATH)
    if Path("/usr/share/prometheus/alertmanager").is_dir()
    else None
)
