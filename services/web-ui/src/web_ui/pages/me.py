"""``/me``: how the person who is signed in is reached, by which rules, and when it may wait."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Request, Response, get

from shared.contracts.wire import Severity
from web_ui.notices import Asking, Notice
from web_ui.people import ContactMethod, Hours, Person, Rule
from web_ui.preferences import WEEKDAYS, mark
from web_ui.reading import sentence
from web_ui.services import Services, TheServices, TheViewer
from web_ui.viewer import Viewer

ADDRESS = "/me"

CHANNELS = {
    "email": sentence("E-mail"),
    "ntfy": "ntfy",
    "webhook": sentence("Webhook"),
    "apprise": "Apprise",
    "log": sentence("Log of oncall-service"),
    "webpush": "Web Push",
}
# Only a browser itself knows the address that it is pushed to.
BY_BUTTON_ALONE = "webpush"


@dataclass(frozen=True)
class Removable:
    """A rule or a window of hours, and what its form names it by."""

    item: Rule | Hours
    mark: str
    method: ContactMethod | None = None


@dataclass(frozen=True)
class Typed:
    """What was typed into a form that was refused, so that nobody types it twice."""

    channel: str = ""
    target: str = ""


NOTHING = Typed()
"""No form was sent yet."""


@dataclass(frozen=True)
class MePage:
    """The context of the page.

    ``person`` is None while oncall-service does not answer. ``push_key`` is empty where the
    installation has none, and ``home`` is where messages lead to. ``secret`` is that of a webhook
    made just now, shown this once.
    """

    person: Person | None
    push_key: str
    home: str
    rules: Sequence[Removable]
    hours: Mapping[str, Sequence[Removable]]
    typed: Typed
    secret: str
    channels: Mapping[str, str]
    by_button_alone: str
    severities: Sequence[Severity]
    weekdays: Sequence[str]


async def respond(
    request: Request[Any, Any, Any],
    services: Services,
    viewer: Viewer,
    *,
    notices: Sequence[Notice] = (),
    status: int = 200,
    typed: Typed = Typed(),
    secret: str = "",
) -> Response[str]:
    """The page, with what there is to say above it."""
    asking = Asking()
    person, key = await asyncio.gather(
        asking.for_(services.people.get(viewer.token, viewer.id)),
        asking.for_(services.people.push_key(viewer.token)),
    )
    page = MePage(
        person=person,
        push_key=(key.public_key or "") if key else "",
        home=services.home,
        rules=_rules(person) if person else (),
        hours=_hours(person) if person else {},
        typed=typed,
        secret=secret,
        channels=CHANNELS,
        by_button_alone=BY_BUTTON_ALONE,
        severities=list(Severity),
        weekdays=WEEKDAYS,
    )
    everything = [*notices, *asking.notices]
    return services.renderer.page(request, "me", page, notices=everything, status=status)


def _rules(person: Person) -> list[Removable]:
    methods: Mapping[UUID, ContactMethod] = {each.id: each for each in person.contact_methods}
    return [
        Removable(rule, mark(rule), methods.get(rule.contact_method_id))
        for rule in person.notification_rules
    ]


def _hours(person: Person) -> dict[str, list[Removable]]:
    return {
        "quiet_hours": [Removable(each, mark(each)) for each in person.quiet_hours or ()],
        "working_hours": [Removable(each, mark(each)) for each in person.working_hours or ()],
    }


@get(ADDRESS, include_in_schema=False)
async def show(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[str]:
    """The page."""
    return await respond(request, services, viewer)
