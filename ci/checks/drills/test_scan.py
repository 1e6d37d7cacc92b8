"""Scan reports: CRITICAL is red, HIGH alone is green and listed, no scan is never clean."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from checks.drills.sandbox import Sandbox

_IMAGE = {"web-ui": "sha256:" + "0" * 64}


def _report(path: Path, *severities: str) -> Path:
    holes = [
        {
            "VulnerabilityID": f"CVE-2026-{number:04}",
            "PkgName": "openssl",
            "InstalledVersion": "3.5.1",
            "FixedVersion": "3.5.2",
            "Severity": severity,
            "Title": "a hole",
        }
        for number, severity in enumerate(severities)
    ]
    results = [{"Target": "debian", "Vulnerabilities": holes}]
    document = {"SchemaVersion": 2, "ArtifactName": "vigie-web-ui", "Results": results}
    path.write_text(json.dumps(document))
    return path


def test_critical_is_red_and_named(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.built(_IMAGE)
    report = _report(tmp_path / "report.json", "HIGH", "CRITICAL")

    done = sandbox.run("scan.sh", "--report", str(report))

    assert done.returncode == 14
    expected = "vigie-web-ui: CRITICAL CVE-2026-0001 in openssl 3.5.1 (fixed in 3.5.2): a hole"
    assert sandbox.reason("scan") == expected


def test_high_alone_is_green_and_listed(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.built(_IMAGE)
    report = _report(tmp_path / "report.json", "HIGH", "LOW")

    done = sandbox.run("scan.sh", "--report", str(report))

    assert done.returncode == 0, done.stdout
    out = sandbox.root / ".ci-out" / "scan"
    listed = (out / "findings.tsv").read_text()
    assert listed.startswith("HIGH\tvigie-web-ui\tCVE-2026-0000 in openssl")
    assert len(json.loads((out / "findings.json").read_text())) == 2


@pytest.mark.parametrize("text", ["", "{", "[]", '{"matches": []}'])
def test_a_report_that_cannot_be_read_is_no_clean_image(
    sandbox: Sandbox, tmp_path: Path, text: str
) -> None:
    sandbox.built(_IMAGE)
    report = tmp_path / "report.json"
    report.write_text(text)

    assert sandbox.run("scan.sh", "--report", str(report)).returncode == 21


def test_without_a_scanner_it_is_an_error_and_offline_it_is_listed(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.built(_IMAGE)
    # No Engine to take a scanner from, and no cache with one.
    nowhere = {"DOCKER_HOST": f"unix://{tmp_path}/no.sock", "VIGIE_TOOLS_DIR": str(tmp_path / "t")}

    strict = sandbox.run("scan.sh", environment=nowhere)
    assert strict.returncode == 20
    assert "were not scanned" in sandbox.reason("scan")

    offline = sandbox.run("scan.sh", "--offline", environment=nowhere)
    assert offline.returncode == 0, offline.stdout
    said = (sandbox.root / ".ci-out" / "scan" / "unproved.txt").read_text()
    assert "not scanned" in said
