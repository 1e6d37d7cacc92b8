"""From a context to a response: Jinja, and the frame around every page."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from litestar import MediaType, Request, Response

from shared.clock import Clock
from web_ui import csrf, presentation
from web_ui.assets import Assets
from web_ui.cookies import Cookies
from web_ui.notices import Notice
from web_ui.viewer import Viewer

TEMPLATES = Path(__file__).parent / "templates"

NEXT_THEME = {"": "dark", "dark": "light", "light": "system"}


@dataclass(frozen=True)
class NavigationItem:
    """An entry of the main navigation."""

    name: str
    path: str
    icon: str
    current: bool


@dataclass(frozen=True)
class Shell:
    """What the frame around every page needs."""

    viewer: Viewer | None
    pages: Sequence[NavigationItem]
    here: str
    csrf_token: str
    theme: str
    now: datetime
    answers_a_form: bool
    notices: Sequence[Notice]

    @property
    def outages(self) -> Sequence[Notice]:
        """What is down now; the next update tells anew."""
        return [notice for notice in self.notices if notice.kind == "down"]

    @property
    def replies(self) -> Sequence[Notice]:
        """What is said to the person about what they did."""
        return [notice for notice in self.notices if notice.kind != "down"]

    @property
    def next_theme(self) -> str:
        """What the toggle changes to."""
        return NEXT_THEME[self.theme]


PAGES = (
    ("Incidents", "/", "incidents"),
    ("History", "/history", "history"),
    ("On call", "/oncall", "oncall"),
    ("Notifications", "/notifications", "notifications"),
)


def wants_fragment(request: Request[Any, Any, Any]) -> bool:
    """Whether htmx asks for a part of the page that is already there."""
    return (
        request.headers.get("hx-request") == "true"
        and request.headers.get("hx-history-restore-request") != "true"
    )


def environment(assets: Assets) -> Environment:
    """Templates that escape everything and fail on a name that does not exist."""
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # A running process keeps the templates it started with, whatever is deployed meanwhile.
        auto_reload=False,
    )
    templates.globals["asset"] = assets.url
    templates.filters.update(presentation.FILTERS)
    return templates


class Renderer:
    """Renders ``<page>/page.html``, or the fragment beside it when htmx asks."""

    def __init__(self, assets: Assets, cookies: Cookies, csrf_secret: str, clock: Clock) -> None:
        self._templates = environment(assets)
        self._cookies = cookies
        self._csrf_secret = csrf_secret
        self._clock = clock

    def page(
        self,
        request: Request[Any, Any, Any],
        name: str,
        context: object,
        *,
        notices: Sequence[Notice] = (),
        status: int = 200,
        said: str = "",
    ) -> Response[str]:
        """The whole page, or its fragment with the notices beside it.

        ``context`` is the page's dataclass; templates know it by the page's name. ``said`` is read
        out by screen readers after a fragment arrived.
        """
        shell, visit = self._shell(request, notices)
        values = {"shell": shell, name: context}
        headers: dict[str, str] = {"Vary": "HX-Request"}
        if wants_fragment(request):
            body = self._templates.get_template(f"{name}/_{name}.html").render(values)
            body += self._templates.get_template("_notices.html").render(values)
            if said:
                # JSON escapes what is not ASCII, as a header must.
                headers["HX-Trigger"] = json.dumps({"vigie:said": said})
        else:
            body = self._templates.get_template(f"{name}/page.html").render(values)
        return self._response(body, status, headers, visit)

    def keep(self, request: Request[Any, Any, Any], notices: Sequence[Notice]) -> Response[str]:
        """A fragment that leaves the page as it is and only says why it is not newer."""
        shell, visit = self._shell(request, notices)
        body = self._templates.get_template("_notices.html").render(shell=shell)
        return self._response(body, 200, {"HX-Reswap": "none"}, visit)

    def _shell(
        self, request: Request[Any, Any, Any], notices: Sequence[Notice]
    ) -> tuple[Shell, str | None]:
        path = request.url.path
        binding, visit = self._cookies.binding(request), None
        if not binding:
            binding = visit = csrf.new_visit()
        shell = Shell(
            viewer=request.state.get("viewer"),
            pages=[
                NavigationItem(name, target, icon, current=target == path)
                for name, target, icon in PAGES
            ],
            here=path + (f"?{request.url.query}" if request.url.query else ""),
            csrf_token=csrf.issue(self._csrf_secret, binding),
            theme=self._cookies.chosen_theme(request),
            now=self._clock.now(),
            answers_a_form=request.method not in csrf.SAFE_METHODS,
            notices=notices,
        )
        return shell, visit

    def _response(
        self, body: str, status: int, headers: Mapping[str, str], visit: str | None
    ) -> Response[str]:
        return Response(
            body,
            status_code=status,
            media_type=MediaType.HTML,
            headers=dict(headers),
            cookies=[self._cookies.visit(visit)] if visit else [],
        )
