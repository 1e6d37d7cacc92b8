"""The service worker in a browser: the page without a network, and what is pushed.

Subscribing needs a push service on the Internet, so ``pushManager.subscribe`` is replaced in the
page; a message then reaches the real worker through the browser's debugging protocol. Nobody can
click on a notification of a browser without a screen: its handler is called in the worker.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Page, Worker, expect
from web_ui_fakes import World

from shared.clock import SystemClock
from shared.contracts.incident_api import LinkView
from shared.contracts.wire import Ref
from shared.identifiers import new_id
from vigie_testing.listening import listening

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

Open = Callable[..., Page]

SHOWN = """async () => (await self.registration.getNotifications()).map((one) => ({
    title: one.title, body: one.body, tag: one.tag, stays: one.requireInteraction,
    actions: one.actions.map((action) => action.action) }))"""
PRESS = """async (action) => {
    const [one] = await self.registration.getNotifications();
    await clicked(one, action);
}"""


def controlled(page: Page) -> None:
    """Wait until the worker stands before the page.

    One that was loading while the worker took over is not among those it takes: the next is.
    """
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()
    assert page.evaluate("navigator.serviceWorker.controller !== null")


class Pushed:
    """A page whose worker is pushed messages, as a push service would."""

    def __init__(self, page: Page, origin: str) -> None:
        self.page, self.origin = page, origin
        page.context.grant_permissions(["notifications"], origin=origin)
        self.registrations: list[str] = []
        self._protocol: CDPSession = page.context.new_cdp_session(page)
        self._protocol.on("ServiceWorker.workerRegistrationUpdated", self._seen)
        self._protocol.send("ServiceWorker.enable")
        controlled(page)

    @property
    def worker(self) -> Worker:
        return self.page.context.service_workers[0]

    def push(self, message: object) -> None:
        self.push_text(json.dumps(message))

    def push_text(self, data: str) -> None:
        sent = {"origin": self.origin, "registrationId": self.registrations[0], "data": data}
        self._protocol.send("ServiceWorker.deliverPushMessage", sent)

    def shown(self) -> dict[str, Any]:
        """The one notification there is."""
        for _ in range(50):
            found: list[dict[str, Any]] = self.worker.evaluate(SHOWN)
            if found:
                assert len(found) == 1
                return found[0]
            self.page.wait_for_timeout(100)
        raise AssertionError("nothing is shown")

    def press(self, action: str) -> None:
        self.worker.evaluate(PRESS, action)

    def _seen(self, event: dict[str, Any]) -> None:
        self.registrations += [each["registrationId"] for each in event["registrations"]]


@pytest.fixture
def pushed(open_page: Open, address: str) -> Pushed:
    return Pushed(open_page(), address)


def about(pushed: Pushed, world: World, outcome: str = "open", **more: str) -> dict[str, str]:
    """A page as oncall-service pushes it, and the link that incident-management knows."""
    incident = world.incidents.open()
    view = {"outcome": outcome, "incident": incident, "person": Ref(id=new_id(), name="Ada")}
    world.incidents.links["key"] = LinkView.model_validate(view | more)
    return {
        "title": "INC-1 Checkout answers 500",
        "body": "critical: checkout",
        "url": f"{pushed.origin}/incidents/{incident.id}",
        "acknowledge_url": f"{pushed.origin}/acknowledge/key",
        "severity": "critical",
        "incident_id": str(incident.id),
        "tag": "one-message",
    }


def test_a_message_is_shown_and_its_repetition_is_not_a_second_one(
    pushed: Pushed, world: World
) -> None:
    message = about(pushed, world)
    pushed.push(message)
    assert pushed.shown() == {
        "title": message["title"],
        "body": message["body"],
        "tag": "one-message",
        "stays": True,
        "actions": ["acknowledge", "open"],
    }
    pushed.push(message)
    pushed.page.wait_for_timeout(500)
    assert pushed.shown()["tag"] == "one-message"


def test_its_button_acknowledges_and_says_so(pushed: Pushed, world: World) -> None:
    pushed.push(about(pushed, world))
    pushed.shown()
    assert world.incidents.used == []
    pushed.press("acknowledge")
    assert world.incidents.used == ["key"]
    said = pushed.shown()
    assert said["title"] == "You have it. The escalation has stopped."
    assert said["actions"] == ["open"]


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("taken", "Ben has it already. Nothing was changed."),
        ("over", "It is over. Nothing was changed."),
        ("used", "Not acknowledged: this message was used before. Open the incident."),
    ],
)
def test_what_changed_nothing_says_why(
    pushed: Pushed, world: World, outcome: str, words: str
) -> None:
    pushed.push(about(pushed, world, outcome, by="Ben"))
    pushed.shown()
    pushed.press("acknowledge")
    assert pushed.shown()["title"] == words


def test_without_an_answer_it_can_be_pressed_again(pushed: Pushed, world: World) -> None:
    pushed.push(about(pushed, world))
    pushed.shown()
    world.incidents.down = True
    pushed.press("acknowledge")
    said = pushed.shown()
    assert said["title"].startswith("Perhaps not acknowledged")
    world.incidents.down = False
    pushed.press("acknowledge")
    assert pushed.shown()["title"].startswith("You have it.")


def test_a_link_to_another_place_is_not_followed(pushed: Pushed, world: World) -> None:
    with listening(World(SystemClock()).app()) as other:
        message = about(pushed, world)
        elsewhere = f"{other.url}/acknowledge/key"
        pushed.push(message | {"acknowledge_url": elsewhere, "url": elsewhere})
        pushed.shown()
        pushed.press("acknowledge")
    assert world.incidents.used == []
    assert pushed.shown()["title"].startswith("Not acknowledged: the link leads elsewhere.")


def test_a_message_that_can_wait_goes_away_and_one_that_cannot_be_read_is_shown(
    pushed: Pushed, world: World
) -> None:
    calm = about(pushed, world) | {"severity": "low", "acknowledge_url": None, "tag": "calm"}
    pushed.push(calm)
    shown = pushed.shown()
    assert (shown["stays"], shown["actions"]) == (False, ["open"])
    pushed.worker.evaluate(
        "async () => (await self.registration.getNotifications())[0].close()",
    )
    pushed.push_text("no JSON")
    assert pushed.shown()["title"] == "Vigie has a message for you"


def test_a_browser_that_changes_its_subscription_says_that_it_is_no_longer_paged(
    pushed: Pushed,
) -> None:
    pushed.worker.evaluate("() => sayLost()")
    shown = pushed.shown()
    assert shown["title"] == "Vigie can no longer page this device"
    assert shown["stays"] is True


def test_without_a_network_a_page_says_so_and_comes_by_itself(chromium: Browser) -> None:
    world = World(SystemClock())
    context = chromium.new_context()
    try:
        with listening(world.app()) as served:
            page = context.new_page()
            page.goto(f"{served.url}/sign-in")
            controlled(page)
            assert page.evaluate("caches.keys().then((names) => names.length)") == 1
        page.goto(f"{served.url}/incidents/1")
        expect(page.get_by_role("heading", name="Vigie cannot be reached")).to_be_visible()
        styled = "getComputedStyle(document.querySelector('.message')).textAlign"
        assert page.evaluate(styled) == "center"
        # Somebody else answers where Vigie was, and the page notices without being asked.
        page.route("**/health", lambda route: route.fulfill(status=200, body="ok"))
        with page.expect_event("framenavigated", timeout=15_000):
            page.evaluate("dispatchEvent(new Event('online'))")
        assert page.url == f"{served.url}/incidents/1"
    finally:
        context.close()


def test_no_page_with_data_is_kept(world: World, open_page: Open) -> None:
    incident = world.incidents.open("Kept nowhere")
    page = open_page()
    controlled(page)
    for path in ("/", f"/incidents/{incident.id}", "/oncall"):
        page.goto(path)
    kept = page.evaluate("""async () => {
        const cache = await caches.open((await caches.keys())[0]);
        return (await cache.keys()).map((request) => new URL(request.url).pathname);
    }""")
    assert [path for path in kept if not path.startswith("/static/")] == ["/offline"]
