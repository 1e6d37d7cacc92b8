"""``/me``: how the person who is signed in is reached, by which rules, and when it may wait."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Request, Response, get

from shared.contracts.oncall_api import OwnSession
from shared.contracts.wire import Severity
from web_ui.agents import named
from web_ui.forms import Filled, Wrong
from web_ui.notices import Asking
from web_ui.pages.answers import FIRST, Reply
from web_ui.people import ContactMethod, Hours, Person, Rule
from web_ui.preferences import WEEKDAYS, mark
from web_ui.reading import NAMES, say, sentence, word
from web_ui.services import Services, TheServices, TheViewer
from web_ui.viewer import Viewer
from web_ui.zones import zone_names

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
class SettledRule:
    """A rule, what its form names it by, and the contact method that it is about."""

    item: Rule
    mark: str
    method: ContactMethod | None


@dataclass(frozen=True)
class SettledHours:
    """A window of hours, and what its form names it by."""

    item: Hours
    mark: str

    @property
    def days(self) -> str:
        """The days it begins on."""
        return ", ".join(map(word, self.item.days))

    @property
    def start(self) -> str:
        """When it begins."""
        return f"{self.item.start:%H:%M}"

    @property
    def end(self) -> str:
        """When it ends."""
        return f"{self.item.end:%H:%M}"


@dataclass(frozen=True)
class Session:
    """Where the person is signed in; ``browser`` and ``system`` are empty where nobody knows."""

    own: OwnSession
    browser: str
    system: str


DEVICE_WORDS = {
    "insecure": sentence(
        "Browsers allow this over HTTPS alone: open Vigie at its https:// address."
    ),
    "unable": sentence(
        "This browser cannot be paged. On an iPhone or iPad, add Vigie to the home screen, and "
        "open it from there."
    ),
    "elsewhere": sentence(
        "Messages lead to #: open Vigie there, and let it page this device from there."
    ),
    "blocked": sentence(
        "Notifications of Vigie are blocked: allow them in the browser's settings of this site, "
        "and load this page again."
    ),
    "asking": sentence("Asking the browser…"),
    "refused": sentence("Without your permission this browser shows nothing."),
    "failed": sentence(
        "The browser could not subscribe at its push service (#). Try again; some browsers have "
        "none."
    ),
}
"""By the name device.js asks for, with ``#`` for the fact."""


@dataclass(frozen=True)
class MePage:
    """The context of the page.

    ``person`` is None while oncall-service does not answer, and so are ``sessions``. ``push_key``
    is empty where the installation has none, and ``home`` is where messages lead to. ``secret`` is
    that of a webhook made just now, shown this once. ``form`` is a form that was refused.
    """

    person: Person | None
    push_key: str
    home: str
    rules: Sequence[SettledRule]
    hours: Mapping[str, Sequence[SettledHours]]
    sessions: Sequence[Session] | None
    form: Filled
    wrong: Wrong
    secret: str
    channels: Mapping[str, str]
    by_button_alone: str
    severities: Sequence[Severity]
    weekdays: Sequence[str]
    zones: Sequence[str]
    languages: Mapping[str, str]

    @property
    def device_words(self) -> str:
        """What device.js says, as JSON: it has no sentences of its own."""
        return json.dumps({name: str(say(text)) for name, text in DEVICE_WORDS.items()})


async def respond(
    request: Request[Any, Any, Any],
    services: Services,
    viewer: Viewer,
    *,
    reply: Reply = FIRST,
    secret: str = "",
) -> Response[str]:
    """The page, with what there is to say above it."""
    asking = Asking()
    person, key, sessions = await asyncio.gather(
        asking.for_(services.people.get(viewer.token, viewer.id)),
        asking.for_(services.people.push_key(viewer.token)),
        asking.for_(services.configuration.sessions(viewer.token)),
    )
    page = MePage(
        person=person,
        push_key=(key.public_key or "") if key else "",
        home=services.home,
        rules=_rules(person) if person else (),
        hours=_hours(person) if person else {},
        sessions=None if sessions is None else [_session(each) for each in sessions],
        form=reply.form or Filled(),
        wrong=reply.wrong,
        secret=secret,
        channels=CHANNELS,
        by_button_alone=BY_BUTTON_ALONE,
        severities=list(Severity),
        weekdays=WEEKDAYS,
        zones=zone_names(),
        languages=NAMES,
    )
    notices = [*reply.notices, *asking.notices]
    return services.renderer.page(request, "me", page, notices=notices, status=reply.status)


def _session(own: OwnSession) -> Session:
    return Session(own, *named(own.agent or ""))


def _rules(person: Person) -> list[SettledRule]:
    methods: Mapping[UUID, ContactMethod] = {each.id: each for each in person.contact_methods}
    return [
        SettledRule(rule, mark(rule), methods.get(rule.contact_method_id))
        for rule in person.notification_rules
    ]


def _hours(person: Person) -> dict[str, list[SettledHours]]:
    return {
        "quiet_hours": [SettledHours(each, mark(each)) for each in person.quiet_hours or ()],
        "working_hours": [SettledHours(each, mark(each)) for each in person.working_hours or ()],
    }


@get(ADDRESS, include_in_schema=False)
async def show(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[str]:
    """The page."""
    return await respond(request, services, viewer)
