import json
import stat
from pathlib import Path

import pytest

from oncall_service.settings import OncallSettings
from vigie_local import secret_files


def test_every_secret_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    made = secret_files.ensure(folder)
    assert set(made) == {*secret_files.GENERATORS, secret_files.CALLERS}
    before = {path.name: path.read_text() for path in folder.iterdir()}
    assert secret_files.ensure(folder) == []
    assert {path.name: path.read_text() for path in folder.iterdir()} == before
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_secret_that_a_person_wrote_is_kept(tmp_path: Path) -> None:
    (tmp_path / "admin_password").write_text("mine\n")
    assert "admin_password" not in secret_files.ensure(tmp_path)
    assert secret_files.read(tmp_path, "admin_password") == "mine"


def test_a_file_left_empty_by_a_full_disk_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "csrf_secret").touch()
    assert "csrf_secret" in secret_files.ensure(tmp_path)
    assert secret_files.read(tmp_path, "csrf_secret")


def test_the_callers_follow_the_tokens(tmp_path: Path) -> None:
    secret_files.ensure(tmp_path)
    (tmp_path / "web_ui_token").write_text("another")
    assert secret_files.ensure(tmp_path) == ["callers.json"]
    callers = json.loads(secret_files.read(tmp_path, "callers.json"))
    assert set(callers) == set(secret_files.SERVICES)
    assert callers["web-ui"] == secret_files.fingerprint("another")


def test_an_ingestion_key_has_the_shape_that_pagerduty_clients_accept(tmp_path: Path) -> None:
    secret_files.ensure(tmp_path)
    key = secret_files.read(tmp_path, "ingestion_key")
    assert len(key) == 32
    assert key.isalnum()
    assert key == key.lower()


def test_the_keys_that_are_made_are_taken_by_who_needs_them(tmp_path: Path) -> None:
    secret_files.ensure(tmp_path)
    settings = OncallSettings(
        database_user="x",
        sealing_keys=secret_files.read(tmp_path, "sealing_keys"),
        vapid_private_key=secret_files.read(tmp_path, "vapid_private_key"),
    )
    assert len(settings.sealing_key_list) == 1
    assert settings.vapid_key is not None


def test_a_folder_that_cannot_be_written_leaves_no_half_of_a_secret(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(FileExistsError):
        secret_files.ensure(blocked)
    assert list(tmp_path.iterdir()) == [blocked]
