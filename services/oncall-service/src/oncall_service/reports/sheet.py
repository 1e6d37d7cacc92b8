"""The fairness report as CSV (RFC 4180), for a spreadsheet."""

import csv
import io

from shared.contracts.reports import FairnessRow, FairnessView

# What a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(report: FairnessView) -> str:
    """A line a person, under a heading; a name that looks like a formula is text."""
    figures = [name for name in FairnessRow.model_fields if name != "person"]
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(["person_id", "person", *figures])
    for row in report.people:
        values = row.model_dump()
        lines.writerow([row.person.id, _plain(row.person.name), *(values[one] for one in figures)])
    return text.getvalue()


def _plain(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
