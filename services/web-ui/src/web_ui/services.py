"""What handlers work with; put together once in app.py and handed to each by dependency."""

from dataclasses import dataclass

from shared.clock import Clock
from web_ui.clients import Incidents, OnCall
from web_ui.cookies import Cookies
from web_ui.live import Broadcast
from web_ui.rendering import Renderer
from web_ui.viewer import Viewers


@dataclass(frozen=True)
class Services:
    """The collaborators of web-ui."""

    incidents: Incidents
    oncall: OnCall
    viewers: Viewers
    cookies: Cookies
    renderer: Renderer
    broadcast: Broadcast
    clock: Clock
