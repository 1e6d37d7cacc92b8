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
from web_ui import addresses, csrf, presentation
from web_ui.assets import Assets
from web_ui.cookies import Cookies
from web_ui.navigation import AREAS, Area, Tab, here
from web_ui.notices import Notice
from web_ui.reading import Reading, current, many, say
from web_ui.receipts import SENTENCES
from web_ui.script_words import script_words
from web_ui.viewer import Viewer

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Shell:
    """What the frame around every page needs."""

    viewer: Viewer | None
    area: Area | None
    tab: Tab | None
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
    def areas(self) -> Sequence[Area]:
        """The main navigation."""
        return AREAS

    @property
    def tabs(self) -> Sequence[Tab]:
        """The pages of this area that the viewer may see."""
        if self.area is None or self.viewer is None:
            return ()
        return [tab for tab in self.area.tabs if self.viewer.role.includes(tab.needs)]

    @property
    def reading(self) -> Reading:
        """How the reader reads."""
        return current()

    @property
    def words(self) -> str:
        """What app.js says, as JSON: it has no sentences of its own."""
        return json.dumps({name: str(said) for name, said in script_words().items()})


def wants_fragment(request: Request[Any, Any, Any]) -> bool:
    """Whether htmx asks for a part of the page that is already there."""
    return (
        request.headers.get("hx-request") == "true"
        and request.headers.get("hx-history-restore-request") != "true"
    )


def _where(request: Request[Any, Any, Any]) -> str:
    """Where its reader is: a form that was refused is answered at an address that shows nothing."""
    if request.method not in csrf.SAFE_METHODS:
        return addresses.path_of(request.headers.get("referer"))
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


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
    templates.globals.update(asset=assets.url, say=say, many=many)
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
        lacking: bool = False,
    ) -> Response[str]:
        """The whole page, or its fragment with the notices beside it.

        ``context`` is the page's dataclass; templates know it by the page's name. ``said`` is read
        out by screen readers after a fragment arrived. What a form before has left as its receipt
        for this address is said once. A page that is ``lacking`` what it is about is no update:
        the one on the screen stays, and is told why.
        """
        if lacking and wants_fragment(request):
            return self.keep(request, notices)
        receipt = self._cookies.receipt_of(request) if not wants_fragment(request) else ""
        if receipt in SENTENCES and request.method == "GET":
            kind, sentence = SENTENCES[receipt]
            notices = [Notice(kind, say(sentence)), *notices]
        shell, visit = self._shell(request, notices)
        values = {"shell": shell, name: context}
        headers: dict[str, str] = {
            "Vary": "HX-Request, Accept-Language",
            "Content-Language": current().language,
        }
        if wants_fragment(request):
            body = self._templates.get_template(f"{name}/_{name}.html").render(values)
            body += self._templates.get_template("_notices.html").render(values)
            if said:
                # JSON escapes what is not ASCII, as a header must.
                headers["HX-Trigger"] = json.dumps({"vigie:said": said})
        else:
            body = self._templates.get_template(f"{name}/page.html").render(values)
        response = self._response(body, status, headers, visit)
        if receipt:
            response.set_cookie(self._cookies.no_receipt())
        return response

    def keep(self, request: Request[Any, Any, Any], notices: Sequence[Notice]) -> Response[str]:
        """A fragment that leaves the page as it is and only says why it is not newer."""
        shell, visit = self._shell(request, notices)
        body = self._templates.get_template("_notices.html").render(shell=shell)
        return self._response(body, 200, {"HX-Reswap": "none"}, visit)

    def _shell(
        self, request: Request[Any, Any, Any], notices: Sequence[Notice]
    ) -> tuple[Shell, str | None]:
        path = request.url.path
        place = here(path)
        binding, visit = self._cookies.binding(request), None
        if not binding:
            binding = visit = csrf.new_visit()
        shell = Shell(
            viewer=request.state.get("viewer"),
            area=place[0] if place else None,
            tab=place[1] if place else None,
            here=_where(request),
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
