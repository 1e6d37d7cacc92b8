"""What is pushed is recognised from an Engine with its own store and from one with containerd's.

The default from Engine 29 on is containerd's, where the id of an image is another digest.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from checks.drills.stack import base_image
from containers.stack import free_ports

CI = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]


def docker(host: str, *arguments: str) -> str:
    command = ["docker", "--host", host, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def running(command: list[str], log: Path, ready: Callable[[], bool]) -> Iterator[None]:
    with log.open("w") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 60
        while not ready():
            assert process.poll() is None, log.read_text()[-2000:]
            assert time.monotonic() < deadline, log.read_text()[-2000:]
            time.sleep(0.2)
        yield
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """The address of a registry of our own."""
    if shutil.which("docker-registry") is None:
        pytest.skip("no docker-registry is here (Debian has it)")
    address = f"127.0.0.1:{free_ports(1)}"
    config = tmp_path / "registry.yml"
    config.write_text(
        f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {tmp_path / 'registry'}}}}}\n"
        f"http: {{addr: '{address}'}}\n"
    )
    ask = ["curl", "--silent", "--fail", f"http://{address}/v2/"]

    def ready() -> bool:
        return subprocess.run(ask, capture_output=True, check=False).returncode == 0

    with running(["docker-registry", "serve", str(config)], tmp_path / "registry.log", ready):
        yield address


@pytest.fixture
def engine_of_containerd(tmp_path: Path) -> Iterator[str]:
    """A second Engine whose images lie in containerd's store."""
    if os.geteuid() != 0 or not shutil.which("dockerd") or not shutil.which("ip"):
        pytest.skip("a second Engine needs root, dockerd and ip")
    # The address of a socket holds about a hundred bytes, and containerd's lie deep below this.
    folder = tempfile.TemporaryDirectory(prefix="vigie-", ignore_cleanup_errors=True)
    host = f"unix://{folder.name}/engine.sock"
    (tmp_path / "daemon.json").write_text('{"features": {"containerd-snapshotter": true}}')
    command = ["dockerd", "--config-file", str(tmp_path / "daemon.json"), "--host", host]
    command += [f"--data-root={tmp_path}/data", f"--pidfile={tmp_path}/pid"]
    command += [f"--exec-root={folder.name}/exec"]
    # A bridge of its own: `none` would take docker0 away from the Engine that is there.
    bridge = f"vigie{os.getpid() % 10**8}"
    command += [f"--bridge={bridge}", "--iptables=false", "--ip6tables=false"]

    def ready() -> bool:
        ask = ["docker", "--host", host, "info"]
        return subprocess.run(ask, capture_output=True, check=False).returncode == 0

    for words in (["add", bridge, "type", "bridge"], ["set", bridge, "up"]):
        subprocess.run(["ip", "link", *words], check=True)
    try:
        subprocess.run(["ip", "address", "add", "10.213.77.1/24", "dev", bridge], check=True)
        with running(command, tmp_path / "engine.log", ready):
            yield host
    finally:
        subprocess.run(["ip", "link", "delete", bridge], check=True)
        folder.cleanup()


def same(host: str, image: str, reference: str) -> bool:
    done = subprocess.run(
        ["python3", "-P", "-m", "images.content", image, reference],
        env={**os.environ, "DOCKER_HOST": host, "PYTHONPATH": str(CI)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode == 0


def test_both_stores_recognise_what_either_pushed(
    registry: str, engine_of_containerd: str, tmp_path: Path
) -> None:
    image = base_image()
    if image is None:
        pytest.skip("no image is here: run ./ci/offline/base-images.sh")
    hosts = {
        "classic": os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock"),
        "containerd": engine_of_containerd,
    }
    archive = str(tmp_path / "image.tar")
    # By name, as ci/build.sh hands images on: by id alone the name would be lost.
    with ExitStack() as after:
        name = f"{registry}/drill:1"
        docker(hosts["classic"], "tag", image, name)
        after.callback(docker, hosts["classic"], "rmi", name)
        docker(hosts["classic"], "save", "--output", archive, name)
        docker(hosts["containerd"], "load", "--quiet", "--input", archive)
        ids = {
            kind: docker(host, "image", "inspect", "--format", "{{.Id}}", name)
            for kind, host in hosts.items()
        }
        assert ids["classic"] != ids["containerd"], "then this test shows nothing"
        for kind, host in hosts.items():
            pushed = f"{registry}/{kind}:1"
            docker(host, "tag", ids[kind], pushed)
            if kind == "classic":
                after.callback(docker, host, "rmi", pushed)
            docker(host, "push", "--quiet", pushed)
        for kind, host in hosts.items():
            for other in hosts:
                assert same(host, ids[kind], f"{registry}/{other}:1"), f"{kind} and {other}"

        changed = docker(hosts["classic"], "create", name)
        after.callback(docker, hosts["classic"], "rm", changed)
        forged = docker(hosts["classic"], "commit", "--change", "USER 0:0", changed)
        after.callback(docker, hosts["classic"], "rmi", forged)
        assert not same(hosts["classic"], forged, f"{registry}/classic:1")
