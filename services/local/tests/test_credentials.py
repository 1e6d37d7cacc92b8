import json
import os
import stat
from pathlib import Path

import pytest

from vigie_local import credentials, report, secret_files
from vigie_local.installation import Installation
from vigie_local.processes import ProcessIdentity
from vigie_local.run_state import Child, RunState

KEYS = {
    "runtime",
    "urls",
    "admin",
    "ingestion_key",
    "api_token",
    "grafana_admin_password",
}
URLS = {
    "web_ui",
    "alert_ingestion",
    "incident_management",
    "oncall_service",
    "prometheus",
    "grafana",
}


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """One that runs on ports of its own choice, as far as its state file says."""
    monkeypatch.setenv("VIGIE_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("PATH", "/nowhere")
    made = Installation.from_environment(os.environ)
    made.make_folders()
    secret_files.ensure(made.secrets)
    identity = ProcessIdentity.of(os.getpid())
    assert identity is not None
    ports = {**made.ports, "web-ui": 18080}
    children = {name: Child(identity) for name in secret_files.SERVICES}
    RunState(identity, "ready", ports=ports, children=children).write(made.run)
    return made


def test_the_json_has_the_agreed_shape_and_the_ports_it_was_started_with(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert credentials.main(["--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == KEYS
    assert set(found["urls"]) == URLS
    assert found["runtime"] == "local"
    assert found["urls"]["web_ui"] == "http://127.0.0.1:18080"
    assert found["urls"]["grafana"] is None
    assert found["urls"]["prometheus"] is None
    assert found["admin"] == {
        "user": "admin",
        "password": secret_files.read(installation.secrets, "admin_password"),
    }


@pytest.mark.usefixtures("installation")
def test_the_people_of_the_demonstration_have_a_password_that_is_made_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert credentials.main([]) == 0
    assert "demo" not in capsys.readouterr().out
    assert credentials.main(["--json", "--demo-password"]) == 0
    made = json.loads(capsys.readouterr().out)["demo_password"]
    assert credentials.main(["--json", "--demo-password"]) == 0
    assert json.loads(capsys.readouterr().out)["demo_password"] == made
    assert credentials.main([]) == 0
    told = capsys.readouterr().out
    assert made in told
    assert "maya.patel" in told


def test_the_admin_is_whom_the_first_start_made_whatever_this_terminal_has_set(
    installation: Installation, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    installation.note_admin_user({"VIGIE_BOOTSTRAP_ADMIN_USER": "root"})
    installation.note_admin_user({"VIGIE_BOOTSTRAP_ADMIN_USER": "somebody"})
    monkeypatch.setenv("VIGIE_BOOTSTRAP_ADMIN_USER", "somebody")
    assert credentials.main(["--json"]) == 0
    assert json.loads(capsys.readouterr().out)["admin"]["user"] == "root"
    assert "sign in as           root" in report.addresses(installation, None)


def test_the_text_holds_a_curl_line_with_the_key(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert credentials.main([]) == 0
    shown = capsys.readouterr().out
    key = secret_files.read(installation.secrets, "ingestion_key")
    assert f"curl -sS http://127.0.0.1:8001/api/v1/alerts -H 'Authorization: Bearer {key}'" in shown


def test_nothing_up_is_said_and_is_no_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VIGIE_STATE_DIR", str(tmp_path / "empty"))
    monkeypatch.setenv("PATH", "/nowhere")
    assert credentials.main(["--json"]) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert "./services/run.sh --detach" in said.err
    assert not (tmp_path / "empty").exists()


# A stand-in for docker that answers as compose 2.26 and later do.
DOCKER = """#!/bin/sh
case "$*" in
  "compose ps --status running"*) printf 'alert-ingestion\\nweb-ui\\n' ;;
  "compose ps --all --quiet secrets") echo one-shot ;;
  "inspect --format {{.Image}} one-shot") echo sha256:ran ;;
  "run --rm"*" --volumes-from=one-shot sha256:ran /run/secrets show")
    echo '{"admin_password": "a", "ingestion_key": "b", "api_token": "c", "grafana_admin_password": "d"}' ;;
  "compose exec -T oncall-service printenv"*) echo 'chief' ;;
  "compose exec -T oncall-service python -m oncall_service.reset_admin")
    cat > "$(dirname "$0")/given"; echo '{"user": "chief"}' ;;
  "run --rm"*" --cap-add=CHOWN "*" --volumes-from=one-shot sha256:ran /run/secrets put admin_password")
    cat > "$(dirname "$0")/kept" ;;
  "compose port web-ui 8080") echo '0.0.0.0:8080' ;;
  "compose port alert-ingestion 8001") echo '127.0.0.1:49153' ;;
  *) echo "service has no port binding" >&2; exit 1 ;;
esac
"""  # noqa: E501


def test_the_compose_stack_is_asked_through_docker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    docker = tmp_path / "docker"
    docker.write_text(DOCKER)
    docker.chmod(stat.S_IRWXU)
    monkeypatch.setenv("VIGIE_STATE_DIR", str(tmp_path / "empty"))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert credentials.main(["--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["runtime"] == "compose"
    assert found["admin"] == {"user": "chief", "password": "a"}
    assert found["grafana_admin_password"] == "d"
    assert found["urls"] == {
        "web_ui": "http://127.0.0.1:8080",
        "alert_ingestion": "http://127.0.0.1:49153",
        **dict.fromkeys(URLS - {"web_ui", "alert_ingestion"}),
    }


@pytest.mark.parametrize("running", ["", "alert-ingestion"])
def test_a_stack_whose_port_was_taken_is_said_to_be_half_started(
    running: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    docker = tmp_path / "docker"
    created = '"compose ps --all --status created"*) printf "web-ui\\ngrafana\\n" ;;'
    script = DOCKER.replace("alert-ingestion\\nweb-ui\\n", f"{running}\\n")
    docker.write_text(script.replace('case "$*" in', f'case "$*" in\n  {created}'))
    docker.chmod(stat.S_IRWXU)
    monkeypatch.setenv("VIGIE_STATE_DIR", str(tmp_path / "empty"))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert credentials.main([]) == (0 if running else 3)
    said = capsys.readouterr()
    assert "half started: grafana, web-ui did not start" in said.err
    assert "VIGIE_WEB_UI_PORT" in said.err
    assert ("sign in as" in said.out) is bool(running)


@pytest.mark.parametrize(
    ("published", "url"),
    [
        ("0.0.0.0:8080\n[::]:8080\n", "http://127.0.0.1:8080"),
        ("[::]:8080\n", "http://127.0.0.1:8080"),
        ("192.0.2.7:80\n", "http://192.0.2.7:80"),
        (":0\n", None),
        ("", None),
        (None, None),
    ],
)
def test_a_published_port_becomes_an_address(published: str | None, url: str | None) -> None:
    assert credentials.address(published) == url


def test_the_administrator_of_the_compose_stack_gets_a_password_that_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    docker = tmp_path / "docker"
    docker.write_text(DOCKER)
    docker.chmod(stat.S_IRWXU)
    monkeypatch.setenv("VIGIE_STATE_DIR", str(tmp_path / "empty"))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert credentials.main(["--reset-admin"]) == 0
    password = (tmp_path / "given").read_text()
    assert (tmp_path / "kept").read_text() == password
    shown = capsys.readouterr().out
    assert "sign in as           chief" in shown
    assert shown.count(password) == 1


def test_the_administrator_of_the_runner_gets_a_password_that_is_kept(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given: list[str | None] = []

    def run(command: list[str], *, said_to_it: str | None = None) -> str:
        assert command[1:] == ["-m", "vigie_local.reset_admin"]
        given.append(said_to_it)
        return '{"user": "admin"}\n'

    monkeypatch.setattr(credentials, "_run", run)
    before = secret_files.read(installation.secrets, "admin_password")
    assert credentials.main(["--reset-admin", "--json"]) == 0
    after = secret_files.read(installation.secrets, "admin_password")
    assert after != before
    assert given == [after]
    assert json.loads(capsys.readouterr().out)["admin"] == {"user": "admin", "password": after}
    assert (installation.secrets / "admin_password").stat().st_mode & 0o777 == 0o600


def test_a_reset_that_fails_leaves_the_password_and_says_why(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(_command: list[str], *, said_to_it: str | None = None) -> str:
        del said_to_it
        raise credentials.CredentialsError("The database does not answer; nothing was changed.")

    monkeypatch.setattr(credentials, "_run", run)
    before = secret_files.read(installation.secrets, "admin_password")
    assert credentials.main(["--reset-admin"]) == 1
    assert secret_files.read(installation.secrets, "admin_password") == before
    assert "The database does not answer" in capsys.readouterr().err
