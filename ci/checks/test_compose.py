"""docker-compose.yml read without an engine: the promises that a typo would break."""

import importlib
import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.settings import PREFIX, TRUSTED_PROXIES, ServiceSettings

ROOT = Path(__file__).parents[2]
FOUR = ("alert-ingestion", "incident-management", "oncall-service", "web-ui")
LONG_RUNNING = (*FOUR, "postgres", "prometheus", "grafana")
ONE_SHOT = "secrets"
PUBLISHED = {
    "alert-ingestion": "8001",
    "web-ui": "8080",
    "prometheus": "9090",
    "grafana": "3000",
}
# Names in environment variables whose values must never stand in the file.
# Grafana's switch about the public keys of plugins is none.
SECRET_NAME = re.compile(r"PASSWORD|TOKEN|SECRET|CALLERS|(?<!PUBLIC)_KEY")


class ComposeLoader(yaml.SafeLoader):
    """YAML with compose's own tags; what they do when files are merged does not matter here."""


def _overridden(loader: yaml.SafeLoader, node: yaml.Node) -> list[Any]:
    assert isinstance(node, yaml.SequenceNode)
    return loader.construct_sequence(node)


ComposeLoader.add_constructor("!override", _overridden)


def compose(name: str = "docker-compose.yml") -> dict[str, Any]:
    with (ROOT / name).open(encoding="utf-8") as file:
        document: dict[str, Any] = yaml.load(file, ComposeLoader)  # noqa: S506 - a SafeLoader
    return document


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found


