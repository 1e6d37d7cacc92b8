import importlib.util
import json
import shutil
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def vendor() -> ModuleType:
    path = Path(__file__).parents[2] / "tools" / "vendor.py"
    specification = importlib.util.spec_from_file_location("vendor", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_files_are_those_of_the_pinned_packages(vendor: ModuleType) -> None:
    assert [vendor.check(folder) for folder in vendor.FOLDERS] == [[], []]
    assert vendor.main(["check"]) == 0


def test_a_changed_a_missing_and_a_foreign_file_are_told_apart(
    vendor: ModuleType, tmp_path: Path
) -> None:
    folder = tmp_path / "vendor"
    shutil.copytree(vendor.VENDOR, folder)
    (folder / "htmx.min.js").write_text("alert(1)")
    (folder / "htmx-ext-sse.js").unlink()
    (folder / "left-pad.js").write_text("")
    assert vendor.check(folder) == [
        "htmx.min.js differs from htmx.org@2.0.11",
        "htmx-ext-sse.js is missing",
        "left-pad.js is in no package of the manifest",
    ]


def test_every_package_is_pinned_by_hash_and_carries_its_licence(vendor: ModuleType) -> None:
    manifests = [json.loads((folder / vendor.MANIFEST).read_text()) for folder in vendor.FOLDERS]
    for package in (package for manifest in manifests for package in manifest["packages"]):
        assert package["integrity"].startswith("sha512-")
        assert package["license"]
        assert any(file["name"].endswith(".LICENSE") for file in package["files"])


def test_an_unknown_command_explains_itself(
    vendor: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert vendor.main([]) == 2
    assert "vendor.py check" in capsys.readouterr().out
