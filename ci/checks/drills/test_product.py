"""The whole product, deployed by the whole chain: a bad release gives way to the one before.

As on a host of its own: project, ports and kept releases are the drill's.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from checks.drills.sandbox import ROOT, plain_environment
from checks.drills.stack import docker
from containers.stack import free_ports, request
from release.engine import sweep

pytestmark = [pytest.mark.docker, pytest.mark.timeout(1800)]

PUBLISHED = ("WEB_UI", "ALERT_INGESTION", "PROMETHEUS", "GRAFANA")
FOUR = {"alert-ingestion", "incident-management", "oncall-service", "web-ui"}
ALERT_ROUTE = "services/alert-ingestion/src/alert_ingestion/formats/native.py"


class Product:
    """A clone of this checkout, as it lies here, and the product that its pipeline deploys."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "checkout"
        self._state = folder / "state"
        self._project = f"vigie-drill-{uuid.uuid4().hex[:8]}"
        first = free_ports(len(PUBLISHED))
        self._ports = {f"VIGIE_{name}_PORT": str(first + n) for n, name in enumerate(PUBLISHED)}
        self._environment = {
            **plain_environment(),
            **self._ports,
            "COMPOSE_PROJECT_NAME": self._project,
            "VIGIE_RELEASES_DIR": str(self._state),
        }
        subprocess.run(["git", "clone", "-q", "--no-local", ROOT, self.root], check=True)
        changed = ("ls-files", "-z", "--modified", "--others", "--exclude-standard")
        for name in filter(None, self._git(ROOT, *changed).split("\0")):
            if (ROOT / name).is_file():
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.root / name)
        # What every later change is measured from.
        self._git(self.root, "add", "--all")
        self._git(
            self.root,
            "-c", "user.name=drill", "-c", "user.email=drill@example.invalid",
            "commit", "-q", "--no-verify", "--allow-empty", "-m", "as it lies here",
        )  # fmt: skip
        self._offline = (ROOT / ".ci-out" / "offline.env").is_file()
        if self._offline:
            (self.root / ".ci-out").mkdir()
            shutil.copy2(ROOT / ".ci-out" / "offline.env", self.root / ".ci-out" / "offline.env")

    def pipeline(self) -> subprocess.CompletedProcess[str]:
        """Build, deploy and verify; both streams are in `stdout`."""
        arguments = ["--from", "build", "--skip", "scan", *(["--offline"] if self._offline else [])]
        return self._run("pipeline.sh", *arguments)

    def reason(self, stage: str) -> str:
        """Why a stage failed."""
        result = json.loads((self.root / ".ci-out" / stage / "result.json").read_text())
        return str(result["reason"])

    def change(self, name: str, old: str, new: str) -> None:
        """Change one place of a file, and nothing else since the clone."""
        self._git(self.root, "checkout", "-q", "--", ".")
        path = self.root / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{name} has {old!r} {text.count(old)} times"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def running(self) -> dict[str, str]:
        """Service -> id of the image it runs from; all of them have to be healthy."""
        found = {}
        for container in json.loads(docker("inspect", *self._containers())):
            name = container["Config"]["Labels"]["com.docker.compose.service"]
            assert container["State"]["Health"]["Status"] == "healthy", name
            found[name] = container["Image"]
        return found

    def send(self, service: str) -> int:
        """The status of the answer to one alert."""
        credentials = json.loads(self._run("credentials.sh", "--json").stdout)
        return request(
            f"{credentials['urls']['alert_ingestion']}/api/v1/alerts",
            {"service": service, "severity": "low", "message": "the drill"},
            credentials["ingestion_key"],
        ).status

    def services_with_alerts(self) -> set[str]:
        """Services of which alerts are stored."""
        (database,) = self._containers("--filter", "label=com.docker.compose.service=postgres")
        query = "SELECT DISTINCT service FROM alerts.alerts"
        psql = ("psql", "-XAtq", "-U", "postgres", "-d", "vigie", "-c", query)
        return set(docker("exec", database, *psql).split())

    def clean(self) -> None:
        """Remove everything, images included."""
        sweep(self._project)
        tags = {path.name for path in self._state.glob("*/releases/*")}
        built = self.root / ".ci-out" / "build" / "images.json"
        if built.is_file():
            images = json.loads(built.read_text(encoding="utf-8"))["images"].values()
            tags |= {image["reference"].rpartition(":")[2] for image in images}
        for name in docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split():
            if name.rpartition(":")[2] in tags:
                docker("rmi", name)

    def _containers(self, *filters: str) -> list[str]:
        label = f"label=com.docker.compose.project={self._project}"
        return docker("ps", "--quiet", "--filter", label, *filters).split()

    def _run(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.root / "ci" / script, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self._environment,
            check=False,
        )

    @staticmethod
    def _git(folder: Path, *arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", folder, *arguments], check=True, capture_output=True, text=True
        ).stdout


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    made = Product(tmp_path)
    yield made
    made.clean()


def test_no_bad_release_stays_and_no_data_goes(product: Product) -> None:
    done = product.pipeline()
    assert done.returncode == 0, done.stdout
    good = product.running()
    assert good.keys() >= FOUR
    assert product.send("kept") == 201

    # It starts, is healthy, and does not do what its clients were promised.
    product.change(ALERT_ROUTE, "status_code=201", "status_code=202")
    done = product.pipeline()
    assert done.returncode == 16, done.stdout
    assert "runs again" in product.reason("verify")
    assert product.running() == good
    assert product.send("after-a-failed-verification") == 201

    # One service never becomes healthy.
    product.change(ALERT_ROUTE, "from uuid import UUID", "raise SystemExit('drill: broken')")
    done = product.pipeline()
    assert done.returncode == 15, done.stdout
    assert "alert-ingestion" in product.reason("deploy")
    assert "runs again" in product.reason("deploy")
    assert "drill: broken" in done.stdout
    assert product.running() == good
    assert product.send("after-a-broken-image") == 201

    # The images are good, and what one of them is told is not.
    product.change("docker-compose.yml", "-cshared_buffers=192MB", "-cshared_buffers=many")
    done = product.pipeline()
    assert done.returncode == 15, done.stdout
    assert "postgres" in product.reason("deploy")
    assert product.running() == good
    assert product.send("after-a-broken-configuration") == 201

    assert product.services_with_alerts() >= {
        "kept",
        "after-a-failed-verification",
        "after-a-broken-image",
        "after-a-broken-configuration",
    }