def distribution() -> Any:
    path = ROOT / "services/secrets/distribute.py"
    spec = importlib.util.spec_from_file_location("distribute", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["distribute"] = module
    spec.loader.exec_module(module)
    return module


def test_the_product_is_seven_services_and_one_that_ends() -> None:
    assert set(services()) == {*LONG_RUNNING, ONE_SHOT}


@pytest.mark.parametrize("name", [*LONG_RUNNING, ONE_SHOT])
def test_every_container_is_confined(name: str) -> None:
    service = services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service.get("cap_add", []) == (["CHOWN"] if name == ONE_SHOT else [])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert service["logging"]["options"]["max-size"]
    assert "privileged" not in service
    assert "user" not in service, "the image says who it runs as, the same wherever it runs"
    assert not [mount for mount in service["volumes"] if mount.startswith((".", "/", "~"))]


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_every_service_restarts_and_waits_for_its_secrets(name: str) -> None:
    service = services()[name]
    assert service["restart"] == "unless-stopped"
    assert service["depends_on"][ONE_SHOT] == {"condition": "service_completed_successfully"}
    assert "secrets:/run/secrets:ro" in service["volumes"]


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_every_service_is_asked_for_its_health(name: str) -> None:
    if name in FOUR:
        text = (ROOT / "services" / name / "Dockerfile").read_text(encoding="utf-8")
        assert "HEALTHCHECK" in text
    else:
        assert services()[name]["healthcheck"]["test"][0] == "CMD"


def test_the_service_that_makes_the_secrets_has_no_network_and_runs_once() -> None:
    secrets = services()[ONE_SHOT]
    assert secrets["network_mode"] == "none"
    assert secrets["restart"] == "no"


def test_nothing_depends_on_grafana() -> None:
    assert not [name for name, it in services().items() if "grafana" in it.get("depends_on", {})]


def test_only_postgresql_and_its_users_share_its_network_and_it_leads_nowhere() -> None:
    members = {name for name, it in services().items() if "database" in it.get("networks", [])}
    assert members == {"postgres", "alert-ingestion", "incident-management", "oncall-service"}
    assert services()["postgres"]["networks"] == ["database"]
    assert compose()["networks"]["database"] == {"internal": True}


def test_the_ports_of_the_design_are_published_and_no_other_on_loopback_by_default() -> None:
    published = {name: it["ports"] for name, it in services().items() if it.get("ports")}
    assert set(published) == set(PUBLISHED)
    for name, port in PUBLISHED.items():
        assert len(published[name]) == 1
        assert published[name][0].startswith("${VIGIE_BIND_ADDRESS:-127.0.0.1}:")
        assert published[name][0].endswith(f":-{port}}}:{port}")


@pytest.mark.parametrize("name", [*LONG_RUNNING, ONE_SHOT])
def test_no_secret_stands_in_an_environment(name: str) -> None:
    for variable, value in services()[name].get("environment", {}).items():
        if SECRET_NAME.search(variable):
            assert variable.endswith("_FILE"), f"{name}: {variable} must be given as a file"
            assert value.startswith((f"/run/secrets/{name}/", "${")), f"{name}: {variable}"


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_the_secrets_a_service_names_are_the_ones_it_is_given(name: str) -> None:
    named = {
        Path(value).name
        for value in services()[name].get("environment", {}).values()
        if str(value).startswith("/run/secrets/")
    }
    given = set(distribution().CONSUMERS[name].files)
    if name == "postgres":
        bootstrap = (ROOT / "services/postgres/bootstrap.sql").read_text(encoding="utf-8")
        named |= {file for file in given if file in bootstrap}
    if name == "prometheus":
        configuration = (ROOT / "prometheus/prometheus.yml").read_text(encoding="utf-8")
        named |= set(re.findall(r"/run/secrets/prometheus/(\w+)", configuration))
    assert named == given - set(distribution().OPTIONAL)


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_a_consumer_of_secrets_runs_as_the_uid_that_may_read_them(name: str) -> None:
    folder = ROOT / services()[name]["build"]["context"]
    text = (folder / "Dockerfile").read_text(encoding="utf-8")
    uid = re.findall(r"^USER (\d+):", text, re.MULTILINE)[-1]
    assert distribution().CONSUMERS[name].uid == int(uid)


@pytest.mark.parametrize("name", [*LONG_RUNNING, ONE_SHOT])
def test_images_are_local_by_default_and_never_pulled_by_a_local_name(name: str) -> None:
    image = f"${{VIGIE_IMAGE_PREFIX:-vigie-}}{name}:${{VIGIE_IMAGE_TAG:-local}}"
    assert services()[name]["image"] == image
    assert services()[name]["pull_policy"] == "${VIGIE_PULL_POLICY:-never}"


def test_connections_of_two_replicas_each_fit_into_what_postgresql_allows() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    pool = int(re.findall(r"VIGIE_DATABASE_POOL_SIZE:-(\d+)", text)[0])
    allowed = int(re.findall(r"VIGIE_DATABASE_MAX_CONNECTIONS:-(\d+)", text)[0])
    # A replica adds one connection that listens; figures and a person with psql get ten.
    assert 2 * 3 * (pool + 1) + 10 <= allowed


def test_the_overlay_changes_neither_images_nor_what_confines_a_container() -> None:
    overlay = compose("docker-compose.ci.yml")
    assert set(overlay) - {"services", "volumes"} == {"x-ephemeral"}
    allowed = {"restart", "ports", "entrypoint", "command"}
    for name, service in overlay["services"].items():
        assert set(service) <= allowed, name
        assert service["restart"] == "no"
        for port in service.get("ports", []):
            assert re.fullmatch(r"127\.0\.0\.1::\d+", port), f"{name}: {port} is not a free port"


@pytest.mark.parametrize("name", ["oncall-service", "web-ui"])
def test_links_lead_to_the_port_that_web_ui_is_published_on(name: str) -> None:
    port = services()["web-ui"]["ports"][0].split(":", 1)[1].removesuffix(":8080").split(":", 1)[1]
    given = services()[name]["environment"]["VIGIE_WEB_UI_URL"]
    assert port == "${VIGIE_WEB_UI_PORT:-8080}"
    assert given == f"${{VIGIE_WEB_UI_URL:-http://localhost:{port}}}"


def test_senders_are_told_the_port_that_alert_ingestion_is_published_on() -> None:
    there = services()["alert-ingestion"]["ports"][0].removesuffix(":8001").split(":", 2)[2]
    given = services()["web-ui"]["environment"]["VIGIE_ALERT_INGESTION_PUBLIC_URL"]
    assert there == "${VIGIE_ALERT_INGESTION_PORT:-8001}"
    assert given == f"${{VIGIE_ALERT_INGESTION_PUBLIC_URL:-http://localhost:{there}}}"


def test_every_setting_of_compose_is_explained_in_the_example() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    variables = {*re.findall(r"\$\{(VIGIE_\w+)", text), TRUSTED_PROXIES}
    for folder in ("services/alert-ingestion", "services/postgres", "prometheus", "grafana"):
        dockerfile = (ROOT / folder / "Dockerfile").read_text(encoding="utf-8")
        variables |= set(re.findall(r"^ARG (VIGIE_\w+_IMAGE)=", dockerfile, re.MULTILINE))
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    missing = {name for name in variables if not re.search(rf"^#? ?{name}=", example, re.MULTILINE)}
    assert missing == set()


def settings_class(service: str) -> type[ServiceSettings]:
    module = importlib.import_module(f"{service.replace('-', '_')}.settings")
    (found,) = (
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, ServiceSettings)
        and value.__module__ == module.__name__
    )
    return found


@pytest.mark.parametrize("name", FOUR)
def test_compose_knows_every_setting_of_a_service_and_no_other(name: str) -> None:
    given = {variable.removesuffix("_FILE") for variable in services()[name].get("environment", {})}
    dockerfile = (ROOT / "services" / name / "Dockerfile").read_text(encoding="utf-8")
    given |= set(re.findall(r"^(?:ENV|   ) +(VIGIE_\w+)=", dockerfile, re.MULTILINE))
    known = {f"{PREFIX}{field}".upper() for field in settings_class(name).model_fields}
    # The same for everybody, and right as it is.
    assert known - given == ({"VIGIE_DATABASE_PORT", "VIGIE_DATABASE_NAME"} & known)
    # Read by the server below the service, and checked by its settings.
    assert given - known == {TRUSTED_PROXIES}


@pytest.mark.parametrize("name", FOUR)
def test_every_setting_of_a_service_is_explained_in_the_example(name: str) -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    explained = set(re.findall(r"^#? ?(VIGIE_\w+?)(?:_FILE)?=", example, re.MULTILINE))
    assert {f"{PREFIX}{field}".upper() for field in settings_class(name).model_fields} <= explained
