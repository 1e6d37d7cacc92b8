"""`python3 -m images.sbom IMAGES_JSON FOLDER`: a CycloneDX 1.6 bill of materials of each image.

Read from what is really in the image, not from what a lock says: the records that package managers
leave in its file system. What leaves no such trace (a Go binary, a vendored script) is not listed,
which the document says.
"""

from __future__ import annotations

import email.parser
import json
import os
import subprocess
import sys
import tarfile
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any
from urllib.parse import quote

from images import record
from pipeline.processes import MARKER

LABEL = "vigie.inventory"
_DPKG, _APK = "var/lib/dpkg/status", "lib/apk/db/installed"
_LIMITS = (
    "Lists packages of dpkg, apk and Python found in the image's file system. Statically linked "
    "dependencies of binaries and vendored assets are not listed."
)


@dataclass(frozen=True, order=True)
class Component:
    """One installed package; `kind` is its package-url type."""

    kind: str
    name: str
    version: str
    licence: str = ""

    @property
    def purl(self) -> str:
        """The package URL, as scanners look packages up."""
        namespace = {"deb": "debian/", "apk": "alpine/", "pypi": ""}[self.kind]
        return f"pkg:{self.kind}/{namespace}{quote(self.name)}@{quote(self.version, safe='')}"


def components(archive: IO[bytes]) -> set[Component]:
    """Every package recorded in a tar stream of a file system."""
    found: set[Component] = set()
    with tarfile.open(fileobj=archive, mode="r|") as files:
        for member in files:
            name = member.name.removeprefix("./")
            if not member.isfile():
                continue
            if name == _DPKG or name.startswith(f"{_DPKG}.d/"):
                found.update(_dpkg(_text(files, member)))
            elif name == _APK:
                found.update(_apk(_text(files, member)))
            elif PurePosixPath(name).match("*.dist-info/METADATA"):
                found.update(_python(_text(files, member)))
    return found


def document(name: str, image_id: str, found: set[Component]) -> dict[str, Any]:
    """The CycloneDX document; the same image gives the same bytes."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, image_id)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "container",
                "bom-ref": image_id,
                "name": f"vigie-{name}",
                "version": image_id,
            },
            "properties": [{"name": "vigie:limits", "value": _LIMITS}],
        },
        "components": [
            {
                "type": "library",
                "bom-ref": component.purl,
                "name": component.name,
                "version": component.version,
                "purl": component.purl,
                **({"licenses": [_licence(component)]} if component.licence else {}),
            }
            for component in sorted(found)
        ],
    }


def main(argv: Sequence[str]) -> int:
    """Write a bill of materials a recorded image, several at a time, and say what each lists."""
    built, folder = record.read(Path(argv[0])), Path(argv[1])

    def write(name: str) -> str:
        image_id = built[name]["id"]
        found = inventory(name, image_id)
        text = json.dumps(document(name, image_id, found), indent=1)
        (folder / f"{name}.cdx.json").write_text(text + "\n", encoding="utf-8")
        return f"{name}: {len(found)} components"

    with ThreadPoolExecutor(max_workers=len(os.sched_getaffinity(0))) as pool:
        for said in pool.map(write, built):
            print(said, flush=True)
    return 0


def inventory(name: str, image_id: str) -> set[Component]:
    """What is in an image, read from a container of it that never runs."""
    # Labelled, so that the script around us can remove it when we are killed in between.
    label = f"{LABEL}={os.environ.get(MARKER, '')}"
    options = ["--network", "none", "--label", label]
    command = ["docker", "create", *options, image_id, "nothing-runs"]
    container = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    try:
        with subprocess.Popen(["docker", "export", container], stdout=subprocess.PIPE) as export:
            found = components(export.stdout) if export.stdout else set()
        if export.returncode != 0:
            raise SystemExit(f"sbom: docker export of {name} exited with {export.returncode}")
    finally:
        subprocess.run(["docker", "rm", "--volumes", container], check=True, capture_output=True)
    return found


def _text(files: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    content = files.extractfile(member)
    return content.read().decode("utf-8", errors="replace") if content else ""


def _paragraphs(text: str) -> Iterator[str]:
    return (part for part in text.split("\n\n") if part.strip())


def _dpkg(text: str) -> Iterator[Component]:
    for paragraph in _paragraphs(text):
        fields = email.parser.HeaderParser().parsestr(paragraph.lstrip("\n"))
        if fields["Package"] and "not-installed" not in (fields["Status"] or ""):
            yield Component("deb", fields["Package"], fields["Version"] or "")


def _apk(text: str) -> Iterator[Component]:
    for paragraph in _paragraphs(text):
        fields = dict(line.split(":", 1) for line in paragraph.splitlines() if line[1:2] == ":")
        if "P" in fields:
            yield Component("apk", fields["P"], fields.get("V", ""), fields.get("L", ""))


def _python(text: str) -> Iterator[Component]:
    fields = email.parser.HeaderParser().parsestr(text)
    if fields["Name"]:
        licence = fields["License-Expression"] or ""
        yield Component("pypi", fields["Name"].lower(), fields["Version"] or "", licence)


def _licence(component: Component) -> dict[str, Any]:
    if component.kind == "pypi":
        return {"expression": component.licence}
    return {"license": {"name": component.licence}}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
