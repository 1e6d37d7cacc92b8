"""What only a browser can prove: scripts, styles, the keyboard, and updates as they happen."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Page, expect
from showcase import fill
from web_ui_fakes import PASSWORD, World

from shared.contracts.incidents import Incident, Status
from shared.contracts.wire import Severity

# One worker for all of them: a browser for each would not make a small machine faster.
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

Open = Callable[..., Page]

# Controls that a screen reader could only call by their kind.
UNNAMED = """() => [...document.querySelectorAll("button, a, input, select, textarea")]
    .filter((e) => e.type !== "hidden")
    .filter((e) => !(e.textContent.trim() || e.ariaLabel || e.labels?.length))
    .map((e) => e.outerHTML)"""


def in_the_server(world: World, change: Callable[[], object]) -> None:
    """Run a change in the server's loop, where the fake feed lives."""
    world.feed.loop.call_soon_threadsafe(change)


def pages(story: Incident) -> tuple[str, ...]:
    """Every page of somebody who has signed in."""
    return (
        "/",
        f"/incidents/{story.id}",
        "/history",
        "/oncall",
        "/notifications",
        "/runbooks",
        "/me",
    )


def test_a_new_incident_appears_by_itself_within_two_seconds(world: World, open_page: Open) -> None:
    page = open_page()
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    expect(page.get_by_text("All quiet")).to_be_visible()

    in_the_server(world, lambda: world.incidents.tell(world.incidents.open("Checkout is down")))
    begun = time.monotonic()
    expect(page.get_by_role("link", name="Checkout is down")).to_be_visible(timeout=2000)
    assert time.monotonic() - begun < 2
    expect(page).to_have_title("(1) Open incidents · Vigie")
    expect(page.locator("tr.is-new")).to_have_count(1)
    expect(page.locator("#announcer")).to_have_text("New incident: Checkout is down")


def test_an_incident_is_handled_without_loading_a_page_and_a_note_survives_updates(
    world: World, open_page: Open
) -> None:
    incident = world.incidents.open()
    page = open_page()
    page.get_by_role("link", name=incident.title).click()
    page.evaluate("window.same = true")
    page.fill("#note", "half a sen")
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator(".chip--acknowledged")).to_be_visible()
    expect(page.get_by_role("button", name="Release")).to_be_visible()
    expect(page.locator("#incident-heading")).to_be_focused()

    in_the_server(
        world,
        lambda: world.incidents.change(
            world.incidents.stored[incident.id], status=Status.IN_PROGRESS
        ),
    )
    expect(page.locator(".chip--in_progress")).to_be_visible(timeout=2000)
    assert page.input_value("#note") == "half a sen"

    page.fill("#note", "Found it:\na full disk")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator(".timeline__note")).to_have_text("Found it:\na full disk")
    expect(page.locator("#note")).to_have_value("")
    assert page.evaluate("window.same") is True


def test_a_refusal_is_shown_with_the_fresh_state(world: World, open_page: Open) -> None:
    incident = world.incidents.open()
    page = open_page()
    page.goto(f"/incidents/{incident.number}")
    # Somebody else was faster, and this page has not heard of it yet.
    world.incidents.stored[incident.id] = incident.model_copy(update={"status": Status.RESOLVED})
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator(".notice--error")).to_contain_text("it cannot become acknowledged")
    expect(page.locator(".chip--resolved").first).to_be_visible()
    # The update that follows does not take the explanation away.
    in_the_server(world, lambda: world.incidents.tell(world.incidents.stored[incident.id]))
    page.wait_for_timeout(800)
    expect(page.locator(".notice--error")).to_be_visible()
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)


def test_without_a_feed_the_page_says_so_and_asks_by_itself(world: World, open_page: Open) -> None:
    page = open_page()
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    world.feed.down = True
    in_the_server(world, lambda: world.feed.send(None))
    expect(page.locator("#connection")).to_have_attribute("data-state", "polling")
    expect(page.locator("#connection")).to_contain_text("Every 10 s")
    world.incidents.open("Told by nobody")
    expect(page.get_by_role("link", name="Told by nobody")).to_be_visible(timeout=12_000)


