"""A product of one container: deployed, broken and restored by the real scripts."""

from __future__ import annotations

import json
import re
import subprocess
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from checks.drills.sandbox import ROOT, Sandbox
from release.engine import sweep

_HEALTHY = "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/')"
SERVE = ["python3", "-m", "http.server", "8080", "--directory", "/data"]
BROKEN = ["python3", "-c", "raise SystemExit('drill: broken on purpose')"]
ENDLESS = ["sleep", "infinity"]  # runs, and is never healthy

_VERIFICATION = """
import pathlib, sys
print("looking")
if pathlib.Path(sys.argv[1], "fail-verification").exists():
    print("FAILED: flow: the drill says so")
    sys.exit(1)
pathlib.Path(sys.argv[2], "verification.json").write_text("{}")
"""


def docker(*arguments: str) -> str:
    """Run docker; CalledProcessError when it fails."""
    done = subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def base_image() -> str | None:
    """An image with Python that is here already: the real one or its stand-in."""
    names = []
    stand_ins = ROOT / ".ci-out" / "offline.env"
    if stand_ins.is_file():
        lines = stand_ins.read_text(encoding="utf-8").splitlines()
        names += [
            line.partition("=")[2] for line in lines if line.startswith("VIGIE_PYTHON_IMAGE=")
        ]
    dockerfile = (ROOT / "services" / "web-ui" / "Dockerfile").read_text(encoding="utf-8")
    names += re.findall(r"^FROM (\S+) AS pinned$", dockerfile, re.MULTILINE)
    for name in names:
        command = ["docker", "image", "inspect", name]
        if name and subprocess.run(command, capture_output=True, check=False).returncode == 0:
            return name
    return None


@dataclass
class Product:
    """The drill's product: one service, one volume, releases kept in a folder of its own."""

    sandbox: Sandbox
    state: Path
    image: str
    project: str = field(default_factory=lambda: f"vigie-drill-{uuid.uuid4().hex[:8]}")

    def __post_init__(self) -> None:
        self.sandbox.write("ci/verification/__main__.py", _VERIFICATION)
        self.sandbox.write("docker-compose.ci.yml", 'services: {web-ui: {restart: "no"}}\n')
        self.configure(SERVE)

    @property
    def environment(self) -> dict[str, str]:
        """What the scripts are told: where releases are kept, and a short patience."""
        return {"VIGIE_RELEASES_DIR": str(self.state), "VIGIE_HEALTH_SECONDS": "20"}

    def configure(self, command: list[str], flavour: str = "one", **more: Any) -> None:
        """Write docker-compose.yml; `more`: further keys of its one service."""
        health = {
            "test": ["CMD", "python3", "-c", _HEALTHY],
            "interval": "1s",
            "timeout": "5s",
            "retries": 20,
        }
        service = {
            # As an image built by hand would be; a release has its own by id.
            "image": self.image,
            "command": command,
            "init": True,
            "environment": {"FLAVOUR": flavour.replace("$", "$$")},
            "labels": {"drill": f"{self.project}-{flavour}".replace("$", "$$")},
            "healthcheck": health,
            "volumes": ["data:/data"],
            **more,
        }
        document = {"name": self.project, "services": {"web-ui": service}, "volumes": {"data": {}}}
        # JSON is YAML.
        self.sandbox.write("docker-compose.yml", json.dumps(document))

    def deploy(self, *, image: str | None = None, **more: str) -> subprocess.CompletedProcess[str]:
        """Run deploy.sh with an image that a build is said to have made."""
        self.sandbox.built({"web-ui": image or self.image})
        return self.sandbox.run("deploy.sh", environment={**self.environment, **more})

    def start_by_hand(self) -> None:
        """As README says it: docker compose, in the checkout."""
        arguments = ("up", "-d", "--wait", "--pull", "never")
        docker("compose", "--project-directory", str(self.sandbox.root), *arguments)

    def verify(self) -> subprocess.CompletedProcess[str]:
        """Run verify.sh."""
        return self.sandbox.run("verify.sh", environment=self.environment)

    def running(self) -> dict[str, Any]:
        """What `docker inspect` says of the one container."""
        label = f"label=com.docker.compose.project={self.project}"
        (identifier,) = docker("ps", "--quiet", "--filter", label).split()
        found: dict[str, Any] = json.loads(docker("inspect", identifier))[0]
        return found

    def flavour(self) -> str:
        """Which configuration runs, when it is healthy."""
        found = self.running()
        assert found["State"]["Health"]["Status"] == "healthy"
        pairs = dict(pair.split("=", 1) for pair in found["Config"]["Env"])
        return str(pairs["FLAVOUR"])

    def left(self) -> list[str]:
        """Containers, networks and volumes that still bear the project's name."""
        return traces(self.project)

    def clean(self) -> None:
        """Remove everything, images of the releases included."""
        sweep(self.project)
        names = docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "vigie-release/*")
        kept = {path.name for path in self.state.glob("*/releases/*")}
        for name in names.split():
            if name.rpartition(":")[2] in kept:
                docker("rmi", name)


def traces(project: str) -> list[str]:
    """Whatever bears the label of a compose project."""
    label = f"label=com.docker.compose.project={project}"
    return [
        *docker("ps", "--all", "--quiet", "--filter", label).split(),
        *docker("network", "ls", "--quiet", "--filter", label).split(),
        *docker("volume", "ls", "--quiet", "--filter", label).split(),
    ]
