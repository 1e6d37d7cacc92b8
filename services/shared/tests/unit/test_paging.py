import contextlib
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Malformed
from shared.paging import Keyset

T0 = datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC)
ONE = UUID(int=1)
BY_TIME = Keyset("by time", datetime, UUID)
BY_NAME = Keyset("by name", str)


def test_a_cursor_leads_back_to_the_place_it_was_made_for() -> None:
    assert BY_TIME.after(BY_TIME.cursor(T0, ONE)) == (T0, ONE)
    assert BY_NAME.after(BY_NAME.cursor("Équipe / 東京")) == ("Équipe / 東京",)
    assert BY_TIME.after(None) is None


def test_it_fits_into_an_address() -> None:
    assert set(BY_NAME.cursor("?&=/+ %")) <= set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
    )


NOT_OURS = [
    "",
    "nonsense",
    "%00",
    "é",
    BY_NAME.cursor("of another list"),
    Keyset("by time").cursor(T0),
    Keyset("by time").cursor(T0, ONE, 3),
    Keyset("by time").cursor("2026-03-02T09:00:00", str(ONE)),
    Keyset("by time").cursor("yesterday", str(ONE)),
    Keyset("by time").cursor(T0, "1 OR 1=1"),
]


@pytest.mark.parametrize("cursor", NOT_OURS)
def test_what_this_list_never_gave_out_is_refused(cursor: str) -> None:
    with pytest.raises(Malformed, match="cursor"):
        BY_TIME.after(cursor)


@pytest.mark.parametrize("part", ["a\x00b", "\ud800", 7, None, ["x"]])
def test_what_postgresql_could_not_compare_with_is_refused(part: object) -> None:
    with pytest.raises(Malformed):
        BY_NAME.after(Keyset("by name").cursor(part))


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, float("inf"), float("nan"), 1.5])
def test_a_number_that_no_column_holds_is_refused(number: float) -> None:
    by_number = Keyset("by number", int)
    with pytest.raises(Malformed):
        by_number.after(Keyset("by number").cursor(number))


@given(st.text(max_size=300))
def test_no_text_does_worse_than_being_refused(text: str) -> None:
    with contextlib.suppress(Malformed):
        BY_TIME.after(text)


def test_a_page_says_where_the_next_one_begins_only_if_there_is_one() -> None:
    rows = [3, 2, 1]
    by_number = Keyset("by number", int)
    page = by_number.page(rows, 2, key=lambda row: (row,), show=str)
    assert page.items == ["3", "2"]
    assert by_number.after(page.next_cursor) == (2,)
    assert by_number.page(rows, 3, key=lambda row: (row,), show=str).next_cursor is None
