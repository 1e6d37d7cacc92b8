"""``/integrations/{id}/mapping``: what of any JSON is which field, tried before it is saved."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath

from shared.contracts.wire import Severity
from shared.errors import FieldError, Invalid
from web_ui.forms import REFUSALS, Wrong, filled, refusal
from web_ui.ingested import Integration, KeptRequest, ReadyMapping, Tried
from web_ui.mapping_form import (
    EXPRESSIONS,
    LAST,
    NAMED,
    TYPED,
    MappingFields,
    Sample,
    command,
    examples,
    of_mapping,
    payload,
    pretty,
    read,
    requests,
    wrong_of,
)
from web_ui.notices import Asking, Notice
from web_ui.pages import integration, integrations
from web_ui.pages.answers import accepted
from web_ui.reading import sentence
from web_ui.services import Services, TheServices, TheViewer
from web_ui.viewer import Viewer

REQUESTS = 20
EMPTY = Wrong()


@dataclass(frozen=True)
class MappingPage:
    """The context of the page; ``results`` is None until something was tried."""

    stored: Integration
    typed: Mapping[str, str]
    wrong: Wrong
    expressions: Mapping[str, str]
    named: Mapping[str, str]
    severities: Sequence[Severity]
    ready: Sequence[ReadyMapping]
    requests: Sequence[tuple[str, KeptRequest]]
    examples: Sequence[tuple[str, Any]]
    sample: Sample
    typed_sample: str
    results: Sequence[Tried] | None


@dataclass(frozen=True)
class _Shown:
    """What a button led to."""

    fields: MappingFields | None = None
    results: Sequence[Tried] | None = None
    notices: Sequence[Notice] = ()
    wrong: Wrong = EMPTY
    status: int = 200


async def _respond(
    request: Request[Any, Any, Any],
    services: Services,
    viewer: Viewer,
    which: UUID,
    shown: _Shown,
) -> Response[str]:
    asking, ask, token = Asking(), services.ingestion, viewer.token
    wanted = {"integration": str(which), "format": "generic", "limit": REQUESTS}
    stored, ready, kept = await asyncio.gather(
        ask.integration(token, which),
        asking.for_(ask.ready_mappings(token)),
        asking.for_(ask.inbox(token, wanted)),
    )
    fields = shown.fields or of_mapping(stored.mapping)
    page = MappingPage(
        stored=stored,
        typed=fields.typed,
        wrong=shown.wrong,
        expressions=EXPRESSIONS,
        named=NAMED,
        severities=list(Severity),
        ready=ready or (),
        requests=requests(kept.items if kept else ()),
        examples=examples(ready or (), fields.typed["ready"]),
        sample=fields.sample,
        typed_sample=TYPED,
        results=shown.results,
    )
    notices = [*shown.notices, *asking.notices]
    return services.renderer.page(
        request, "integration_mapping", page, notices=notices, status=shown.status
    )


@get(f"{integrations.ADDRESS}/{{integration_id:uuid}}/mapping", include_in_schema=False)
async def show(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    integration_id: FromPath[UUID],
) -> Response[str]:
    """The page."""
    return await _respond(request, services, viewer, integration_id, _Shown())


@post(
    f"{integrations.ADDRESS}/{{integration_id:uuid}}/mapping",
    include_in_schema=False,
    status_code=200,
)
async def press(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    integration_id: FromPath[UUID],
) -> Response[Any]:
    """Try what was typed, which stores nothing, or save it."""
    form = await filled(request)
    fields = read(form)
    try:
        mapping = command(fields.typed)
        if form.one("do") == "save":
            await services.ingestion.change_integration(
                viewer.token, integration_id, {"mapping": mapping}
            )
            page = integration.address(integration_id)
            return accepted(services, f"{page}/mapping", topic=integrations.TOPIC)
        fields, asked = await _trial(services, viewer, fields, mapping)
        results = await services.ingestion.try_mapping(viewer.token, integration_id, asked)
    except REFUSALS as error:
        shown = _Shown(fields, None, [refusal(error)], wrong_of(error), error.status)
        return await _respond(request, services, viewer, integration_id, shown)
    return await _respond(request, services, viewer, integration_id, _Shown(fields, results))


async def _trial(
    services: Services, viewer: Viewer, fields: MappingFields, mapping: Mapping[str, Any] | None
) -> tuple[MappingFields, dict[str, Any]]:
    """What to ask for, and the form with the text that is tried."""
    if mapping is None:
        # Null would be the mapping that is stored.
        raise Invalid([FieldError("message", sentence("is needed to try a mapping"))])
    kind, _, which = fields.sample.which.partition(":")
    if kind == "request":
        text = await _kept(services, viewer, which)
    elif kind == "example":
        ready = await services.ingestion.ready_mappings(viewer.token)
        bodies = [body for _, body in examples(ready, fields.typed["ready"])]
        place = int(which) if which.isdecimal() else len(bodies)
        text = pretty(bodies[place]) if place < len(bodies) else ""
    elif kind == TYPED:
        text = fields.sample.text
    else:
        return fields, {"mapping": mapping, "last": LAST}
    asked = {"mapping": mapping, "payload": payload(text)}
    return MappingFields(fields.typed, Sample(fields.sample.which, text)), asked


async def _kept(services: Services, viewer: Viewer, which: str) -> str:
    try:
        found = await services.ingestion.request(viewer.token, UUID(which))
    except ValueError:
        raise Invalid([FieldError("sample", sentence("is no request"))]) from None
    try:
        return pretty(json.loads(found.body))
    except (ValueError, RecursionError):
        return found.body
