"""Where things stand: SQL in stores, and the features in the order that the package states."""

import ast
from collections.abc import Iterator
from pathlib import Path

import oncall_service

PACKAGE = Path(oncall_service.__file__).parent
STATEMENTS = {"select", "insert", "update", "delete", "text", "func", "col", "or_", "and_", "case"}


def _modules() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(PACKAGE), ast.parse(path.read_text())


def _is_store(path: Path) -> bool:
    return "store" in (*path.parts[:-1], path.stem)


def test_all_sql_stands_in_stores() -> None:
    for path, module in _modules():
        if _is_store(path) or path.name == "tables.py":
            continue
        for node in ast.walk(module):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sql"):
                assert not STATEMENTS & {name.name for name in node.names}, path
            if isinstance(node, ast.Attribute):
                assert node.attr not in {"exec", "execute", "executemany", "scalars"}, path


def test_rules_and_stores_know_no_use_case_and_no_route() -> None:
    above = {"routes", "usecases", "oncall_routes", "methods", "tokens", "attempts"}
    pure = {"rules", "rotation", "changes", "steps", "rounds", "pacing"}
    for path, module in _modules():
        if not _is_store(path) and path.stem not in pure:
            continue
        for node in ast.walk(module):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("oncall_"):
                known = {*(node.module or "").split("."), *(name.name for name in node.names)}
                assert not above & known, path
