"""The pages of the set-up, in a browser: live lists, forms of parts, and the keyboard."""

from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, expect
from setup_pages import JUN, LEA, choosable, everybody
from showcase import fill
from web_ui_fakes import World

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

Open = Callable[..., Page]


def administrator(open_page: Open, path: str, **options: object) -> Page:
    page = open_page(user="admin", **options)
    page.goto(path)
    return page


def test_somebody_added_in_one_browser_shows_in_another_at_once(
    world: World, open_page: Open
) -> None:
    ask = world.configuration
    choosable(world)
    ask.on("GET", "/api/v1/people", everybody(LEA))
    watching = administrator(open_page, "/people")
    expect(watching.get_by_text("Live", exact=True)).to_be_visible()
    (made,) = everybody(JUN)["items"]

    def create(_request: httpx.Request) -> dict[str, object]:
        ask.on("GET", "/api/v1/people", everybody(JUN, LEA))
        return dict(made)

    ask.on("POST", "/api/v1/people", create)
    ask.on("GET", f"/api/v1/people/{JUN['id']}", made)
    adding = administrator(open_page, "/people/new")
    adding.get_by_label("Name").fill("Jun Watanabe")
    adding.get_by_role("button", name="Add", exact=True).click()
    expect(adding.locator(".notice--done")).to_contain_text("Created.")
    expect(watching.get_by_role("link", name="Jun Watanabe")).to_be_visible(timeout=1000)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_layer_is_added_where_one_looks_and_enter_saves_all_of_it(
    world: World, open_page: Open, scripts: bool
) -> None:
    fill(world)
    schedule, *_ = world.configuration.answers["GET", "/api/v1/schedules"]["items"]
    path = f"/api/v1/schedules/{schedule['id']}"
    world.configuration.on("PATCH", path, schedule)
    page = administrator(open_page, f"/schedules/{schedule['id']}", java_script_enabled=scripts)
    page.get_by_role("button", name="Add a layer").click()
    third = page.get_by_role("group", name="Layer 3")
    expect(third).to_be_in_viewport()
    assert world.configuration.sent("PATCH", path) == []
    third.get_by_label("Place 1").select_option("Miro Kovač")
    third.get_by_label("Name").fill("Deep nights")
    third.get_by_label("Name").press("Enter")
    expect(page.locator(".notice--done")).to_contain_text("Saved.")
    (sent,) = world.configuration.sent("PATCH", path)
    assert [layer["name"] for layer in sent["layers"]] == ["Week", "Weekend nights", "Deep nights"]


def test_the_check_is_shown_beside_the_form_before_anything_is_saved(
    world: World, open_page: Open
) -> None:
    fill(world)
    page = administrator(open_page, "/policies/new")
    page.get_by_label("Name").fill("Nights")
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_text("1 hole: nobody can be paged.")).to_be_in_viewport()
    expect(page.get_by_label("Name")).to_have_value("Nights")
    assert world.configuration.sent("POST", "/api/v1/policies") == []


def test_an_empty_installation_leads_from_step_to_step(world: World, open_page: Open) -> None:
    page = administrator(open_page, "/setup")
    page.get_by_role("link", name="Add a person").click()
    expect(page.get_by_role("heading", name="Add a person")).to_be_visible()
    world.configuration.on("GET", "/api/v1/people", everybody(LEA, JUN))
    page.goto("/setup")
    expect(page.get_by_text("1 of 8 done")).to_be_visible()
