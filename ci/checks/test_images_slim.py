"""What is cut off a compiled module is nothing that it needs."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SLIM = ROOT / "services/requirements/slim.py"

spec = importlib.util.spec_from_file_location("slim", SLIM)
assert spec is not None
assert spec.loader is not None
slim = importlib.util.module_from_spec(spec)
spec.loader.exec_module(slim)

COMPILED = ["uvloop.loop", "sqlalchemy.engine._row_cy", "httptools.parser.parser", "yaml._yaml"]


@pytest.mark.parametrize("name", COMPILED)
def test_a_compiled_module_without_its_symbols_is_loaded_and_used(
    name: str, tmp_path: Path
) -> None:
    found = importlib.util.find_spec(name)
    assert found is not None
    assert found.origin is not None
    copy = tmp_path / Path(found.origin).name
    copy.write_bytes(Path(found.origin).read_bytes())
    before = copy.stat().st_size
    assert slim.drop_symbols(copy) > before // 3
    assert slim.drop_symbols(copy) == 0, "there is no more to cut off"
    code = (
        "import importlib.util, sys, uvloop, sqlalchemy, httptools, yaml\n"
        f"spec = importlib.util.spec_from_file_location({name!r}, {str(copy)!r})\n"
        f"sys.modules.pop({name!r}, None)\n"
        "print(dir(importlib.util.module_from_spec(spec))[0])"
    )
    run = [sys.executable, "-c", code]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_is_no_compiled_module_stays_as_it_is(tmp_path: Path) -> None:
    for content in (b"", b"\x7fELF\x01\x01 of 32 bits", b"#!/bin/sh\n"):
        path = tmp_path / "x.so"
        path.write_bytes(content)
        assert slim.drop_symbols(path) == 0
        assert path.read_bytes() == content


def test_every_module_of_a_service_and_what_it_imports_is_compiled(tmp_path: Path) -> None:
    app = tmp_path / "app"
    (app / "made_up").mkdir(parents=True)
    (app / "made_up/__init__.py").touch()
    (app / "made_up/__main__.py").touch()
    (app / "made_up/app.py").write_text("import colorsys\n")
    (app / "made_up/later.py").touch()
    bytecode = tmp_path / "bytecode"
    done = subprocess.run(
        [sys.executable, "-B", str(SLIM), "bytecode", "made_up", str(app)],
        env={"PYTHONPYCACHEPREFIX": str(bytecode), "PYTHONPATH": str(app)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    made = {path.name.partition(".")[0] for path in bytecode.rglob("*.pyc")}
    assert {"__main__", "app", "later", "colorsys"} <= made
