import pytest

from web_ui import addresses


@pytest.mark.parametrize(
    "hostile",
    [
        None,
        "",
        "https://evil.example",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/\n/evil.example",
        "/%0a\x00",
        " /history",
        "history",
        "/sign-in?next=/",
        "/sign-out",
        "/events",
        "/static/app.js",
        "http://[",
    ],
)
def test_nothing_leads_to_another_site_or_round_in_circles(hostile: str | None) -> None:
    assert addresses.local(hostile) == "/"


@pytest.mark.parametrize("good", ["/", "/history?text=a%20b", "/incidents/INC-4", "/oncall#data"])
def test_a_path_of_ours_is_kept(good: str) -> None:
    assert addresses.local(good) == good


def test_the_path_of_a_full_address_is_taken_without_its_host() -> None:
    assert addresses.path_of("http://vigie.test/history?status=any") == "/history?status=any"
    assert addresses.path_of("https://evil.example//evil.example/x") == "/"
    assert addresses.path_of("http://[broken") == "/"
    assert addresses.path_of(None) == "/"


def test_the_way_back_is_carried_to_the_sign_in() -> None:
    assert addresses.sign_in("/") == "/sign-in"
    assert addresses.sign_in("/history?text=a b") == "/sign-in?next=%2Fhistory%3Ftext%3Da+b"
