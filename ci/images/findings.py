"""The gate of the scan: CRITICAL fails, everything else is listed.

    python3 -m images.findings REPORT... --json FILE --tsv FILE

Reads Trivy's JSON reports. A report that is not one (empty, cut off, of another tool) is an error,
never a clean image. Exit codes: 0 nothing critical, 1 critical, 21 a report cannot be read.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FAILING = "CRITICAL"
_ORDER = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "UNKNOWN")
# Enough to act on; the rest stands in findings.json.
_LISTED = ("CRITICAL", "HIGH")
_UNREADABLE = 21


@dataclass(frozen=True)
class Finding:
    """One known hole in one package of one image."""

    severity: str
    image: str
    package: str
    installed: str
    fixed: str
    identifier: str
    title: str

    @property
    def sentence(self) -> str:
        """What a person needs to act: which hole, in what, and where it is mended."""
        remedy = f"fixed in {self.fixed}" if self.fixed else "no fix yet"
        return f"{self.identifier} in {self.package} {self.installed} ({remedy}): {self.title}"


def read(path: Path) -> list[Finding]:
    """Findings of one Trivy report, worst first. ValueError when it is no such report."""
    document = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(document, dict) or "SchemaVersion" not in document:
        raise ValueError("no SchemaVersion: not a report of Trivy")
    image = str(document.get("ArtifactName", path.stem))
    found = list(_findings(image, document))
    return sorted(found, key=lambda finding: (_ORDER.index(finding.severity), finding.identifier))


def main(argv: Sequence[str]) -> int:
    """See the top of this file."""
    reports = [Path(name) for name in argv[: argv.index("--json")]]
    as_json, as_tsv = Path(argv[argv.index("--json") + 1]), Path(argv[argv.index("--tsv") + 1])
    found: list[Finding] = []
    for report in reports:
        try:
            found += read(report)
        except (OSError, ValueError, KeyError, TypeError) as error:
            print(f"{report}: cannot be read as a scan report: {error}")
            return _UNREADABLE
    as_json.write_text(json.dumps([asdict(f) for f in found], indent=1) + "\n", encoding="utf-8")
    with as_tsv.open("a", encoding="utf-8") as file:
        for finding in found:
            if finding.severity in _LISTED:
                file.write(f"{finding.severity}\t{finding.image}\t{finding.sentence}\n")
    counts = Counter(finding.severity for finding in found)
    print(", ".join(f"{counts[severity]} {severity}" for severity in _ORDER))
    critical = [finding for finding in found if finding.severity == FAILING]
    for finding in critical:
        print(f"{finding.image}: {finding.severity} {finding.sentence}")
    return 1 if critical else 0


def _findings(image: str, document: dict[str, Any]) -> Iterator[Finding]:
    for result in document.get("Results") or ():
        for hole in result.get("Vulnerabilities") or ():
            severity = str(hole["Severity"]).upper()
            yield Finding(
                severity=severity if severity in _ORDER else "UNKNOWN",
                image=image,
                package=hole["PkgName"],
                installed=hole.get("InstalledVersion", ""),
                fixed=hole.get("FixedVersion", ""),
                identifier=hole["VulnerabilityID"],
                title=" ".join(hole.get("Title", "").split()),
            )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
