import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from vigie_local import ports, preflight, programs, prometheus_config
from vigie_local.installation import REPOSITORY, Installation, InstallationError
from vigie_local.removal import remove

SECRET = "made-up-for-this-test"


def _installation(tmp_path: Path, **environment: str) -> Installation:
    return Installation.from_environment(
        {"VIGIE_STATE_DIR": str(tmp_path / "state"), **environment}
    )


def test_ports_come_from_the_environment_and_nonsense_is_named(tmp_path: Path) -> None:
    made = _installation(tmp_path, VIGIE_WEB_UI_PORT="18080")
    assert made.url("web-ui") == "http://127.0.0.1:18080"
    assert made.url("oncall-service") == "http://127.0.0.1:8003"
    for value in ("http", "0", "65536", "-1"):
        with pytest.raises(InstallationError, match="VIGIE_WEB_UI_PORT"):
            _installation(tmp_path, VIGIE_WEB_UI_PORT=value)
    with pytest.raises(InstallationError, match="also the port of web-ui"):
        _installation(tmp_path, VIGIE_ALERT_INGESTION_PORT="8080")


def test_listening_everywhere_still_gives_an_address_that_can_be_opened(tmp_path: Path) -> None:
    everywhere = "0.0.0.0"  # noqa: S104 - nothing is bound here
    made = _installation(tmp_path, VIGIE_BIND_HOST=everywhere)
    assert made.url("web-ui") == "http://127.0.0.1:8080"


def test_the_state_folder_is_closed_to_others(tmp_path: Path) -> None:
    made = _installation(tmp_path)
    made.state.mkdir(mode=0o755)
    made.make_folders()
    assert stat.S_IMODE(made.state.stat().st_mode) == 0o700


