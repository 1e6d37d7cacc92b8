"""Where an alert about the platform links to."""

from web_ui_fakes import Visitor


async def test_a_runbook_opens_for_who_is_signed_in(viewer: Visitor) -> None:
    listed = (await viewer.get("/runbooks")).text
    assert 'href="/runbooks/TargetDown"' in listed
    page = await viewer.get("/runbooks/TargetDown")
    assert page.status_code == 200
    assert "<h1>Target<wbr>Down</h1>" in page.text
    assert "<code>docker compose ps</code>" in page.text


async def test_what_no_alert_is_called_is_not_found(viewer: Visitor) -> None:
    assert (await viewer.get("/runbooks/NoSuchThing")).status_code == 404
    assert (await viewer.get("/runbooks/..%2Fadr%2F0001")).status_code == 404


async def test_a_stranger_signs_in_first_and_comes_back(visitor: Visitor) -> None:
    answer = await visitor.get("/runbooks/TargetDown")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Frunbooks%2FTargetDown"
