"""What became of a calendar that was imported, as the API shows it."""

from shared.contracts.wire import Text, Wire


class UnmatchedEvent(Wire):
    """An event that nobody could be found for."""

    event: Text
    summary: Text


class ImportView(Wire):
    """How many overrides an import made, changed, removed and left as they were.

    ``unmatched`` is what it left out.
    """

    made: int
    changed: int
    removed: int
    unchanged: int
    unmatched: list[UnmatchedEvent]
