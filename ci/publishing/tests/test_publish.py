"""ci/publish.sh against a registry, a signer and GitHub that are stubs on PATH."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from pipeline import manifest

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "ci" / "publish.sh"
SERVICES = (
    "alert-ingestion",
    "incident-management",
    "oncall-service",
    "web-ui",
    "secrets",
    "postgres",
    "prometheus",
    "grafana",
)
SHA = "0123456789abcdef0123456789abcdef01234567"

# An image as an Engine tells it, and as a registry does.
LOCAL = {
    "Os": "linux",
    "Architecture": "amd64",
    "RootFS": {"Type": "layers", "Layers": ["sha256:1", "sha256:2"]},
    "Config": {"User": "10001:10001", "Env": ["A=b"], "Hostname": "", "Cmd": None, "Labels": {}},
}
REMOTE = {
    "os": "linux",
    "architecture": "amd64",
    "rootfs": {"type": "layers", "diff_ids": ["sha256:1", "sha256:2"]},
    "config": {"User": "10001:10001", "Env": ["A=b"]},
}

# One program in three roles: it writes down how it was called and answers from state.json, which
# has the registry's digests by reference, the content of any image there, the newest commit of
# main, how this commit stands to it, and the word in an argument that makes the program fail.
STUB = f"""#!{sys.executable}
import json, os, sys
folder = os.path.dirname(os.path.abspath(__file__))
state = json.load(open(folder + "/state.json"))
me, words = os.path.basename(sys.argv[0]), sys.argv[1:]
open(folder + "/calls", "a").write(" ".join([me, *words]) + "\\n")
if state["refuse"] and any(state["refuse"] in word for word in words):
    sys.exit("ERROR: failed to do request: 503 Service Unavailable")
if words[:3] == ["buildx", "imagetools", "inspect"]:
    if ".Image" in words[4]:
        print(json.dumps(state["image"]))
    elif words[-1] in state["registry"]:
        print(json.dumps(state["registry"][words[-1]]))
    else:
        sys.exit(f"ERROR: {{words[-1]}}: not found")
elif words[:2] == ["image", "inspect"]:
    print(json.dumps([{{"Id": words[-1], "Size": 1, **{LOCAL!r}}}]))
elif me == "gh" and words[0] == "api":
    answers = {{"commits/main": state["tip"], "compare/main...": state["relation"]}}
    print(next((it for part, it in answers.items() if part in words[1]), "refs/tags/v1.4.1"))
"""


@dataclass
class Publisher:
    """A run of the workflow that published from `ref`."""

    folder: Path
    ref: str = "refs/heads/main"

    def answer(self, **state: object) -> None:
        """What the stubs say from now on."""
        full: dict[str, object] = {
            "registry": {},
            "image": REMOTE,
            "tip": SHA,
            "relation": "identical",
            "refuse": "",
        }
        full |= state
        (self.folder / "bin" / "state.json").write_text(json.dumps(full))

    def run(
        self, action: str, service: str = "web-ui", **more: str
    ) -> subprocess.CompletedProcess[str]:
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
                **more,
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


def test_an_image_by_platform_is_the_same_image(publisher: Publisher) -> None:
    publisher.answer(registry={RUN_TAG: "sha256:pushed"}, image={"linux/amd64": REMOTE})
    assert publisher.run("push").returncode == 0


@pytest.mark.parametrize(
    "other",
    [
        {"rootfs": {"diff_ids": ["sha256:1", "sha256:3"]}},
        {"config": {"User": "0:0", "Env": ["A=b"]}},
        {"config": {"User": "10001:10001", "Env": ["A=b"], "Entrypoint": ["sh"]}},
        {"architecture": "arm64"},
    ],
)
def test_an_image_other_than_the_verified_one_is_refused(
    publisher: Publisher, other: dict[str, object]
) -> None:
    publisher.answer(registry={RUN_TAG: "sha256:pushed"}, image=REMOTE | other)
    done = publisher.run("push")
    assert done.returncode != 0
    assert "is not the image that was verified" in done.stdout + done.stderr
    assert not (publisher.folder / "outputs").exists()


def test_a_tampered_artifact_is_not_pushed(publisher: Publisher) -> None:
    (publisher.folder / "out" / "build" / "sbom" / "web-ui.cdx.json").write_text('{"a": 1}')
    assert publisher.run("push").returncode != 0
    assert not publisher.calls("docker push")


def test_all_are_checked_for_signature_provenance_and_bill_of_materials(
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


def test_main_names_all_by_digest(publisher: Publisher) -> None:
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


def test_a_registry_that_does_not_answer_is_no_leave_to_overwrite_a_release(
    publisher: Publisher,
) -> None:
    publisher.ref = "refs/tags/v1.4.2"
    publisher.answer(refuse="vigie-web-ui:1.4.2")
    done = publisher.run("name")
    assert done.returncode != 0
    assert "does not say whether ghcr.io/someone/vigie-web-ui:1.4.2 is there" in done.stderr
    assert not publisher.calls("imagetools create")


@pytest.mark.parametrize("relation", ["identical", "behind"])
def test_a_tag_on_main_may_be_published(publisher: Publisher, relation: str) -> None:
    publisher.ref = "refs/tags/v1.4.2"
    publisher.answer(relation=relation)
    assert publisher.run("allowed").returncode == 0


@pytest.mark.parametrize("relation", ["ahead", "diverged"])
def test_a_tag_that_is_not_on_main_is_refused(publisher: Publisher, relation: str) -> None:
    publisher.ref = "refs/tags/v1.4.2"
    publisher.answer(relation=relation)
    done = publisher.run("allowed")
    assert done.returncode != 0
    assert f"refs/tags/v1.4.2 is not on main ({relation})" in done.stderr


def test_a_ref_that_has_no_names_is_refused_before_anything_is_pushed(
    publisher: Publisher,
) -> None:
    publisher.ref = "refs/tags/vacation"
    assert publisher.run("allowed").returncode != 0


def test_a_repository_without_attestations_verifies_signatures_alone(publisher: Publisher) -> None:
    done = publisher.run("verify", ATTESTATIONS="false")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no attestations to verify" in done.stdout
    assert len(publisher.calls("cosign verify")) == len(SERVICES)
    assert not publisher.calls("attestation")


def test_every_image_of_compose_is_published() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    workflow = yaml.safe_load(
        (ROOT / ".github" / "workflows" / "publish.yml").read_text(encoding="utf-8")
    )
    legs = workflow["jobs"]["push"]["strategy"]["matrix"]["include"]
    listed = re.search(r"^readonly SERVICES=\((.*)\)$", SCRIPT.read_text(), re.MULTILINE)
    assert listed is not None
    assert set(SERVICES) == set(compose["services"])
    assert [leg["service"] for leg in legs] == listed[1].split() == list(SERVICES)


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