def test_a_taken_port_is_named_with_its_holder_and_the_way_out(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        made = _installation(tmp_path, VIGIE_WEB_UI_PORT=str(port))
        with pytest.raises(InstallationError) as caught:
            preflight.check_ports(made)
    assert f"port {port}, for web-ui, is taken by " in str(caught.value)
    assert "(process " in str(caught.value)
    assert "VIGIE_WEB_UI_PORT=PORT" in str(caught.value)
    assert ports.is_free("127.0.0.1", port)


def test_a_service_sees_its_own_secrets_as_files_and_nothing_of_the_shell(tmp_path: Path) -> None:
    made = _installation(tmp_path)
    environment = {
        "PATH": "/bin",
        "SHELL_SECRET": SECRET,
        "VIGIE_SMTP_HOST": "mail.example",
        "FORWARDED_ALLOW_IPS": "127.0.0.1,10.0.0.0/8",
        "HTTPS_PROXY": "http://proxy.example:3128",
    }
    program = programs.service(made, "oncall-service", database_port=5433, environment=environment)
    assert SECRET not in program.environment.values()
    assert program.environment["VIGIE_SMTP_HOST"] == "mail.example"
    assert program.environment["FORWARDED_ALLOW_IPS"] == "127.0.0.1,10.0.0.0/8"
    assert "HTTPS_PROXY" not in program.environment, "webhooks have a setting of their own"
    assert program.environment["VIGIE_DATABASE_USER"] == "vigie_oncall"
    assert program.environment["VIGIE_BOOTSTRAP_ADMIN_PASSWORD_FILE"].endswith("admin_password")
    assert "VIGIE_BOOTSTRAP_INGESTION_KEY_FILE" not in program.environment
    assert program.command[1:] == ["-m", "oncall_service"]


def test_a_secret_given_by_value_takes_the_place_of_the_generated_one(tmp_path: Path) -> None:
    program = programs.service(
        _installation(tmp_path),
        "oncall-service",
        database_port=5433,
        environment={"VIGIE_BOOTSTRAP_ADMIN_PASSWORD": SECRET},
    )
    assert program.environment["VIGIE_BOOTSTRAP_ADMIN_PASSWORD"] == SECRET
    assert "VIGIE_BOOTSTRAP_ADMIN_PASSWORD_FILE" not in program.environment


def test_prometheus_is_pointed_at_the_ports_of_this_machine(tmp_path: Path) -> None:
    source = tmp_path / "prometheus.yml"
    source.write_text("""
rule_files: [rules/*.yml]
alerting:
  alertmanagers:
    - static_configs: [{targets: ["alert-ingestion:8001"]}]
      authorization: {credentials_file: /run/secrets/prometheus/ingestion_key}
scrape_configs:
  - job_name: vigie
    static_configs: [{targets: ["alert-ingestion:8001", "web-ui:8080"], labels: {a: b}}]
  - job_name: replicas
    dns_sd_configs: [{names: [oncall-service], type: A, port: 8003}]
  - job_name: grafana
    static_configs: [{targets: ["grafana:3000"]}]
""")
    made = _installation(tmp_path, VIGIE_WEB_UI_PORT="18080")
    derived = yaml.safe_load(prometheus_config.derive(source, made))
    jobs = {job["job_name"]: job for job in derived["scrape_configs"]}
    assert set(jobs) == {"vigie", "replicas"}
    assert jobs["vigie"]["static_configs"] == [
        {"targets": ["127.0.0.1:8001", "127.0.0.1:18080"], "labels": {"a": "b"}}
    ]
    assert jobs["replicas"]["static_configs"] == [
        {"targets": ["127.0.0.1:8003"], "labels": {"__meta_dns_name": "oncall-service"}}
    ]
    (alertmanager,) = derived["alerting"]["alertmanagers"]
    assert alertmanager["static_configs"] == [{"targets": ["127.0.0.1:8001"]}]
    assert alertmanager["authorization"]["credentials_file"] == str(made.secrets / "ingestion_key")
    assert derived["rule_files"] == [f"{tmp_path}/rules/*.yml"]


def test_the_product_configuration_of_prometheus_can_be_derived(tmp_path: Path) -> None:
    source = REPOSITORY / "prometheus" / "prometheus.yml"
    derived = yaml.safe_load(prometheus_config.derive(source, _installation(tmp_path)))
    assert derived["scrape_configs"]


def test_a_reset_removes_what_the_runner_made_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = _installation(tmp_path)
    database = tmp_path / "database"
    monkeypatch.setattr(Installation, "database", property(lambda _: database))
    made.make_folders()
    database.mkdir()
    (made.secrets).mkdir()
    (made.state / "of-somebody-else").touch()
    remove(made)
    assert [path.name for path in made.state.iterdir()] == ["of-somebody-else"]
    assert not database.exists()
    (made.state / "of-somebody-else").unlink()
    remove(made)
    assert not made.state.exists()


def test_the_address_of_the_pages_is_for_people_to_say(tmp_path: Path) -> None:
    made = _installation(tmp_path)
    given = {"VIGIE_WEB_UI_URL": "https://vigie.example", "VIGIE_ONCALL_SERVICE_URL": "http://else"}
    program = programs.service(made, "oncall-service", database_port=1, environment=given)
    assert program.environment["VIGIE_WEB_UI_URL"] == "https://vigie.example"
    assert program.environment["VIGIE_ONCALL_SERVICE_URL"] == made.url("oncall-service")
    plain = programs.service(made, "oncall-service", database_port=1, environment={})
    assert plain.environment["VIGIE_WEB_UI_URL"] == made.url("web-ui")


def test_senders_are_told_where_this_installation_takes_their_alerts(tmp_path: Path) -> None:
    made, told = _installation(tmp_path), "VIGIE_ALERT_INGESTION_PUBLIC_URL"
    plain = programs.service(made, "web-ui", database_port=1, environment={})
    assert plain.environment[told] == made.url("alert-ingestion")
    given = {told: "https://alerts.example"}
    program = programs.service(made, "web-ui", database_port=1, environment=given)
    assert program.environment[told] == "https://alerts.example"


def test_a_taken_port_is_found_before_anything_is_installed(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        found = subprocess.run(
            [sys.executable, "-P", "-S", "-m", "vigie_local.preflight"],
            env={
                "PYTHONPATH": str(REPOSITORY / "services/local"),
                "VIGIE_STATE_DIR": str(tmp_path),
                "VIGIE_WEB_UI_PORT": str(port),
            },
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    assert found.returncode == 1
    assert f"port {port}, for web-ui, is taken by " in found.stderr
