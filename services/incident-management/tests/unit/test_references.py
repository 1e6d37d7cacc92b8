from uuid import UUID

import pytest

from incident_management.references import Reference, parse_reference

SOME_ID = UUID("01890000-0000-7000-8000-000000000001")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("42", 42),
        ("INC-42", 42),
        ("inc-42", 42),
        (str(SOME_ID), SOME_ID),
        (str(SOME_ID).upper(), SOME_ID),
        ("INC-", None),
        ("-1", None),
        ("4٢", None),
        ("9" * 30, None),
        ("checkout", None),
        ("", None),
    ],
)
def test_an_incident_is_named_by_id_or_number(text: str, expected: Reference | None) -> None:
    assert parse_reference(text) == expected
