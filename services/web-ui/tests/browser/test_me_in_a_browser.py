""" "Page me on this device", in a browser.

Subscribing needs a push service on the Internet: ``pushManager.subscribe`` is replaced in the page.
"""

import json
from collections.abc import Callable

import pytest
from people_fakes import CODE, KEY
from playwright.sync_api import Page, expect
from web_ui_fakes import World

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

Open = Callable[..., Page]

SUBSCRIPTION = {
    "endpoint": "https://push.example.com/send/abc",
    "keys": {"p256dh": KEY, "auth": KEY[:22]},
}
# Keeps the key that it was given, in the page's session: a form leads to a new document.
TAKES = f"""
PushManager.prototype.subscribe = async function (options) {{
    const bytes = [...options.applicationServerKey];
    const asked = [options.userVisibleOnly, bytes.length, bytes[0]];
    sessionStorage.setItem("asked", JSON.stringify(asked));
    return {json.dumps(SUBSCRIPTION)};
}};
"""
FAILS = """
PushManager.prototype.subscribe = async () => { throw new DOMException("no", "AbortError"); };
"""
DENIES = """
Object.defineProperty(Notification, "permission", { get: () => "denied" });
"""
OF_ANOTHER_KEY = """
PushManager.prototype.getSubscription = async () => ({
    options: { applicationServerKey: new Uint8Array([4, 1, 2]).buffer },
    unsubscribe: async () => sessionStorage.setItem("withdrawn", "yes"),
});
"""
# The port of a test is known only when the application is there already. Before deferred scripts.
AT_HOME = """
document.addEventListener("readystatechange", () => {
    const form = document.getElementById("device");
    if (form) form.dataset.home = location.origin;
});
"""
BUTTON = "Page me on this device"


def opened(
    open_page: Open, address: str, *scripts: str, permitted: bool = True, at_home: bool = True
) -> Page:
    page = open_page()
    if permitted:
        page.context.grant_permissions(["notifications"], origin=address)
    for script in (AT_HOME, *scripts) if at_home else scripts:
        page.add_init_script(script)
    page.goto("/me")
    return page


def test_this_device_becomes_a_contact_method_that_is_verified_by_what_it_is_pushed(
    world: World, open_page: Open, address: str
) -> None:
    page = opened(open_page, address, TAKES)
    page.get_by_role("button", name=BUTTON).click()
    expect(page.locator(".notice--done")).to_contain_text("A code is on its way")
    (method,) = world.people.mine().contact_methods
    assert method.channel == "webpush"
    assert json.loads(method.target) == SUBSCRIPTION
    # RFC 8292: an uncompressed point of P-256 is 65 bytes, and the first is 4.
    assert json.loads(page.evaluate("sessionStorage.getItem('asked')")) == [True, 65, 4]
    page.get_by_label("The code it was sent").fill(CODE)
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_text("Verified", exact=True)).to_be_visible()


def test_a_subscription_with_an_older_key_makes_room(open_page: Open, address: str) -> None:
    page = opened(open_page, address, TAKES, OF_ANOTHER_KEY)
    page.get_by_role("button", name=BUTTON).click()
    expect(page.locator(".notice--done")).to_contain_text("A code is on its way")
    assert page.evaluate("sessionStorage.getItem('withdrawn')") == "yes"


def test_a_push_service_that_refuses_is_said(world: World, open_page: Open, address: str) -> None:
    page = opened(open_page, address, FAILS)
    page.get_by_role("button", name=BUTTON).click()
    expect(page.locator("#device-says")).to_contain_text("could not subscribe")
    expect(page.locator("#device-says")).to_contain_text("AbortError")
    expect(page.get_by_role("button", name=BUTTON)).to_be_enabled()
    assert world.people.mine().contact_methods == []


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (DENIES, "are blocked: allow them"),
        ("delete window.PushManager;", "cannot be paged"),
        ("Object.defineProperty(window, 'isSecureContext', {value: false});", "HTTPS alone"),
    ],
)
def test_what_is_missing_is_said_in_the_place_of_the_button(
    open_page: Open, address: str, script: str, words: str
) -> None:
    page = opened(open_page, address, script, permitted=False)
    expect(page.locator("#device-says")).to_contain_text(words)
    expect(page.get_by_role("button", name=BUTTON)).to_be_hidden()


def test_a_device_is_not_subscribed_where_no_message_leads(open_page: Open, address: str) -> None:
    page = opened(open_page, address, at_home=False)
    expect(page.locator("#device-says")).to_contain_text("Messages lead to http://127.0.0.1:8080")
    expect(page.get_by_role("button", name=BUTTON)).to_be_hidden()


def test_everything_but_this_device_works_without_javascript(world: World, open_page: Open) -> None:
    page = open_page(java_script_enabled=False)
    page.locator(".account summary").click()
    page.get_by_role("link", name="My settings").click()
    expect(page.locator("#device-says")).to_contain_text("needs JavaScript")
    page.get_by_label("Channel").select_option("ntfy")
    page.get_by_label("Address").fill("https://ntfy.example.com/ada")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_label("The code it was sent").fill(CODE)
    page.get_by_role("button", name="Verify").click()
    page.get_by_role("button", name="Send a test").click()
    expect(page.locator(".notice--done")).to_contain_text("A test message is on its way.")
    page.get_by_label("Critical").check()
    page.get_by_role("button", name="Add a rule").click()
    expect(page.get_by_role("button", name="Remove rule 1")).to_be_visible()
    page.get_by_label("Sun").check()
    page.get_by_role("button", name="Add hours").click()
    expect(page.get_by_text("Sun: 22:00 to 07:00")).to_be_visible()
    page.get_by_text("Remove…").click()
    page.get_by_role("button", name="Remove for good").click()
    assert world.people.mine().contact_methods == []