def test_what_a_neighbour_could_not_say_is_asked_for_again(world: World, open_page: Open) -> None:
    """The stream is open all the while: it comes from another neighbour, and says nothing of it."""
    page = open_page()
    page.clock.install()
    world.oncall.down = True
    page.goto("/")
    expect(page.locator("#outages .notice")).to_be_visible()
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    world.oncall.down = False
    page.clock.run_for(11_000)
    expect(page.locator("#outages .notice")).to_have_count(0)


def test_a_neighbour_that_fails_leaves_the_list_and_a_notice(world: World, open_page: Open) -> None:
    incident = world.incidents.open()
    page = open_page()
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    world.incidents.down = True
    in_the_server(world, lambda: world.incidents.tell(incident))
    expect(page.locator(".notice--down")).to_contain_text("does not answer")
    expect(page.get_by_role("link", name=incident.title)).to_be_visible()
    world.incidents.down = False
    in_the_server(world, lambda: world.incidents.tell(incident))
    expect(page.locator(".notice--down")).to_have_count(0)


def test_an_expired_session_leads_to_the_sign_in_and_back(world: World, open_page: Open) -> None:
    incident = world.incidents.open()
    page = open_page()
    page.goto(f"/incidents/{incident.id}")
    world.directory.sessions.clear()
    page.fill("#note", "half a sen")
    page.get_by_role("button", name="Acknowledge").click()
    page.wait_for_url("**/sign-in?next=*")
    expect(page.locator(".notice--warning")).to_contain_text("was not carried out")
    page.fill("#user", "ada")
    page.fill("#password", PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**/incidents/{incident.id}")
    expect(page.locator("#note")).to_have_value("half a sen")
    page.reload()
    expect(page.locator("#note")).to_have_value("")


def test_a_note_that_nobody_took_stays_in_its_field(world: World, open_page: Open) -> None:
    incident = world.incidents.open()
    page = open_page()
    page.goto(f"/incidents/{incident.id}")
    page.fill("#note", "Found it")
    world.incidents.down = True
    page.get_by_role("button", name="Add note").click()
    expect(page.locator(".notice--error")).to_contain_text("Note: perhaps not done.")
    expect(page.locator("#note")).to_have_value("Found it")


def test_an_update_leaves_the_keyboard_on_the_button_it_was_on(
    world: World, open_page: Open
) -> None:
    incident = world.incidents.open()
    page = open_page()
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    button = page.locator(f"#take-{incident.id}")
    button.focus()
    in_the_server(
        world,
        lambda: world.incidents.tell(world.incidents.open("Another", severity=Severity.LOW)),
    )
    expect(page.get_by_role("link", name="Another")).to_be_visible()
    expect(button).to_be_focused()


def test_an_update_takes_no_letter_from_who_writes_and_no_choice_from_who_chose(
    world: World, open_page: Open
) -> None:
    incident = world.incidents.open()
    page = open_page()
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.locator("#assignee").select_option(label="Nobody")
    page.focus("#text")
    in_the_server(world, lambda: world.incidents.tell(world.incidents.open("Another")))
    expect(page.get_by_role("link", name="Another")).to_be_visible()
    # A letter that fell out of the field would resolve the incident the keys are at.
    page.keyboard.type("rar")
    expect(page.locator("#text")).to_have_value("rar")
    expect(page.locator("#assignee")).to_have_value("")
    expect(page.locator("[data-at]")).to_have_attribute("data-incident", str(incident.id))
    assert world.incidents.stored[incident.id].status is Status.OPEN


def test_an_update_leaves_a_half_filled_menu_of_an_incident_as_it_is(
    world: World, open_page: Open
) -> None:
    incident = world.incidents.open()
    page = open_page()
    page.goto(f"/incidents/{incident.id}")
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    page.get_by_text("More…").click()
    page.fill("#into", "INC-4")
    in_the_server(
        world,
        lambda: world.incidents.change(
            world.incidents.stored[incident.id], status=Status.ACKNOWLEDGED
        ),
    )
    expect(page.locator(".chip--acknowledged")).to_be_visible()
    expect(page.locator("#into")).to_be_visible()
    expect(page.locator("#into")).to_have_value("INC-4")


def test_a_button_that_has_just_moved_under_the_pointer_does_not_act(
    world: World, open_page: Open
) -> None:
    incident = world.incidents.open(severity=Severity.HIGH)
    page = open_page()
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    page.evaluate(
        """id => {
            const how = { bubbles: true, cancelable: true, detail: 1 };
            const button = () => document.getElementById(id);
            // At once after the swap, however slow the machine is.
            document.addEventListener("htmx:afterSwap", function press(event) {
                if (event.detail.target.id !== "dashboard") return;
                document.removeEventListener("htmx:afterSwap", press);
                button().dispatchEvent(new MouseEvent("click", how));
            });
        }""",
        f"take-{incident.id}",
    )
    in_the_server(world, lambda: world.incidents.tell(world.incidents.open("Worse")))
    expect(page.locator("#announcer")).to_have_text("The list has just moved: press again.")
    assert world.incidents.stored[incident.id].status is Status.OPEN
    page.wait_for_function("since => performance.now() > since + 500", arg=_now(page))
    page.locator(f"#take-{incident.id}").click(delay=0)
    expect(page.locator(".chip--acknowledged")).to_be_visible()


def _now(page: Page) -> float:
    """The page's own clock, in milliseconds."""
    return float(page.evaluate("performance.now()"))


def test_the_essentials_work_without_javascript(world: World, open_page: Open) -> None:
    incident = world.incidents.open()
    page = open_page(java_script_enabled=False)
    page.get_by_role("button", name="Acknowledge INC-1").click()
    expect(page.locator(".state .chip--acknowledged")).to_be_visible()
    page.get_by_role("link", name=incident.title).click()
    page.fill("#note", "By hand")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator(".timeline__note")).to_have_text("By hand")
    page.get_by_role("button", name="Resolve").click()
    expect(page.locator(".notice--done")).to_contain_text("Resolved.")
    page.get_by_role("link", name="History").first.click()
    expect(page.get_by_role("link", name=incident.title)).to_be_visible()
    expect(page.locator("#connection")).to_be_hidden()


