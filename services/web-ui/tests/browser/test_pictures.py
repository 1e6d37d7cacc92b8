"""The pictures in docs/ show the pages as they are."""

import json

from screenshots import FOLDER, MADE, PICTURES, mark


def test_the_pictures_are_of_these_pages() -> None:
    """Make them again: .venv/bin/python services/web-ui/tests/browser/screenshots.py"""
    assert json.loads((FOLDER / MADE).read_text())["mark"] == mark()


def test_there_is_every_picture_and_no_other() -> None:
    assert {path.stem for path in FOLDER.glob("*.png")} == {each.name for each in PICTURES}
