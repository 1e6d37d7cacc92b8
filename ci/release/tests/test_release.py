"""The words and the rules of a deploy that need no Engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline import lock
from release.found import release_of
from release.render import RenderError, pinned
from release.store import Release, Store
from release.telling import culprit, culprits_first

CI = Path(__file__).resolve().parents[2]


def test_what_runs_is_an_id_and_never_a_build_or_a_pull() -> None:
    service = {"image": "vigie-web-ui:local", "build": {"context": "."}, "volumes": []}
    rendered = pinned({"name": "vigie", "services": {"web-ui": service}}, {"web-ui": "sha256:1"})

    assert rendered["services"]["web-ui"] == {
        "image": "sha256:1",
        "pull_policy": "never",
        "volumes": [],
    }


def test_a_service_that_could_not_be_built_is_left_out_and_nobody_waits_for_it() -> None:
    config = {
        "name": "vigie",
        "services": {
            "grafana": {"image": "g"},
            "web-ui": {"image": "w", "depends_on": {"grafana": {}, "postgres": {}}},
            "postgres": {"image": "p"},
        },
    }

    services = pinned(config, {"web-ui": "sha256:1", "postgres": "sha256:2"})["services"]

    assert set(services) == {"web-ui", "postgres"}
    assert services["web-ui"]["depends_on"] == {"postgres": {}}


def test_a_file_of_the_checkout_may_not_be_mounted() -> None:
    mount = {"type": "bind", "source": "/checkout/prometheus.yml", "target": "/etc/p.yml"}
    config = {"services": {"prometheus": {"image": "p", "volumes": [mount]}}}

    with pytest.raises(RenderError, match=r"prometheus mounts /checkout/prometheus\.yml"):
        pinned(config, {"prometheus": "sha256:1"})


def test_the_cause_comes_before_what_only_waits_for_it() -> None:
    broken = ["web-ui is created", "postgres is starting", "alert-ingestion is exited, exit code 1"]

    ordered = culprits_first(broken, "first line\nport is taken\n")

    assert ordered == [
        "alert-ingestion is exited, exit code 1",
        "port is taken",
        "web-ui is created",
        "postgres is starting",
    ]


def test_the_logs_that_are_shown_are_those_of_the_service_a_sentence_is_about() -> None:
    services = ["web-ui", "alert-ingestion"]
    assert culprit("alert-ingestion is exited, exit code 1", "vigie", services) == "alert-ingestion"
    said = "dependency failed to start: container vigie-alert-ingestion-1 is unhealthy"
    assert culprit(said, "vigie", services) == "alert-ingestion"
    assert culprit("port is taken", "vigie", services) is None


def _release(store: Store, name: str, *, verified: bool) -> Release:
    folder = store.folder / "releases" / name
    folder.mkdir(parents=True)
    release = Release(name, folder, {}, "abc", "2026-01-01T00:00:00+00:00", verified=verified)
    release.save()
    return release


def test_the_way_back_leads_to_the_newest_release_that_was_verified(tmp_path: Path) -> None:
    store = Store("vigie", tmp_path)
    _release(store, "1", verified=True)
    good = _release(store, "2", verified=True)
    _release(store, "3", verified=False)
    now = _release(store, "4", verified=False)

    assert store.last_good(but=now.name) == good
    assert store.way_back(now) == good


def test_the_way_back_of_a_release_leads_to_what_ran_before_it(tmp_path: Path) -> None:
    store = Store("vigie", tmp_path)
    before = store.mark_found(_release(store, "1", verified=False))
    _release(store, "2", verified=True)  # given up by a person, who went back
    now = replace(_release(store, "3", verified=False), before="1")

    assert store.way_back(now) == before


def test_only_the_last_three_releases_are_kept(tmp_path: Path) -> None:
    store = Store("vigie", tmp_path)
    releases = [_release(store, str(number), verified=False) for number in range(5)]

    store.mark_verified(releases[-1])

    assert [release.name for release in store.all()] == ["2", "3", "4"]
    assert store.all()[-1].verified


def test_deploys_that_are_never_verified_keep_three_and_what_is_worth_going_back_to(
    tmp_path: Path,
) -> None:
    store = Store("vigie", tmp_path)
    good = _release(store, "0-good", verified=True)
    before = _release(store, "1", verified=False)
    for _ in range(4):
        before = store.add({}, {}, "abc", before)

    kept = store.all()

    assert len(kept) == 3
    assert kept[0] == good
    assert kept[-1] == before


@pytest.mark.parametrize(
    "command", [["release.rollback"], ["release.verdict", "stack.json", "failed"]]
)
def test_ctrl_c_while_waiting_for_the_lock_of_the_host_changes_nothing(
    tmp_path: Path, command: list[str]
) -> None:
    described = {"target": "product", "project": "vigie", "release": "1"}
    (tmp_path / "stack.json").write_text(json.dumps(described))
    store = Store("vigie", tmp_path / "vigie")
    with lock.held(store.lock, "the product", 1, print):
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", *command],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(CI), "VIGIE_RELEASES_DIR": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        assert "the product of this host is in use by process" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=10)
    assert process.returncode == 130
    assert output.startswith("interrupted: ")
    assert "Traceback" not in output


def test_who_started_the_containers_is_what_their_labels_say(tmp_path: Path) -> None:
    store = Store("vigie", tmp_path)
    _release(store, "1", verified=True)
    two = _release(store, "2", verified=False)

    def container(file: str) -> dict[str, Any]:
        return {"Config": {"Labels": {"com.docker.compose.project.config_files": file}}}

    assert release_of([container(str(two.file))] * 2, store) == two
    by_hand = container("/home/someone/vigie/docker-compose.yml")
    assert release_of([container(str(two.file)), by_hand], store) is None
    assert release_of([], store) is None