def test_everything_can_be_reached_with_the_keyboard(world: World, open_page: Open) -> None:
    incident = world.incidents.open()
    page = open_page()
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator(f"#pick-{incident.id}")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator(f"#link-{incident.id}")).to_be_focused()
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Acknowledge INC-1")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".state .chip--acknowledged")).to_be_visible()
    expect(page.locator(f"#link-{incident.id}")).to_be_focused()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_times_are_those_of_the_zone_that_was_chosen(world: World, open_page: Open) -> None:
    incident = world.incidents.open()
    page = open_page(locale="en-GB", timezone_id="Asia/Tokyo")
    page.goto(f"/incidents/{incident.number}")
    # Not guessed in silence: the device's zone is named beside the one that was chosen.
    expect(page.locator("#zone")).to_have_text("This device is in Asia/Tokyo.")
    opened = page.locator(".facts time:not([data-age])").first
    at = datetime.fromisoformat(opened.get_attribute("datetime") or "")
    expect(opened).to_have_text(f"{at:%-d %b}, {at:%H:%M}")
    expect(page.locator(".facts time[data-age]").first).to_have_text("5 min ago")


def test_hours_dragged_over_in_the_zone_of_a_schedule_are_typed_in_that_of_the_reader(
    world: World, open_page: Open
) -> None:
    fill(world)
    page = open_page(timezone_id="Asia/Tokyo")
    page.goto("/calendar?zone=schedule")
    svg = page.locator("svg.calendar").first
    svg.scroll_into_view_if_needed()
    box = svg.bounding_box()
    assert box is not None
    day, y = box["width"] / 7, box["y"] + 30
    page.mouse.move(box["x"] + day * 1.01, y)
    page.mouse.down()
    page.mouse.move(box["x"] + day * 1.51, y)
    page.mouse.up()
    tuesday = page.locator("[data-from]").nth(1).get_attribute("data-from") or ""
    start = datetime.fromisoformat(tuesday)
    # Times of the page are UTC, where the day of the schedule begins the evening before.
    expect(page.locator("#start")).to_have_value(f"{start:%Y-%m-%dT%H:%M}")
    expect(page.locator("#end")).to_have_value(f"{start + timedelta(hours=12):%Y-%m-%dT%H:%M}")


