"""The rules that note of each counter of the dashboards where it began and where it ended.

A month of samples is 170,000 a series; of the few series that began or ended inside of a window,
what is needed is their first and their last value. The least and the last value of ten minutes,
noted every five, hold them: no note misses the zero of two scrapes with which a series begins
(docs/adr/0025).
"""

import re
from collections.abc import Iterable

from dashboards.board import Board
from dashboards.queries import FIRST, LAST

_NOTED = re.compile(rf"counted:(\w+):(?:{FIRST}|{LAST})")
_HEAD = """\
# Made by ci/dashboards/counted.py; say there what is to be different.
#
# Where a counter began and where it ended, for windows in which it did either.

groups:
  - name: counted
    interval: 5m
    rules:
"""


def rules(boards: Iterable[Board]) -> str:
    """The rule file for what these dashboards count."""
    metrics = sorted({metric for board in boards for metric in _NOTED.findall(board.text())})
    return _HEAD + "".join(
        f"      - record: counted:{metric}:{what}\n"
        f"        expr: >-\n"
        f"          {what.partition('_')[0]}_over_time({metric}[10m])\n"
        for metric in metrics
        for what in (FIRST, LAST)
    )
