from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.settings import DatabaseSettings, ServiceSettings, SettingsError, load


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("VIGIE_DATABASE_USER", "vigie_tests")
    return monkeypatch


def test_a_secret_is_read_from_the_file_its_variable_names(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("from a file\n")
    environment.setenv("VIGIE_DATABASE_PASSWORD_FILE", str(tmp_path / "password"))
    assert load(DatabaseSettings).database_password.get_secret_value() == "from a file"


def test_json_can_come_from_a_file_too(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "callers.json").write_text('{"web-ui": "abc"}')
    environment.setenv("VIGIE_CALLERS_FILE", str(tmp_path / "callers.json"))
    assert load(ServiceSettings).callers == {"web-ui": "abc"}


def test_a_value_and_a_file_for_one_variable_is_a_mistake_that_is_said(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("one")
    environment.setenv("VIGIE_DATABASE_PASSWORD_FILE", str(tmp_path / "password"))
    environment.setenv("VIGIE_DATABASE_PASSWORD", "two")
    with pytest.raises(SettingsError, match="VIGIE_DATABASE_PASSWORD and .*_FILE are both set"):
        load(DatabaseSettings)


def test_a_file_that_is_not_there_is_named(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("VIGIE_DATABASE_PASSWORD_FILE", "/nowhere/password")
    with pytest.raises(SettingsError, match="VIGIE_DATABASE_PASSWORD_FILE names /nowhere/password"):
        load(DatabaseSettings)


@pytest.mark.parametrize(
    ("variable", "value"),
    [("VIGIE_BIND_PORT", "eighty"), ("VIGIE_LOG_LEVEL", "loud"), ("VIGIE_CALLERS", "{")],
)
def test_nonsense_is_refused_by_the_name_of_its_variable(
    environment: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    environment.setenv(variable, value)
    with pytest.raises(SettingsError, match=variable) as refused:
        load(ServiceSettings)
    assert value not in str(refused.value).replace(variable, "")


def test_a_missing_variable_is_named(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("VIGIE_DATABASE_USER")
    with pytest.raises(SettingsError, match="VIGIE_DATABASE_USER: Field required"):
        load(DatabaseSettings)


@pytest.mark.parametrize(
    "text", ["", "*", "127.0.0.1", "10.0.0.0/8, 192.0.2.7", "::1,fd00::/8", " 127.0.0.1 "]
)
def test_trusted_proxies_are_addresses_and_networks(
    environment: pytest.MonkeyPatch, text: str
) -> None:
    environment.setenv("FORWARDED_ALLOW_IPS", text)
    assert load(ServiceSettings)


@pytest.mark.parametrize("text", ["caddy", "172.18.0.1/16", "127.0.0.1,", "10.0.0.0/33"])
def test_a_trusted_proxy_that_would_never_be_believed_is_named(
    environment: pytest.MonkeyPatch, text: str
) -> None:
    environment.setenv("FORWARDED_ALLOW_IPS", text)
    with pytest.raises(SettingsError, match="FORWARDED_ALLOW_IPS"):
        load(ServiceSettings)


def test_settings_do_not_change_after_the_start() -> None:
    settings = load(DatabaseSettings)
    with pytest.raises(ValidationError, match="frozen"):
        settings.database_user = "somebody else"  # type: ignore[misc]