def test_colours_follow_the_system_until_chosen_and_the_choice_is_there_at_once(
    open_page: Open,
) -> None:
    page = open_page(color_scheme="dark")

    def ground() -> str:
        colour: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return colour

    dark = ground()
    page.locator(".account summary").click()
    page.get_by_role("button", name="Light").click()
    light = ground()
    assert light != dark
    expect(page.get_by_role("button", name="Light")).to_have_attribute("aria-pressed", "true")
    # The server writes it into the page: nothing flashes in the other colour.
    assert 'data-theme="light"' in page.request.get("/").text()
    page.reload()
    assert ground() == light


@pytest.mark.parametrize("width", [320, 390, 768, 1000, 1280])
def test_no_page_is_wider_than_its_screen(world: World, open_page: Open, width: int) -> None:
    story = fill(world)
    world.incidents.open("x" * 180, service="a-service-with-quite-a-long-name-indeed")
    alert = world.incidents.attached[story.id][0]
    world.incidents.attached[story.id][0] = alert.model_copy(
        update={"labels": {"a_name_" * 20: "1", "pod": "a-value-" * 30}}
    )
    page = open_page(viewport={"width": width, "height": 800})
    for path in (*pages(story), "/runbooks/DatabaseConnectionsNearLimit", "/sign-in"):
        page.goto(path)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{path} is {wide} wide"


# Words of ordinary length that stand on two lines: (word, where).
BROKEN_WORDS = """() => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    for (const word of node.data.matchAll(/[\\p{L}\\d]{2,18}/gu)) {
      const range = document.createRange();
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      const boxes = [...range.getClientRects()].filter((box) => box.width > 0);
      const lines = new Set(boxes.map((box) => Math.round(box.top)));
      const { className, tagName } = node.parentElement;
      if (lines.size > 1) found.push(`${word[0]} in ${className || tagName}`);
    }
  }
  return found;
}"""


@pytest.mark.parametrize("width", [320, 375, 768, 900])
def test_no_word_is_broken_inside(world: World, open_page: Open, width: int) -> None:
    story = fill(world)
    page = open_page(viewport={"width": width, "height": 800})
    for path in (*pages(story), "/runbooks/TargetDown", "/sign-in"):
        page.goto(path)
        assert page.evaluate(BROKEN_WORDS) == [], f"{path} at {width}"


def test_controls_on_a_phone_are_large_enough_for_a_thumb(world: World, open_page: Open) -> None:
    world.incidents.open()
    page = open_page(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    page.get_by_role("link", name="Checkout answers 500").click()
    for button in page.locator(".actions button, .nav a").all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 40  # WCAG 2.5.8 asks for 24


def test_a_screen_reader_finds_landmarks_headings_and_names(world: World, open_page: Open) -> None:
    story = fill(world)
    page = open_page()
    for path in pages(story):
        page.goto(path)
        expect(page.get_by_role("main")).to_have_count(1)
        expect(page.get_by_role("navigation", name="Main")).to_have_count(1)
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        unnamed = page.evaluate(UNNAMED)
        assert unnamed == []
        twice = page.evaluate("""() => [...document.querySelectorAll("[id]")].map((e) => e.id)
                .filter((id, i, all) => all.indexOf(id) !== i)""")
        assert twice == []
