"""ci/publish.sh against a registry, a signer and GitHub that are stubs on PATH."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline import manifest

SCRIPT = Path(__file__).resolve().parents[2] / "publish.sh"
SERVICES = ("alert-ingestion", "incident-management", "oncall-service", "web-ui")
SHA = "0123456789abcdef0123456789abcdef01234567"

# One program in three roles: it writes down how it was called and answers from state.json, which
# has the registry's digests by reference, the config digest of any image, the newest commit of
# main, and the word in an argument that makes the program fail.
STUB = f"""#!{sys.executable}
import json, os, sys
folder = os.path.dirname(os.path.abspath(__file__))
state = json.load(open(folder + "/state.json"))
me, words = os.path.basename(sys.argv[0]), sys.argv[1:]
open(folder + "/calls", "a").write(" ".join([me, *words]) + "\\n")
if state["refuse"] and any(state["refuse"] in word for word in words):
    sys.exit(1)
if words[:3] == ["buildx", "imagetools", "inspect"]:
    if "--raw" in words:
        print(json.dumps({{"config": {{"digest": state["config"]}}}}))
    elif words[-1] in state["registry"]:
        print(json.dumps(state["registry"][words[-1]]))
    else:
        sys.exit(1)
elif words[:2] == ["image", "inspect"]:
    print(json.dumps([{{"Id": words[-1], "Size": 1}}]))
elif me == "gh" and words[0] == "api":
    print(state["tip"] if "commits/main" in words[1] else "refs/tags/v1.4.1")
