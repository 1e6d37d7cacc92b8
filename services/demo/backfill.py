"""Puts a demonstration's week into the Prometheus that watches the installation.

    python3 -m backfill URL [COMMAND...]

reads from standard input what the program in this folder printed. URL is Prometheus as seen from
here (empty: there is none); COMMAND runs a program that has the folder and the address of
Prometheus, in a container; none for this machine.
"""

import json
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import IO, Any, NamedTuple

import health
import recorded
import samples
import week
from staircases import Grid

# Prometheus looks for new blocks once a minute; a busy machine gets more.
TAKE_UP_SECONDS = 300
TIMEOUT_SECONDS = 60
# A week is a few blocks of this, and none is longer than what Prometheus makes of its own.
_BLOCK = "54h"
# promtool maps its input, so that has to be a file, and reserves half a gigabyte for each block it
# makes, which data in memory has no room for: that is done elsewhere, and whole blocks move in.
_MAKE_BLOCKS = """
data=$1 work=$(mktemp -d "$2/demonstration.XXXXXX"); shift 2
trap 'rm -rf "$work" "$data/demonstration"' EXIT
rm -rf "$data/demonstration"
mkdir "$work/blocks" "$data/demonstration"
cat >"$work/input"
cd "$work"
"$@"
cp -r blocks/. "$data/demonstration"
mv "$data/demonstration"/* "$data"
"""

# A second run finds the incidents there, and adds nothing.
_ANOTHER_WEEK = "demo: VIGIE_DEMO_SEED=8 ./services/demo.sh brings another week, with its graphs"

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class BackfillError(Exception):
    """The graphs could not be filled; the message says why."""


class Prometheus(NamedTuple):
    """A running Prometheus, and how to run a program beside it."""

    url: str
    command: list[str]

    @property
    def inside(self) -> str:
        """Its address for a program that is run there."""
        return "http://127.0.0.1:9090" if self.command else self.url

    def get(self, path: str, **query: str) -> Any:
        """The data of an answer of its HTTP API."""
        address = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with _direct.open(address, timeout=TIMEOUT_SECONDS) as answer:
                return json.load(answer)["data"]
        except OSError as error:
            raise BackfillError(f"{address}: {error}") from None

    def number(self, expr: str, at: int) -> float | None:
        """The one value of an expression at a time; None when it has none."""
        result = self.get("query", query=expr, time=str(at))["result"]
        return float(result[0]["value"][1]) if result else None

    def create_blocks(self, content: Iterable[str], *arguments: str) -> None:
        """``promtool tsdb create-blocks-from ARGUMENTS``.

        There, ``input`` is a file with the content, and ``blocks`` the folder for them.
        """
        data = self.get("status/flags")["storage.tsdb.path"]
        work = "/tmp" if self.command else data  # noqa: S108 - of a container that ends with this
        promtool = [
            *("promtool", "tsdb", "create-blocks-from"),
            *("--quiet", f"--max-block-duration={_BLOCK}"),
            *arguments,
        ]
        making = [*self.command, "sh", "-euc", _MAKE_BLOCKS, "sh", data, work, *promtool]
        with tempfile.TemporaryFile("w+") as said:
            # A week is some 90 MB: never held as a whole.
            with subprocess.Popen(
                making, stdin=subprocess.PIPE, stdout=said, stderr=said, text=True
            ) as process:
                assert process.stdin is not None
                _feed(process.stdin, content)
            if process.returncode:
                said.seek(0)
                raise BackfillError(f"promtool: {said.read().strip()[-2000:]}")


def fill(prometheus: Prometheus, filled: dict[str, Any]) -> None:
    """The week's samples, and once they can be asked for, the recorded series over them.

    Raises:
        BackfillError: promtool or Prometheus did not do its part.
    """
    now = datetime.fromisoformat(filled["now"])
    instance = f"demonstration-{filled['seed']}"
    grid = Grid.between(now - timedelta(days=week.DAYS), _end(prometheus, now))
    content = text(filled["incidents"], grid, instance)
    prometheus.create_blocks(content, "openmetrics", "input", "blocks")
    print("demo: waiting for Prometheus to see the week, a minute or so", file=sys.stderr)
    # All of it: blocks come one after the other.
    expected = samples.number_of_opened(filled["incidents"], grid)
    seen = f'count_over_time(incidents_total{{instance="{instance}",status="open"}}[8d])'
    _wait_until(lambda: prometheus.number(seen, grid.last) == expected)
    prometheus.create_blocks(
        [recorded.rules()],
        *("rules", f"--url={prometheus.inside}"),
        *(f"--start={grid.first}", f"--end={grid.last}", "--output-dir=blocks", "input"),
    )


def text(incidents: Sequence[Mapping[str, Any]], grid: Grid, instance: str) -> Iterator[str]:
    """An OpenMetrics file: the incidents, and how the platform was while they went on."""
    yield from samples.lines(incidents, grid, instance)
    yield from health.lines(incidents, grid, instance)
    yield "# EOF\n"


def _end(prometheus: Prometheus, now: datetime) -> datetime:
    """Before the first sample that Prometheus still holds in memory, and before now.

    At a restart it passes over whatever of its log lies before the end of the last block: blocks
    that reach further would cost the installation what was really measured.
    """
    begins = int(prometheus.get("status/tsdb")["headStats"]["minTime"])
    # While it holds nothing, that is the largest number there is.
    return datetime.fromtimestamp(min(begins / 1000, now.timestamp()) - 1, UTC)


def _feed(pipe: IO[str], content: Iterable[str]) -> None:
    # A program that ended before it read all of it says itself why.
    with suppress(BrokenPipeError), pipe:
        pipe.writelines(content)


def _wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TAKE_UP_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise BackfillError(f"Prometheus did not take the week up in {TAKE_UP_SECONDS} s")
        time.sleep(1)


def main(arguments: list[str]) -> int:
    """Say what was filled, and fill Prometheus; 1 when that failed."""
    url, *command = arguments
    filled = json.load(sys.stdin)
    print(f"demo: {filled['sentence']}", flush=True)
    if not filled["incidents"]:
        return 0
    if not url:
        print("demo: no graphs were filled: no Prometheus (with promtool) is up")
        print(_ANOTHER_WEEK)
        return 0
    try:
        fill(Prometheus(url, command), filled)
    except BackfillError as error:
        print(f"demo: the graphs were not filled: {error}", file=sys.stderr)
        print(_ANOTHER_WEEK, file=sys.stderr)
        return 1
    print("demo: the week is in Prometheus; all of its graphs are there within a minute")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
