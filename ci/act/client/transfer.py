"""What the stand-ins of the artifact actions do: `python3 -m act.client.transfer upload|download`.

Inputs arrive as INPUT_* variables, as GitHub hands them to an action. An input this stand-in cannot
honour is refused, because ignoring it would make a run under act mean something else.
"""

from __future__ import annotations

import fnmatch
import hashlib
import os
import sys
import tempfile
import zipfile
from pathlib import Path

from act.client.api import Artifact, ArtifactError, ArtifactService
from act.client.selection import Selection, select

FORBIDDEN_IN_NAMES = set('":<>|*?\r\n\\/')


def value(name: str) -> str:
    """The input of that name, stripped; empty when it is not given."""
    return os.environ.get("INPUT_" + name.upper().replace("-", "_"), "").strip()


def flag(name: str) -> bool:
    """The boolean input of that name; anything but true and false is an error."""
    text = value(name).lower()
    if text not in {"true", "false"}:
        raise ArtifactError(f"input '{name}' must be true or false, not '{text}'")
    return text == "true"


def workspace() -> Path:
    """The job's working copy, which relative paths start from."""
    return Path(os.environ["GITHUB_WORKSPACE"])


def service() -> ArtifactService:
    """The artifact server of this run of act."""
    return ArtifactService(os.environ["ACTIONS_RESULTS_URL"], os.environ["ACTIONS_RUNTIME_TOKEN"])


def output(name: str, text: str) -> None:
    """Sets an output of the step."""
    with Path(os.environ["GITHUB_OUTPUT"]).open("a") as file:
        file.write(f"{name}={text}\n")


def upload() -> None:
    """actions/upload-artifact, for zipped artifacts."""
    if not flag("archive"):
        raise ArtifactError("'archive: false' cannot be done with act's artifact server")
    name = value("name")
    if FORBIDDEN_IN_NAMES & set(name):
        raise ArtifactError(f"the artifact name '{name}' has a character GitHub refuses")
    chosen = select(value("path"), base=workspace(), include_hidden=flag("include-hidden-files"))
    if not chosen.files:
        nothing_found(value("if-no-files-found"))
        return
    server = service()
    if any(artifact.name == name for artifact in server.artifacts()):
        if not flag("overwrite"):
            raise ArtifactError(f"an artifact named '{name}' exists already in this run")
        server.delete(name)
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "artifact.zip"
        pack(chosen, archive, level=int(value("compression-level")))
        identifier = server.upload(name, archive)
        with archive.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    output("artifact-id", identifier)
    output("artifact-digest", digest)
    output("artifact-url", f"act://artifact/{identifier}")
    print(f"artifact '{name}': {len(chosen.files)} files of {chosen.root}, sha256 {digest}")


def nothing_found(wanted: str) -> None:
    """What `if-no-files-found` asks for."""
    message = f"no files were found with the path: {value('path')}"
    if wanted == "error":
        raise ArtifactError(message)
    if wanted == "warn":
        print(f"::warning::{message}")
    elif wanted != "ignore":
        raise ArtifactError(f"if-no-files-found cannot be '{wanted}'")


def pack(chosen: Selection, archive: Path, *, level: int) -> None:
    """Zips the files as the action does: without permissions, so an x bit is lost here as there."""
    method = zipfile.ZIP_DEFLATED if level else zipfile.ZIP_STORED
    with zipfile.ZipFile(archive, "w", method, compresslevel=level or None) as target:
        for file in chosen.files:
            entry = zipfile.ZipInfo(str(file.relative_to(chosen.root)), (1980, 1, 1, 0, 0, 0))
            entry.compress_type = method
            entry.file_size = file.stat().st_size
            with file.open("rb") as source, target.open(entry, "w") as sink:
                while block := source.read(1 << 20):
                    sink.write(block)


def download() -> None:
    """actions/download-artifact, for artifacts of this run."""
    if value("github-token") or flag("skip-decompress"):
        raise ArtifactError("only artifacts of this run can be had under act, and only unpacked")
    server = service()
    wanted = matching(server.artifacts())
    destination = workspace() / os.path.expanduser(value("path") or ".")  # noqa: PTH111
    merged = bool(value("name")) or flag("merge-multiple") or len(wanted) == 1
    with tempfile.TemporaryDirectory() as folder:
        for artifact in wanted:
            archive = Path(folder) / "artifact.zip"
            server.download(artifact.name, archive)
            target = destination if merged else destination / artifact.name
            target.mkdir(parents=True, exist_ok=True)
            with zipfile.ZipFile(archive) as source:
                source.extractall(target)
            print(f"artifact '{artifact.name}' in {target}")
    output("download-path", str(destination))


def matching(artifacts: list[Artifact]) -> list[Artifact]:
    """The artifacts that name, artifact-ids or pattern ask for; all when none is given."""
    if name := value("name"):
        if value("artifact-ids"):
            raise ArtifactError("give 'name' or 'artifact-ids', not both")
        named = [artifact for artifact in artifacts if artifact.name == name]
        if not named:
            raise ArtifactError(f"artifact '{name}' not found in this run")
        return named
    if identifiers := value("artifact-ids"):
        ids = {text.strip() for text in identifiers.split(",") if text.strip()}
        found = [artifact for artifact in artifacts if artifact.identifier in ids]
        if not found:
            raise ArtifactError("none of the artifact ids were found in this run")
        return found
    pattern = value("pattern") or "*"
    return [artifact for artifact in artifacts if fnmatch.fnmatchcase(artifact.name, pattern)]


if __name__ == "__main__":
    try:
        {"upload": upload, "download": download}[sys.argv[1]]()
    except ArtifactError as error:
        print(f"::error::{error}")
        sys.exit(1)
