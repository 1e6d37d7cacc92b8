"""What goes into an artifact, and under which names, as actions/upload-artifact documents it."""

from __future__ import annotations

from pathlib import Path

import pytest

from act.client.selection import select


@pytest.fixture
def base(tmp_path: Path) -> Path:
    for name in (
        "one.txt",
        ".ci-out/build/images.json",
        ".ci-out/build/sbom/a.json",
        ".ci-out/build/.hidden",
        ".ci-out/build/sbom/.deep/b.json",
        ".ci-out/summary.md",
        ".ci-out/timings.json",
        "src/a/x.py",
        "src/b/y.py",
        "src/b/z.txt",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


@pytest.mark.parametrize(
    ("path", "hidden", "names"),
    [
        # A folder: its content, without the folder. A hidden folder on the way there is no matter.
        (".ci-out/build", False, ["images.json", "sbom/a.json"]),
        (".ci-out/build/", False, ["images.json", "sbom/a.json"]),
        (
            ".ci-out/build",
            True,
            [".hidden", "images.json", "sbom/.deep/b.json", "sbom/a.json"],
        ),
        # A hidden folder itself is left out unless hidden files are asked for.
        (".ci-out", False, []),
        # One file: its name alone.
        ("src/a/x.py", False, ["x.py"]),
        # A pattern: from the last folder before the first pattern character.
        ("src/**/*.py", False, ["a/x.py", "b/y.py"]),
        ("src/*", False, ["a/x.py", "b/y.py", "b/z.txt"]),
        ("src/b/?.py", False, ["y.py"]),
        ("src/**\n!src/**/*.txt", False, ["a/x.py", "b/y.py"]),
        ("src\n!src/b", False, ["a/x.py"]),
        # Several: from the last folder they have in common.
        (".ci-out/summary.md\n.ci-out/timings.json", False, ["summary.md", "timings.json"]),
        ("src/a\nsrc/b/z.txt", False, ["a/x.py", "b/z.txt"]),
        # One inside another adds nothing, and does not move the root.
        ("src\nsrc/a", False, ["a/x.py", "b/y.py", "b/z.txt"]),
        ("# a comment\n\nsrc/a", False, ["x.py"]),
        ("nothing-here", False, []),
    ],
)
def test_the_artifact_holds(base: Path, path: str, hidden: bool, names: list[str]) -> None:
    chosen = select(path, base=base, include_hidden=hidden)
    assert [str(file.relative_to(chosen.root)) for file in chosen.files] == names
