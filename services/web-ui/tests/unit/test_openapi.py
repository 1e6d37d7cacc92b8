from vigie_testing import openapi


def test_the_committed_openapi_document_is_the_applications() -> None:
    assert openapi.current("web-ui") == openapi.committed("web-ui")


def test_pages_are_no_api() -> None:
    assert set(openapi.committed("web-ui")["paths"]) == {"/health", "/ready", "/metrics"}
