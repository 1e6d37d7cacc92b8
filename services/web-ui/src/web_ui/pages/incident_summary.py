"""``/incidents/{id}/summary.md``: what a review begins with, as Markdown to paste anywhere."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath

from shared.contracts.incident_api import IncidentAlert, TimelineEntry
from shared.contracts.incidents import Incident
from web_ui.pages.incident import reference_of
from web_ui.presentation import NOTHING, duration, in_full, moment
from web_ui.reached import Told, told
from web_ui.reading import say, word
from web_ui.services import TheServices, TheViewer
from web_ui.timeline import in_order


@get("/incidents/{incident:str}/summary.md", include_in_schema=False)
async def show(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    incident: FromPath[str],
) -> Response[str]:
    """The summary, as a file."""
    del request
    found = await services.incidents.get(viewer.token, reference_of(incident))
    entries, alerts, why = await asyncio.gather(
        services.incidents.timeline(viewer.token, found.id),
        services.incidents.alerts(viewer.token, found.id),
        services.incidents.why(viewer.token, found.id),
    )
    text = summary(found, entries, alerts, told(why.pages, found))
    name = f"INC-{found.number}.md"
    return Response(
        text,
        media_type="text/markdown",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def summary(
    incident: Incident,
    entries: Sequence[TimelineEntry],
    alerts: Sequence[IncidentAlert],
    people: Sequence[Told] | None,
) -> str:
    """Facts, timeline in its order, alerts, who was paged, and what only people can write."""
    return "\n".join(_lines(incident, entries, alerts, people)) + "\n"


def _lines(
    incident: Incident,
    entries: Sequence[TimelineEntry],
    alerts: Sequence[IncidentAlert],
    people: Sequence[Told] | None,
) -> Iterator[str]:
    yield f"# INC-{incident.number}: {plain(incident.title)}"
    yield ""
    yield from (f"- **{name}**: {value}" for name, value in _facts(incident))
    yield from _section(say("Impact"))
    yield str(say("What did users notice, and how many?"))
    yield from _section(say("Cause"))
    yield str(say("What led to it?"))
    yield from _section(say("Timeline"))
    yield from (
        f"- {moment(entry.at)} {_who(entry)}{plain(entry.text)}" for entry in in_order(entries)
    )
    yield from _section(say("Alerts"))
    yield from (
        f"- {plain(alert.message)} ({plain(alert.service)}, {word(alert.severity)}, "
        f"{moment(alert.starts_at)})"
        for alert in alerts
    )
    yield from _section(say("Who was paged"))
    if people is None:
        yield str(say("This cannot be told now."))
    yield from (f"- {plain(one.name)}: {_reached(one)}" for one in people or ())
    yield from _section(say("What we do about it"))
    yield "- [ ] "


def _section(heading: str) -> Iterator[str]:
    yield from ("", f"## {heading}", "")


def _facts(incident: Incident) -> Iterator[tuple[str, str]]:
    yield str(say("Severity")), word(incident.severity)
    yield str(say("Service")), plain(incident.service)
    yield str(say("Team")), plain(incident.team or NOTHING)
    yield str(say("Opened")), in_full(incident.created_at)
    yield str(say("Acknowledged")), _by(incident.acknowledged_by, incident.mtta_seconds)
    yield str(say("Resolved")), _by(incident.resolved_by, incident.mttr_seconds)


def _by(name: str | None, seconds: float | None) -> str:
    if seconds is None:
        return NOTHING
    after = say("after {duration}", duration=duration(seconds))
    return f"{after} ({plain(name)})" if name else str(after)


def _who(entry: TimelineEntry) -> str:
    note = entry.kind == "note" and entry.actor is not None
    return f"**{plain(entry.actor.name)}**: " if note and entry.actor else ""


def _reached(one: Told) -> str:
    if one.answered:
        return str(say("Answered"))
    return str(say("Reached, no answer") if one.reached else say("Not reached"))


def plain(text: str) -> str:
    """On one line, and without a mark that Markdown would act on."""
    line = " ".join(text.split())
    for mark in "\\`*_[]<>#|":
        line = line.replace(mark, f"\\{mark}")
    return line
