import importlib.util
import io
import json
import stat
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def distribute() -> ModuleType:
    path = Path(__file__).parents[1] / "distribute.py"
    spec = importlib.util.spec_from_file_location("distribute", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by name.
    sys.modules["distribute"] = module
    spec.loader.exec_module(module)
    return module


class Owners:
    """Remembers who was given what: a test need not be root."""

    def __init__(self) -> None:
        self.uids: list[int] = []

    def __call__(self, _descriptor: int, uid: int, gid: int) -> None:
        assert gid == uid
        self.uids.append(uid)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_each_consumer_gets_its_own_files_and_no_other(
    distribute: ModuleType, tmp_path: Path
) -> None:
    owners = Owners()
    made = distribute.distribute(tmp_path, owners)
    assert "postgres_password" in made
    for name, consumer in distribute.CONSUMERS.items():
        expected = set(consumer.files) - set(distribute.OPTIONAL)
        assert {path.name for path in (tmp_path / name).iterdir()} == expected
    assert sorted(set(owners.uids)) == sorted(
        {consumer.uid for consumer in distribute.CONSUMERS.values()}
    )


def test_no_two_consumers_share_a_uid(distribute: ModuleType) -> None:
    uids = [consumer.uid for consumer in distribute.CONSUMERS.values()]
    assert len(set(uids)) == len(uids)
    assert 0 not in uids


def test_only_the_owner_reads_a_file_and_nobody_lists_a_folder(
    distribute: ModuleType, tmp_path: Path
) -> None:
    distribute.distribute(tmp_path, Owners())
    for name in distribute.CONSUMERS:
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o711
        for path in (tmp_path / name).iterdir():
            assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert stat.S_IMODE((tmp_path / "installation").stat().st_mode) == 0o700


def test_a_second_start_makes_nothing_and_changes_nothing(
    distribute: ModuleType, tmp_path: Path
) -> None:
    distribute.distribute(tmp_path, Owners())
    before = contents(tmp_path)
    assert distribute.distribute(tmp_path, Owners()) == []
    assert contents(tmp_path) == before


def test_the_copies_follow_a_secret_that_a_person_removed_to_have_it_made_anew(
    distribute: ModuleType, tmp_path: Path
) -> None:
    distribute.distribute(tmp_path, Owners())
    old = (tmp_path / "web-ui/csrf_secret").read_bytes()
    (tmp_path / "installation/csrf_secret").unlink()
    assert distribute.distribute(tmp_path, Owners()) == ["csrf_secret"]
    new = (tmp_path / "web-ui/csrf_secret").read_bytes()
    assert new != old
    assert new == (tmp_path / "installation/csrf_secret").read_bytes()


def test_a_start_that_was_cut_off_is_completed_by_the_next(
    distribute: ModuleType, tmp_path: Path
) -> None:
    distribute.distribute(tmp_path, Owners())
    complete = contents(tmp_path)
    (tmp_path / "grafana/grafana_admin_password").rename(
        tmp_path / "grafana/.grafana_admin_password.partial"
    )
    distribute.distribute(tmp_path, Owners())
    assert contents(tmp_path) == complete


def test_the_password_of_the_demonstration_is_shown_and_handed_to_no_service(
    distribute: ModuleType, tmp_path: Path
) -> None:
    distribute.distribute(tmp_path, Owners())
    assert "demo_password" not in distribute.shown(tmp_path)
    distribute.put(tmp_path, "demo_password", "made up")
    distribute.distribute(tmp_path, Owners())
    assert distribute.shown(tmp_path)["demo_password"] == "made up"
    assert not [
        path for path in tmp_path.glob("*/demo_password") if path.parent.name != "installation"
    ]


def test_show_prints_what_a_person_needs_and_no_password_of_the_machinery(
    distribute: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    distribute.distribute(tmp_path, Owners())
    distribute.main([str(tmp_path), "show"])
    shown = json.loads(capsys.readouterr().out)
    assert set(shown) == {
        "admin_password",
        "ingestion_key",
        "api_token",
        "grafana_admin_password",
    }
    for name, value in shown.items():
        assert value == (tmp_path / "installation" / name).read_text().strip()


def test_a_password_that_nobody_can_generate_is_put_and_reaches_its_consumer(
    distribute: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("of the mail server\n"))
    monkeypatch.setattr(distribute.distribute, "__defaults__", (Owners(),))
    distribute.main([str(tmp_path), "put", "smtp_password"])
    assert (tmp_path / "oncall-service/smtp_password").read_text() == "of the mail server\n"
    assert not (tmp_path / "web-ui/smtp_password").exists()


def test_a_secret_nobody_reads_or_an_empty_one_is_refused(
    distribute: ModuleType, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="nobody reads a secret 'smtp_pasword'"):
        distribute.put(tmp_path, "smtp_pasword", "a typo")
    with pytest.raises(ValueError, match="empty"):
        distribute.put(tmp_path, "smtp_password", "")
