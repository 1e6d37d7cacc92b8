"""Where bars, points and squares stand."""

import pytest

from web_ui.charts import BOTTOM, HEIGHT, LEFT, TOP, WIDTH, Named, ceiling, chart, squares


@pytest.mark.parametrize(
    ("values", "top"),
    [([], 1), ([0], 1), ([1], 1), ([3], 5), ([7, 2], 10), ([11], 20), ([0.3], 0.5), ([5000], 5000)],
)
def test_the_scale_ends_at_a_round_number_that_none_is_above(
    values: list[float], top: float
) -> None:
    assert ceiling(values) == pytest.approx(top)


def test_the_greatest_reaches_the_scale_and_nothing_leaves_the_picture() -> None:
    drawn = chart([Named(str(n), n, f"{n}") for n in (0, 5, 10)], str)
    assert drawn.bars[2].height == HEIGHT - BOTTOM - TOP
    assert drawn.bars[0].height == 0
    assert all(bar.x >= LEFT and bar.x + bar.width <= WIDTH for bar in drawn.bars)
    assert [mark.text for mark in drawn.up] == ["0.0", "5.0", "10.0"]


def test_what_is_not_known_breaks_the_line() -> None:
    drawn = chart([Named("a", 1, ""), Named("b", None, ""), Named("c", 1, "")], str)
    assert drawn.path.count("M") == 2
    assert "L" not in drawn.path


def test_many_days_have_few_words_below() -> None:
    assert len(chart([Named(str(n), 1, "") for n in range(365)], str).across) <= 8
    assert chart([], str).bars == []


def test_a_square_is_shaded_by_its_part_of_the_greatest() -> None:
    shades = [square.shade for square in squares([[0, 1, 5, 10]])]
    assert shades == [0, 1, 3, 5]
    assert {square.shade for square in squares([[0, 0]])} == {0}
