"""The contract as committed; `python -m vigie_testing.openapi oncall-service` writes it anew."""

from vigie_testing import openapi


def test_the_committed_openapi_document_is_the_applications() -> None:
    assert openapi.current("oncall-service") == openapi.committed("oncall-service")
