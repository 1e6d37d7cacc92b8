"""What is said about images: who they run as, what is in them, what is wrong with them."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from images import findings, sbom, users


@pytest.mark.parametrize(
    ("dockerfile", "said"),
    [
        ("FROM a\nUSER 10001:10001\n", None),
        ("FROM a\nUSER 10001\nFROM b\n", "3: the last stage names no USER"),
        ("FROM a\nUSER 10001\nUSER root\n", "3: the container runs as root (USER root)"),
        ("FROM a\nUSER 0:0\n", "2: the container runs as root (USER 0:0)"),
        ("FROM a\nUSER vigie\n", "2: USER vigie is not a number"),
    ],
)
def test_an_image_of_ours_names_a_numeric_user(dockerfile: str, said: str | None) -> None:
    complaint = users.complaint(dockerfile)

    assert complaint is None if said is None else str(complaint).startswith(said)


def _archive(files: dict[str, str]) -> io.BytesIO:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    target.seek(0)
    return target


def test_a_bill_of_materials_lists_what_is_installed_and_nothing_else() -> None:
    dpkg = (
        "Package: libc6\nStatus: install ok installed\nVersion: 2.41-12\n\n"
        "Package: gone\nStatus: deinstall ok not-installed\nVersion: 1\n"
    )
    metadata = "Metadata-Version: 2.4\nName: Litestar\nVersion: 2.25.0\nLicense-Expression: MIT\n"
    found = sbom.components(
        _archive(
            {
                "var/lib/dpkg/status": dpkg,
                "lib/apk/db/installed": "C:Q1\nP:musl\nV:1.2.5-r9\nL:MIT\n\nP:zlib\nV:1.3\n",
                "opt/venv/lib/site-packages/litestar-2.25.0.dist-info/METADATA": metadata,
                "app/METADATA": "Name: not-a-package\n",
            }
        )
    )

    assert {component.purl for component in found} == {
        "pkg:deb/debian/libc6@2.41-12",
        "pkg:apk/alpine/musl@1.2.5-r9",
        "pkg:apk/alpine/zlib@1.3",
        "pkg:pypi/litestar@2.25.0",
    }


def test_the_same_image_gives_the_same_document() -> None:
    found = {sbom.Component("pypi", name, "1") for name in ("b", "a", "c")}

    first = json.dumps(sbom.document("web-ui", "sha256:1", found))

    assert first == json.dumps(sbom.document("web-ui", "sha256:1", set(found)))
    assert [entry["name"] for entry in json.loads(first)["components"]] == ["a", "b", "c"]


def test_a_severity_nobody_knows_is_listed_as_unknown(tmp_path: Path) -> None:
    hole = {"VulnerabilityID": "X", "PkgName": "p", "Severity": "sideways"}
    document = {"SchemaVersion": 2, "Results": [{"Vulnerabilities": [hole]}, {}]}
    path = tmp_path / "report.json"
    path.write_text(json.dumps(document))

    (found,) = findings.read(path)

    assert found.severity == "UNKNOWN"
    assert "no fix yet" in found.sentence
