"""The images: what the four have in common is one text, and a build sees only what it needs."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Service:
    """What may differ between the Dockerfiles of two services."""

    name: str
    package: str
    uid: str
    port: str


SERVICES = (
    Service("alert-ingestion", "alert_ingestion", "10001", "8001"),
    Service("incident-management", "incident_management", "10002", "8002"),
    Service("oncall-service", "oncall_service", "10003", "8003"),
    Service("web-ui", "web_ui", "10004", "8080"),
)
SERVICE_FOLDERS = [f"services/{service.name}" for service in SERVICES]
IMAGE_FOLDERS = [
    *SERVICE_FOLDERS,
    "services/secrets",
    "services/postgres",
    "prometheus",
    "grafana",
]
NAMED_CONTEXTS = ["services/shared", "services/requirements", "services/local", "docs/runbooks"]
# Only web-ui shows them.
RUNBOOKS = "COPY --from=runbooks . /app/runbooks\n"


def dockerfile(folder: str) -> str:
    return (ROOT / folder / "Dockerfile").read_text(encoding="utf-8")


def looked_after() -> set[str]:
    """The folders in which Dependabot moves images."""
    updates = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text(encoding="utf-8"))
    (docker,) = (it for it in updates["updates"] if it["package-ecosystem"] == "docker")
    return {
        f"/{path.relative_to(ROOT)}"
        for pattern in docker["directories"]
        for path in ROOT.glob(pattern.lstrip("/"))
    }


def without_differences(service: Service) -> str:
    text = dockerfile(f"services/{service.name}")
    text = text.replace(RUNBOOKS, "") if service.name == "web-ui" else text
    text = re.sub(r'image\.description="[^"]*"', 'image.description="DESCRIPTION"', text)
    for value, mark in (
        (service.package, "PACKAGE"),
        (f"vigie-{service.name}", "NAME"),
        (service.uid, "UID"),
        (service.port, "PORT"),
    ):
        assert re.search(rf"\b{value}\b", text), f"{service.name}: {value} is not in its Dockerfile"
        text = re.sub(rf"\b{value}\b", mark, text)
    return text


@pytest.mark.parametrize("service", SERVICES[1:], ids=lambda service: service.name)
def test_the_dockerfiles_of_the_services_differ_in_five_values_only(service: Service) -> None:
    assert without_differences(service) == without_differences(SERVICES[0])


def test_no_two_services_share_a_uid() -> None:
    uids = [
        re.findall(r"^USER (\d+):\1$", dockerfile(folder), re.MULTILINE)
        for folder in SERVICE_FOLDERS
    ]
    assert uids == [[service.uid] for service in SERVICES]


@pytest.mark.parametrize("folder", IMAGE_FOLDERS)
def test_every_public_base_is_pinned_by_digest_behind_one_variable(folder: str) -> None:
    pinned, *bases = re.findall(
        r"^FROM (.*?)(?: AS (?!pinned)\w+)?$", dockerfile(folder), re.MULTILINE
    )
    # Dependabot moves an image that stands behind FROM itself, and no default of an ARG.
    assert re.fullmatch(r"[a-z][\w./-]*:[\w.-]+@sha256:[0-9a-f]{64} AS pinned", pinned)
    assert len(set(bases)) == 1
    variable = re.fullmatch(r"\$\{(VIGIE_[A-Z]+_IMAGE)\}", bases[0])
    assert variable is not None, f"{folder}: FROM {bases[0]} cannot be replaced by a variable"
    # Where the variable names another image nothing needs this stage, and no registry is asked.
    assert f"\nARG {variable[1]}=pinned\nFROM {pinned}\n" in f"\n{dockerfile(folder)}"
    assert f"/{folder}" in looked_after()


def test_everything_on_python_stands_on_the_same_python() -> None:
    pins = {
        line
        for folder in IMAGE_FOLDERS
        for line in re.findall(r"^FROM python:.*$", dockerfile(folder), re.MULTILINE)
    }
    assert len(pins) == 1


@pytest.mark.parametrize("folder", IMAGE_FOLDERS)
def test_a_build_asks_no_registry_for_its_syntax(folder: str) -> None:
    assert "# syntax=" not in dockerfile(folder).splitlines()[0]


@pytest.mark.parametrize("folder", [*IMAGE_FOLDERS, *NAMED_CONTEXTS])
def test_a_build_context_leaves_everything_out_and_names_what_comes_in(folder: str) -> None:
    lines = (ROOT / folder / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert not [rule for rule in rules if "test" in rule or ".git" in rule or ".env" in rule]


@pytest.mark.parametrize("folder", IMAGE_FOLDERS)
def test_only_the_service_that_makes_the_secrets_is_root(folder: str) -> None:
    user = re.findall(r"^USER (\S+)$", dockerfile(folder), re.MULTILINE)[-1]
    assert (user.split(":")[0] == "0") == (folder == "services/secrets")
    assert re.fullmatch(r"\d+:\d+", user), "a name could mean another uid in another base"


@pytest.mark.parametrize("folder", SERVICE_FOLDERS)
def test_only_the_lock_and_the_base_decide_the_layer_of_dependencies(folder: str) -> None:
    stage = dockerfile(folder).split(" AS dependencies\n")[1].split("\nFROM ")[0]
    assert re.findall(r"^COPY .*$", stage, re.MULTILINE) == [
        "COPY --from=requirements runtime.txt slim.py /build/"
    ]
    assert "ARG" not in stage
    final = dockerfile(folder).split("\nFROM ")[-1]
    assert final.index("COPY --from=dependencies") < final.index("RUN useradd")
