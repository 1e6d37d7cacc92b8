"""Refreshes and checks the JavaScript that web-ui and its tests carry, from their npm packages.

    python services/web-ui/tools/vendor.py check     are the files what the manifest says? offline
    python services/web-ui/tools/vendor.py refresh   fetch the packages with npm, write the files

``manifest.json`` beside the files is the lock: package, version, the integrity hash npm publishes
for the package, and a hash for each file taken out of it. ``refresh`` refuses a package whose hash
differs. To move to a new version, change version and integrity
(``npm view <package>@<version> dist.integrity``) and run ``refresh``.
"""

import base64
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent.parent
VENDOR = HERE / "src" / "web_ui" / "static" / "vendor"
# What browsers are examined with; in no image.
FOR_TESTS = HERE / "tests" / "browser" / "vendor"
FOLDERS = (VENDOR, FOR_TESTS)
MANIFEST = "manifest.json"


def integrity(content: bytes, algorithm: str) -> str:
    """A hash as npm and browsers write it: ``sha512-<base64>``."""
    digest = hashlib.new(algorithm, content).digest()
    return f"{algorithm}-{base64.b64encode(digest).decode()}"


def check(folder: Path = VENDOR) -> list[str]:
    """What differs between files and manifest, a sentence each; nothing when all is well."""
    manifest = json.loads((folder / MANIFEST).read_text())
    complaints: list[str] = []
    expected = {MANIFEST}
    for package in manifest["packages"]:
        for file in package["files"]:
            expected.add(file["name"])
            path = folder / file["name"]
            if not path.is_file():
                complaints.append(f"{file['name']} is missing")
            elif integrity(path.read_bytes(), "sha384") != file["integrity"]:
                complaints.append(
                    f"{file['name']} differs from {package['name']}@{package['version']}"
                )
    complaints += [
        f"{path.name} is in no package of the manifest"
        for path in sorted(folder.iterdir())
        if path.name not in expected
    ]
    return complaints


def refresh(folder: Path) -> None:
    """Fetches every package of a manifest and replaces the files taken out of it."""
    manifest = json.loads((folder / MANIFEST).read_text())
    for package in manifest["packages"]:
        unpack(package, folder)
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")


def unpack(package: dict[str, Any], target: Path) -> None:
    """Fetches one package, compares its hash, writes its files and notes their hashes."""
    wanted = f"{package['name']}@{package['version']}"
    with tempfile.TemporaryDirectory() as folder:
        # The client decides where packages come from: a mirror of the user's works as well.
        subprocess.run(  # noqa: S603 - a fixed command; the name comes from our own manifest
            ["npm", "pack", "--silent", "--pack-destination", folder, wanted],  # noqa: S607
            check=True,
            stdout=subprocess.DEVNULL,
        )
        (archive,) = Path(folder).glob("*.tgz")
        found = integrity(archive.read_bytes(), "sha512")
        if found != package["integrity"]:
            raise SystemExit(
                f"{wanted}: the package has {found}, the manifest {package['integrity']}"
            )
        with tarfile.open(archive) as contents:
            for file in package["files"]:
                member = contents.extractfile(f"package/{file['from']}")
                if member is None:
                    raise SystemExit(f"{wanted} has no file {file['from']}")
                content = member.read()
                (target / file["name"]).write_bytes(content)
                file["integrity"] = integrity(content, "sha384")


def main(arguments: list[str]) -> int:
    """Runs ``check`` or ``refresh``; the exit status says whether the files are the manifest's."""
    if arguments == ["refresh"]:
        for folder in FOLDERS:
            refresh(folder)
    elif arguments != ["check"]:
        print(__doc__)
        return 2
    complaints = [complaint for folder in FOLDERS for complaint in check(folder)]
    print("\n".join(complaints) or "vendored files match the manifest")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
