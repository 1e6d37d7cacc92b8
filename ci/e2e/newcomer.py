"""What a newcomer does on a new installation, by the links and forms of its pages alone."""

from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect


@dataclass(frozen=True)
class Colleague:
    """Somebody to be added."""

    name: str
    login: str
    password: str
    email: str


def sign_in(page: Page, user: str, password: str) -> None:
    """Sign in at the page that asks for it, in whichever language."""
    page.locator("#user").fill(user)
    page.locator("#password").fill(password)
    page.locator("#password").press("Enter")
    expect(page.locator(".account__name")).to_be_visible()


def next_step(page: Page, link: str) -> None:
    """Go by the first steps, whose one coloured button leads to what comes next."""
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Set-up").click()
    expect(page.get_by_role("heading", name="First steps")).to_be_visible()
    coming = page.locator("#setup .button--primary")
    expect(coming).to_have_text(link)
    coming.click()


def add_person(page: Page, who: Colleague) -> None:
    """Fill in the form of somebody new, then how they are reached."""
    form = card(page, "Who they are")
    form.get_by_label("Name", exact=True).fill(who.name)
    form.get_by_label("Login").fill(who.login)
    form.get_by_label("Password").fill(who.password)
    form.get_by_label("E-mail").fill(who.email)
    form.get_by_role("button", name="Add").click()
    said(page, "Say below how they are reached")
    another = card(page, "Another way to reach them")
    another.get_by_label("Channel").select_option("E-mail")
    another.get_by_role("button", name="Add").click()
    expect(card(page, "Where they are paged")).to_contain_text(who.email)


def add_team(page: Page, name: str, members: list[str]) -> None:
    """Fill in the form of a team."""
    page.get_by_label("Name", exact=True).fill(name)
    for member in members:
        page.get_by_label(member).check()
    page.get_by_role("button", name="Add").click()
    said(page, "Give it a schedule and a policy next")


def add_rotation(page: Page, name: str, people: list[str], start: str) -> None:
    """Fill in the form of a schedule whose people hand over every Monday."""
    page.get_by_label("Name", exact=True).fill(name)
    for place, who in enumerate(people, 1):
        page.get_by_label(f"Place {place}").select_option(who)
    page.get_by_label("From").fill(start)
    page.get_by_role("button", name="Add the schedule").click()
    said(page, "Beside the form is who is on call by it")


def add_policy(page: Page, name: str) -> None:
    """Fill in the form of a policy that pages the team's primary."""
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Add the policy").click()
    said(page, "Alerts of its team are escalated by it from now on")


def add_service(page: Page, name: str) -> None:
    """Fill in the form of a service; the team is the one that the way here was about."""
    form = card(page, "Add a service")
    form.get_by_label("Service").fill(name)
    form.get_by_role("button", name="Add").click()
    expect(page.locator("#catalogue")).to_contain_text(name)


def add_integration(page: Page, name: str) -> str:
    """Fill in the form of an integration; its key, which stands also in what is to be pasted."""
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Make its key").click()
    key = page.locator("#key").inner_text()
    expect(card(page, "What to paste at the sender")).to_contain_text(key)
    return key


def send_test_alert(page: Page, service: str) -> None:
    """Press the button of an integration, and go on to the incident."""
    form = card(page, "Send a test alert")
    form.get_by_label("Service").fill(service)
    form.get_by_role("button", name="Send the test alert").click()
    page.get_by_role("link", name="Open the incident").click()


def card(page: Page, heading: str) -> Locator:
    """The card of a page that has this heading."""
    return page.get_by_role("region", name=heading, exact=True)


def said(page: Page, words: str) -> None:
    """The page says once what the form before it did."""
    expect(page.locator("#notices .notice--done")).to_contain_text(words)
