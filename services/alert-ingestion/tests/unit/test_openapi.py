"""The contract as committed; `python -m vigie_testing.openapi alert-ingestion` writes it anew."""

from vigie_testing import openapi


def test_the_committed_openapi_document_is_the_applications() -> None:
    assert openapi.current("alert-ingestion") == openapi.committed("alert-ingestion")


def test_every_body_that_is_taken_raw_is_documented() -> None:
    paths = openapi.committed("alert-ingestion")["paths"]
    for path in (
        "/api/v1/alerts",
        "/api/v2/alerts",
        "/api/v1/webhooks/alertmanager",
        "/api/v1/webhooks/grafana",
    ):
        body = paths[path]["post"]["requestBody"]["content"]["application/json"]
        openapi.check_request("alert-ingestion", "POST", path, body["example"])
