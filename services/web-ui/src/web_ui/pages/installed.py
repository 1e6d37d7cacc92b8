"""web-ui as an installed app: its manifest, its service worker, and the page without a network.

The worker is told which files are the shell. No page with data is among them: what somebody reads
at night is asked for, or it is not shown.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from litestar import Request, Response, get

from web_ui.assets import Assets
from web_ui.services import TheServices

WORKER = Path(__file__).parent.parent / "service_worker.js"
OFFLINE = "/offline"

# Those of static/tokens.css in the light: the bar, and the night sea before the first page.
THEME_COLOUR = BACKGROUND_COLOUR = "#0d2436"

SHELL = (
    "tokens.css",
    "base.css",
    "components.css",
    "pages.css",
    "app.js",
    "vendor/htmx.min.js",
    "vendor/htmx-ext-sse.js",
    "favicon.svg",
    "icons/192.png",
)

ICONS = (
    ("icons/192.png", "192x192", "any"),
    ("icons/512.png", "512x512", "any"),
    ("icons/maskable.png", "512x512", "maskable"),
)


@dataclass(frozen=True)
class OfflinePage:
    """The context of the page that is shown without a network: it says the same to everybody."""


@get("/manifest.webmanifest", include_in_schema=False, media_type="application/manifest+json")
async def manifest(services: TheServices) -> Response[str]:
    """What a browser installs."""
    document = {
        "id": "/",
        "name": "Vigie",
        "short_name": "Vigie",
        "description": "Incidents and who is on call, and pages on this device.",
        "lang": "en",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "theme_color": THEME_COLOUR,
        "background_color": BACKGROUND_COLOUR,
        "icons": [
            {
                "src": services.assets.url(name),
                "sizes": sizes,
                "type": "image/png",
                "purpose": purpose,
            }
            for name, sizes, purpose in ICONS
        ],
    }
    return Response(json.dumps(document), headers={"Cache-Control": "no-cache"})


@get("/sw.js", include_in_schema=False, media_type="text/javascript")
async def worker(services: TheServices) -> Response[str]:
    """The service worker, for every page: its scope is the folder that it comes from."""
    code = with_shell(services.assets)
    return Response(code, headers={"Cache-Control": "no-cache"})


@get(OFFLINE, include_in_schema=False)
async def offline(request: Request[Any, Any, Any], services: TheServices) -> Response[str]:
    """What the worker keeps for a navigation that reaches nobody."""
    return services.renderer.page(request, "offline", OfflinePage())


def with_shell(assets: Assets) -> str:
    """The worker's code behind the files it keeps, and a version that changes with any of them."""
    files = {name: assets.url(name) for name in SHELL}
    code = WORKER.read_text()
    version = hashlib.sha256(f"{sorted(files.values())}{code}".encode()).hexdigest()[:12]
    shell = {
        "version": version,
        "files": list(files.values()),
        "offline": OFFLINE,
        "icon": files["icons/192.png"],
    }
    return f"const SHELL = {json.dumps(shell)};\n{code}"
