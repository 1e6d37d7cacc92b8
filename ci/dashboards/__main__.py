"""Writes grafana/dashboards/*.json and the rules they need, or says which of the files differ.

python -m dashboards            writes
python -m dashboards --check    exits with 1 where a file is not what its description says
"""

import sys
from pathlib import Path

from dashboards import counted, incident_overview, on_call, platform_health, sre_metrics
from dashboards.board import Board

REPOSITORY = Path(__file__).parents[2]
BOARDS: dict[str, Board] = {
    "incident-overview": incident_overview.BOARD,
    "on-call": on_call.BOARD,
    "platform-health": platform_health.BOARD,
    "sre-metrics": sre_metrics.BOARD,
}


def described() -> dict[Path, str]:
    """Every file that is made here, from the repository's root, and what it should say."""
    boards = {Path(f"grafana/dashboards/{name}.json"): it.text() for name, it in BOARDS.items()}
    return boards | {Path("prometheus/rules/counted.yml"): counted.rules(BOARDS.values())}


def differing(repository: Path) -> list[Path]:
    """Files of a repository that are not what is described here, and dashboards that are not."""
    wanted = described()
    differ = [
        path
        for path, text in wanted.items()
        if not (repository / path).exists()
        or (repository / path).read_text(encoding="utf-8") != text
    ]
    there = sorted((repository / "grafana" / "dashboards").glob("*.json"))
    return differ + [path for it in there if (path := it.relative_to(repository)) not in wanted]


def main(arguments: list[str]) -> int:
    """0; 1 where ``--check`` found a file that is not what its description says."""
    if arguments != ["--check"]:
        for path, text in described().items():
            (REPOSITORY / path).write_text(text, encoding="utf-8")
    found = differing(REPOSITORY)
    for path in found:
        print(f"{path}:1: not what ci/dashboards describes")
    if found:
        print("made anew by: cd ci && ../.venv/bin/python -m dashboards")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