"""


@dataclass
class Publisher:
    """A run of the workflow that published from `ref`."""

    folder: Path
    ref: str = "refs/heads/main"

    def answer(self, **state: object) -> None:
        """What the stubs say from now on."""
        full = {"registry": {}, "config": "sha256:built", "tip": SHA, "refuse": ""} | state
        (self.folder / "bin" / "state.json").write_text(json.dumps(full))

    def run(self, action: str, service: str = "web-ui") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(SCRIPT), action],
            env={
                "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
                "HOME": str(self.folder),
                "VIGIE_CI_OUT": str(self.folder / "out"),
                "SERVICE": service,
                "GITHUB_REPOSITORY": "Someone/vigie",
                "GITHUB_REPOSITORY_OWNER": "Someone",
                "GITHUB_REF": self.ref,
                "GITHUB_SHA": SHA,
                "GITHUB_RUN_ID": "7",
                "GITHUB_RUN_ATTEMPT": "1",
                "GITHUB_OUTPUT": str(self.folder / "outputs"),
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def calls(self, *words: str) -> list[str]:
        """Calls that contain all of the words."""
        path = self.folder / "bin" / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line for line in lines if all(word in line for word in words)]


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    (tmp_path / "bin").mkdir()
    for name in ("docker", "cosign", "gh"):
        (tmp_path / "bin" / name).write_text(STUB)
        (tmp_path / "bin" / name).chmod(0o755)
    build, publish = tmp_path / "out" / "build", tmp_path / "out" / "publish"
    (build / "sbom").mkdir(parents=True)
    publish.mkdir()
    for service in SERVICES:
        (build / "sbom" / f"{service}.cdx.json").write_text("{}")
        (publish / f"{service}.digest").write_text(f"sha256:{service}\n")
    images = {name: {"reference": name, "id": "sha256:built", "size": 1} for name in SERVICES}
    (build / "images.json").write_text(json.dumps({"schema": 1, "images": images, "without": []}))
    manifest.write(build)
    found = Publisher(tmp_path)
    found.answer()
    return found


RUN_TAG = "ghcr.io/someone/vigie-web-ui:run-7-1"


def test_what_was_verified_is_pushed_and_its_digest_handed_on(publisher: Publisher) -> None:
    publisher.answer(registry={RUN_TAG: "sha256:pushed"})
    done = publisher.run("push")
    assert done.returncode == 0, done.stdout + done.stderr
    assert publisher.calls("docker tag sha256:built", RUN_TAG)
    assert publisher.calls("docker push", RUN_TAG)
    outputs = (publisher.folder / "outputs").read_text()
    assert "image=ghcr.io/someone/vigie-web-ui\ndigest=sha256:pushed\n" in outputs
    assert not publisher.calls("imagetools create")


def test_an_image_other_than_the_verified_one_is_refused(publisher: Publisher) -> None:
    publisher.answer(registry={RUN_TAG: "sha256:pushed"}, config="sha256:other")
    done = publisher.run("push")
    assert done.returncode != 0
    assert "is not the image that was verified" in done.stdout + done.stderr
    assert not (publisher.folder / "outputs").exists()


def test_a_tampered_artifact_is_not_pushed(publisher: Publisher) -> None:
    (publisher.folder / "out" / "build" / "sbom" / "web-ui.cdx.json").write_text('{"a": 1}')
    assert publisher.run("push").returncode != 0
    assert not publisher.calls("docker push")


def test_all_four_are_checked_for_signature_provenance_and_bill_of_materials(
    publisher: Publisher,
) -> None:
    done = publisher.run("verify")
    assert done.returncode == 0, done.stdout + done.stderr
    identity = "https://github.com/Someone/vigie/.github/workflows/publish.yml@refs/heads/main"
    for service in SERVICES:
        reference = f"ghcr.io/someone/vigie-{service}@sha256:{service}"
        assert publisher.calls("cosign verify", identity, reference)
        assert len(publisher.calls("gh attestation verify", f"oci://{reference}", SHA)) == 2
        assert publisher.calls("gh attestation", reference, "https://cyclonedx.org/bom")


@pytest.mark.parametrize("refused", ["vigie-web-ui@", "attestation"])
def test_one_that_does_not_verify_is_red(publisher: Publisher, refused: str) -> None:
    publisher.answer(refuse=refused)
    assert publisher.run("verify").returncode != 0


def test_one_that_was_not_pushed_is_red(publisher: Publisher) -> None:
    (publisher.folder / "out" / "publish" / "web-ui.digest").unlink()
    done = publisher.run("verify")
    assert done.returncode != 0
    assert "web-ui was not pushed" in done.stdout + done.stderr


def test_main_names_all_four_by_digest(publisher: Publisher) -> None:
    done = publisher.run("name")
    assert done.returncode == 0, done.stdout + done.stderr
    for service in SERVICES:
        image = f"ghcr.io/someone/vigie-{service}"
        for tag in ("main", "sha-0123456789ab"):
            assert publisher.calls("imagetools create", f"{image}:{tag} {image}@sha256:{service}")
    assert not publisher.calls("latest")


def test_a_slow_run_of_an_older_commit_leaves_main_where_it_is(publisher: Publisher) -> None:
    publisher.answer(tip="f" * 40)
    assert publisher.run("name").returncode == 0
    assert not publisher.calls("imagetools create", ":main ")
    assert len(publisher.calls("imagetools create", ":sha-")) == len(SERVICES)


def test_a_release_that_is_out_is_never_replaced_and_nothing_is_named_then(
    publisher: Publisher,
) -> None:
    publisher.ref = "refs/tags/v1.4.2"
    publisher.answer(registry={"ghcr.io/someone/vigie-web-ui:1.4.2": "sha256:earlier"})
    done = publisher.run("name")
    assert done.returncode != 0
    assert "stays that" in done.stdout + done.stderr
    assert not publisher.calls("imagetools create")


def test_naming_a_release_again_after_an_interruption_is_fine(publisher: Publisher) -> None:
    publisher.ref = "refs/tags/v1.4.2"
    publisher.answer(registry={"ghcr.io/someone/vigie-web-ui:1.4.2": "sha256:web-ui"})
    assert publisher.run("name").returncode == 0
    for tag in ("1.4.2", "1.4", "latest"):
        assert len(publisher.calls("imagetools create", f":{tag} ")) == len(SERVICES)


def test_github_not_answering_is_red_before_anything_is_named(publisher: Publisher) -> None:
    publisher.answer(refuse="matching-refs")
    assert publisher.run("name").returncode != 0
    assert not publisher.calls("imagetools create")
