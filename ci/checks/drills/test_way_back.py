"""A deploy that goes wrong ends with the release that ran before, healthy, and an exit code."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from checks.drills import stack
from checks.drills.sandbox import Sandbox, make, plain_environment
from checks.drills.stack import BROKEN, ENDLESS, SERVE, Product, docker, traces
from pipeline import lock

# As the services of the product are.
CONFINED = {
    "read_only": True,
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
    "pids_limit": 128,
    "mem_limit": "256m",
    "shm_size": "32m",
    "stop_signal": "SIGINT",
    "stop_grace_period": "3s",
    "restart": "unless-stopped",
    "tmpfs": ["/scratch:size=16m,mode=1777"],
    "logging": {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}},
    "ports": ["127.0.0.1::8080"],
    "networks": {"default": {"aliases": ["another-name"]}},
    "user": "10001:10001",
}

pytestmark = [pytest.mark.docker, pytest.mark.timeout(400)]


@pytest.fixture
def product(sandbox: Sandbox, tmp_path: Path) -> Iterator[Product]:
    found = stack.base_image()
    if found is None:
        pytest.skip("no image with Python is here: run ./ci/offline/base-images.sh")
    made = Product(sandbox, tmp_path / "state", docker("image", "inspect", "-f", "{{.Id}}", found))
    yield made
    made.clean()


def _verified(product: Product) -> None:
    """Release "one" runs and was verified."""
    done = product.deploy()
    assert done.returncode == 0, done.stdout
    assert product.flavour() == "one"
    done = product.verify()
    assert done.returncode == 0, done.stdout


def test_a_broken_configuration_gives_way_to_the_release_before(product: Product) -> None:
    _verified(product)
    docker("exec", product.running()["Id"], "touch", "/data/kept")
    product.configure(BROKEN, "two")

    done = product.deploy()

    assert done.returncode == 15, done.stdout
    reason = product.sandbox.reason("deploy")
    assert "did not become healthy: web-ui is exited, exit code 1" in reason
    assert "runs again" in reason
    assert "drill: broken on purpose" in done.stdout
    assert product.flavour() == "one"
    docker("exec", product.running()["Id"], "test", "-e", "/data/kept")


def test_a_broken_image_gives_way_to_the_release_before(product: Product) -> None:
    _verified(product)
    container = docker("create", product.image)
    broken = docker("commit", "--change", 'ENTRYPOINT ["false"]', container)
    docker("rm", container)

    done = product.deploy(image=broken)

    assert done.returncode == 15, done.stdout
    assert product.running()["Image"] == product.image
    assert product.flavour() == "one"


def test_a_verification_that_fails_gives_way_to_the_release_before(product: Product) -> None:
    _verified(product)
    product.configure(SERVE, "two")
    assert product.deploy().returncode == 0
    assert product.flavour() == "two"
    product.sandbox.write("fail-verification", "")

    done = product.verify()

    assert done.returncode == 16, done.stdout
    assert "flow: the drill says so; " in product.sandbox.reason("verify")
    assert "runs again" in product.sandbox.reason("verify")
    assert product.flavour() == "one"


def test_a_first_deploy_that_fails_leaves_nothing_running(product: Product) -> None:
    product.configure(BROKEN)

    done = product.deploy()

    assert done.returncode == 15
    assert "nothing ran before, so nothing runs" in product.sandbox.reason("deploy")
    label = f"label=com.docker.compose.project={product.project}"
    assert docker("ps", "--all", "--quiet", "--filter", label) == ""


def test_what_was_started_by_hand_comes_back_as_it_was(product: Product) -> None:
    product.configure(SERVE, "by $hand", **CONFINED)
    product.start_by_hand()
    docker("exec", "--user", "0", product.running()["Id"], "touch", "/data/kept")
    before = product.running()
    product.configure(BROKEN, "two")

    done = product.deploy()

    assert done.returncode == 15, done.stdout
    assert "-by-hand runs again" in product.sandbox.reason("deploy")
    assert product.flavour() == "by $hand"
    assert _what_it_is(product.running()) == _what_it_is(before)
    docker("exec", product.running()["Id"], "test", "-e", "/data/kept")


def test_what_was_started_by_hand_comes_back_after_a_failed_verification(product: Product) -> None:
    product.start_by_hand()
    product.configure(SERVE, "two")
    assert product.deploy().returncode == 0
    product.sandbox.write("fail-verification", "")

    done = product.verify()

    assert done.returncode == 16, done.stdout
    assert "-by-hand runs again" in product.sandbox.reason("verify")
    assert product.flavour() == "one"


def test_a_hand_on_a_release_is_what_runs_then(product: Product) -> None:
    _verified(product)
    product.configure(SERVE, "by hand")
    product.start_by_hand()
    product.configure(BROKEN, "three")

    done = product.deploy()

    assert done.returncode == 15, done.stdout
    assert product.flavour() == "by hand"


def test_what_a_person_took_down_is_not_brought_up_again(product: Product) -> None:
    _verified(product)
    directory = ("--project-directory", str(product.sandbox.root))
    docker("compose", *directory, "down")
    product.configure(BROKEN, "two")

    done = product.deploy()

    assert done.returncode == 15
    assert "nothing ran before, so nothing runs" in product.sandbox.reason("deploy")


def _what_it_is(container: dict[str, Any]) -> dict[str, Any]:
    """What a container was started with, without what each start makes anew."""
    host = {key: value for key, value in container["HostConfig"].items() if key != "Mounts"}
    # Compose says the same mount in one of two ways.
    host.pop("Binds")
    config = {
        key: container["Config"].get(key)
        for key in ("Cmd", "Entrypoint", "Healthcheck", "User", "StopSignal", "StopTimeout")
    }
    config["Env"] = sorted(container["Config"]["Env"])
    mounts = [
        (it["Type"], it.get("Name"), it["Destination"], it["RW"]) for it in container["Mounts"]
    ]
    networks = {
        name: set(it["Aliases"]) - {container["Id"][:12]}
        for name, it in container["NetworkSettings"]["Networks"].items()
    }
    return {"image": container["Image"], **host, **config, "m": sorted(mounts), "n": networks}


def test_a_way_back_that_fails_asks_for_a_person(product: Product) -> None:
    _verified(product)
    (kept,) = product.state.glob("*/releases/*/compose.json")
    kept.write_text(kept.read_text().replace("http.server", "no.such.module"))
    product.configure(BROKEN, "two")

    done = product.deploy()

    assert done.returncode == 23, done.stdout
    assert "the product is down" in product.sandbox.reason("deploy")


def test_rollback_goes_to_the_verified_release_before(product: Product) -> None:
    _verified(product)
    product.configure(SERVE, "two")
    product.deploy()
    product.verify()
    assert product.flavour() == "two"

    project = {"VIGIE_PROJECT": product.project}
    done = product.sandbox.run("rollback.sh", environment={**product.environment, **project})

    assert done.returncode == 0, done.stdout
    assert product.flavour() == "one"


@pytest.mark.parametrize("target", ["product", "ephemeral"])
def test_an_interrupted_deploy_leaves_what_was_there(product: Product, target: str) -> None:
    if target == "product":
        _verified(product)
    product.configure(ENDLESS, "two")
    product.sandbox.built({"web-ui": product.image})
    process = subprocess.Popen(
        [product.sandbox.root / "ci" / "deploy.sh"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**plain_environment(), **product.environment, "VIGIE_TARGET": target}
        | {"VIGIE_HEALTH_SECONDS": "60"},
    )
    _wait_for_flavour_two(product)

    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=120)

    assert process.returncode == 143, output
    if target == "product":
        assert product.flavour() == "one"
    else:
        told = product.sandbox.root / ".ci-out" / "deploy" / "deploy.txt"
        project = _ephemeral(told.read_text())
        assert project != ""
        assert traces(project) == []


def test_ctrl_c_while_a_deploy_waits_for_another_leaves_all_as_it_is(product: Product) -> None:
    _verified(product)
    product.sandbox.built({"web-ui": product.image})
    with lock.held(product.state / product.project / "lock", "the product", 1, print):
        process = subprocess.Popen(
            [product.sandbox.root / "ci" / "deploy.sh"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**plain_environment(), **product.environment},
        )
        told = product.sandbox.root / ".ci-out" / "deploy" / "deploy.txt"
        deadline = time.monotonic() + 60
        while not told.exists() or "is in use by" not in told.read_text():
            assert time.monotonic() < deadline, "it never waited"
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)

    assert process.returncode == 130, output
    assert "Traceback" not in output + told.read_text()
    assert product.flavour() == "one"


def test_two_throw_away_stacks_at_once_do_not_meet(product: Product, tmp_path: Path) -> None:
    other = Product(make(tmp_path / "other"), tmp_path / "other-state", product.image)
    other.configure(SERVE, "two")
    both = (product, other)
    projects = []
    for each in both:
        done = each.deploy(VIGIE_TARGET="ephemeral")
        assert done.returncode == 0, done.stdout
        projects.append(_ephemeral(done.stdout))
    assert projects[0] != projects[1]
    assert all(traces(project) for project in projects)

    for each, project in zip(both, projects, strict=True):
        assert each.sandbox.run("teardown.sh").returncode == 0
        assert traces(project) == []


def test_resume_notices_that_the_stack_is_gone(product: Product) -> None:
    _verified(product)
    ask = ("deploy.sh", "--recheck")
    assert product.sandbox.run(*ask, environment=product.environment).returncode == 0
    docker("rm", "--force", product.running()["Id"])

    done = product.sandbox.run(*ask, environment=product.environment)

    assert done.returncode == 1
    assert "web-ui" in done.stdout


def _ephemeral(output: str) -> str:
    """The name of the stack that a deploy started."""
    lines = [line for line in output.splitlines() if line.startswith("up: vigie-ci-")]
    return lines[0].removeprefix("up: ") if lines else ""


def _wait_for_flavour_two(product: Product) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        # A throw-away stack has a name of its own, so the drill goes by a label.
        if docker("ps", "--quiet", "--filter", f"label=drill={product.project}-two"):
            return
        time.sleep(0.1)
    pytest.fail(f"{product.project}: the new container never started")
