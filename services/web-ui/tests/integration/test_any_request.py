"""Whatever is asked: never a 5xx, and every answer as the OpenAPI document says."""

from collections.abc import Iterator

import pytest
from litestar import Litestar
from web_ui_fakes import World

from vigie_testing import conformance, fuzzing, openapi
from vigie_testing.hosting import Hosted, hosting


@pytest.fixture
def hosted(app: Litestar) -> Iterator[Hosted]:
    with hosting(app) as running:
        yield running


def test_no_path_header_or_query_is_answered_with_a_failure_of_ours(
    hosted: Hosted, app: Litestar, world: World
) -> None:
    session = {"Cookie": f"vigie_session={world.directory.begin('ada')}"}
    answered = fuzzing.bombard(hosted, app, [session], examples=450)
    assert {200, 303, 400, 403, 404, 405} <= answered.keys()


@pytest.mark.parametrize(
    "path",
    ["/static/\x00", "/static/" + "a" * 300, "/static/" + "a/" * 3000, "/static/..", "/static"],
)
def test_a_name_that_the_disk_minds_is_a_page_that_is_not_there(hosted: Hosted, path: str) -> None:
    assert hosted.ask(path=path).status == 404


def test_a_form_that_is_not_sent_to_its_end_is_no_failure_of_ours(hosted: Hosted) -> None:
    form = b"application/x-www-form-urlencoded"
    headers = [(b"content-type", form), (b"content-length", b"9"), (b"cookie", b"vigie_visit=x")]
    answer = hosted.ask("POST", "/sign-in", headers=headers, body=b"user=", complete=False)
    assert answer.status == 499


def test_a_query_that_is_no_text_is_answered(hosted: Hosted) -> None:
    assert hosted.ask(path="/sign-in", query=b"next=\x80\xff").status == 200
    assert hosted.ask(path="/events", query=b"\x80").status in {303, 401}


def test_every_answer_is_as_the_document_says(hosted: Hosted) -> None:
    document = openapi.current("web-ui")
    assert conformance.examine(hosted, document, lambda _method, _path: {})[200] >= 3
