"""Writes grafana/dashboards/*.json from the descriptions here, or says which of them differ.

python -m dashboards            writes
python -m dashboards --check    exits with 1 where a file is not what its description says
"""

import sys
from pathlib import Path

from dashboards import incident_overview, on_call, platform_health, sre_metrics
from dashboards.board import Board

FOLDER = Path(__file__).parents[2] / "grafana" / "dashboards"
BOARDS: dict[str, Board] = {
    "incident-overview": incident_overview.BOARD,
    "on-call": on_call.BOARD,
    "platform-health": platform_health.BOARD,
    "sre-metrics": sre_metrics.BOARD,
}


def differing(folder: Path) -> list[Path]:
    """Files of a folder that are not what is described here, or are described nowhere."""
    differ = []
    for name, board in BOARDS.items():
        file = folder / f"{name}.json"
        if not file.exists() or file.read_text(encoding="utf-8") != board.text():
            differ.append(file)
    return differ + [file for file in sorted(folder.glob("*.json")) if file.stem not in BOARDS]


def main(arguments: list[str]) -> int:
    """0; 1 where ``--check`` found a file that is not what its description says."""
    if arguments != ["--check"]:
        for name, board in BOARDS.items():
            (FOLDER / f"{name}.json").write_text(board.text(), encoding="utf-8")
    found = differing(FOLDER)
    for file in found:
        print(f"{file.relative_to(FOLDER.parents[1])}:1: not what ci/dashboards describes")
    if found:
        print("made anew by: cd ci && ../.venv/bin/python -m dashboards")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
