"""The embedded server, on clusters that the test breaks in the ways real ones are broken."""

import os
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from vigie_local import postgres_binaries, secret_files
from vigie_local.database import bootstrap, psql
from vigie_local.embedded_postgres import EmbeddedPostgres, PostgresError, ServerUser, server_user
from vigie_testing.cluster import new_session_folder

FreePort = Callable[[], int]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the server's user can walk through; pytest's own are for one user alone."""
    import shutil

    made = new_session_folder()
    yield made
    shutil.rmtree(made)


@pytest.fixture
def server(folder: Path, free_port: FreePort) -> Iterator[EmbeddedPostgres]:
    secret_files.ensure(folder / "secrets")
    made = EmbeddedPostgres(
        folder / "postgres", free_port(), folder / "secrets/postgres_password", fast=True
    )
    made.initialise()
    made.start(folder / "log")
    yield made
    made.stop()


def test_a_cluster_is_made_once_and_only_its_user_may_look_into_it(
    server: EmbeddedPostgres,
) -> None:
    assert server.initialise() is False
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700
    assert stat.S_IMODE(server.socket_folder.stat().st_mode) == 0o700
    checksums = psql(server, "postgres", "-Atc", "SHOW data_checksums")
    assert checksums.strip() == "on"
    assert not (server.home / "password.once").exists()


def test_nobody_gets_in_without_the_password_not_even_through_the_socket(
    server: EmbeddedPostgres,
) -> None:
    for host in ("127.0.0.1", str(server.socket_folder)):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(
                host=host, port=server.port, user="postgres", dbname="postgres", passfile="/none"
            )


def test_a_killed_server_starts_again_and_has_what_was_committed(
    server: EmbeddedPostgres, folder: Path
) -> None:
    # The fast mode may lose the last commits; an installation does not use it.
    server.stop()
    server.fast = False
    server.start(folder / "log")
    psql(server, "postgres", "-c", "CREATE TABLE kept AS SELECT 1 AS n")
    assert server.process is not None
    server.process.kill()
    server.process.wait()
    server.start(folder / "log")
    assert psql(server, "postgres", "-Atc", "SELECT n FROM kept").strip() == "1"


def test_a_pid_file_whose_pid_now_belongs_to_somebody_else_does_not_stop_a_start(
    server: EmbeddedPostgres, folder: Path
) -> None:
    server.stop()
    stale = server.data / "postmaster.pid"
    stale.write_text(f"{os.getpid()}\n{server.data}\n1\n{server.port}\n\n127.0.0.1\n\nready\n")
    server.start(folder / "log")
    assert server.is_ready()


def test_a_killed_server_that_nobody_reaps_does_not_stop_a_start(
    server: EmbeddedPostgres, folder: Path
) -> None:
    # As in a container whose first process is no init: a zombie still answers to a signal.
    killed = server.process
    assert killed is not None
    killed.kill()
    os.waitid(os.P_PID, killed.pid, os.WEXITED | os.WNOWAIT)
    server.start(folder / "log")
    assert server.is_ready()
    killed.wait()


def test_a_server_whose_supervisor_is_gone_is_taken_over(
    server: EmbeddedPostgres, folder: Path
) -> None:
    orphan = server.process
    assert orphan is not None
    successor = EmbeddedPostgres(server.home, server.port, server.password_file, fast=True)
    successor.start(folder / "log")
    assert orphan.wait(5) == 0
    assert successor.is_ready()
    successor.stop()


def test_an_initdb_that_was_cut_off_leaves_nothing_that_looks_like_a_database(
    folder: Path, free_port: FreePort
) -> None:
    password = folder / "password"
    password.write_text("made up\n")
    server = EmbeddedPostgres(folder / "postgres", free_port(), password, fast=True)
    unfinished = server.home / "data.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18")
    assert server.initialise() is True
    assert not unfinished.exists()


def test_the_servers_user_reaches_a_new_cluster_whatever_the_umask(
    folder: Path, free_port: FreePort
) -> None:
    password = folder / "password"
    password.write_text("made up\n")
    server = EmbeddedPostgres(folder / "new/postgres", free_port(), password, fast=True)
    before = os.umask(0o077)
    try:
        assert server.initialise() is True
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder / "new").stat().st_mode) & 0o066 == 0


def test_a_cluster_of_a_version_that_is_not_shipped_is_refused_in_a_sentence(
    folder: Path, free_port: FreePort
) -> None:
    server = EmbeddedPostgres(folder / "postgres", free_port(), folder / "password")
    server.data.mkdir(parents=True)
    (server.data / "PG_VERSION").write_text("9")
    with pytest.raises(PostgresError, match="holds a database of PostgreSQL 9"):
        server.initialise()


def test_a_server_that_cannot_start_says_why(server: EmbeddedPostgres, folder: Path) -> None:
    twin = EmbeddedPostgres(folder / "twin", server.port, server.password_file, fast=True)
    twin.initialise()
    with pytest.raises(PostgresError, match="could not bind"):
        twin.start(folder / "twin.log")


def test_the_other_major_version_of_the_package_runs_too(folder: Path, free_port: FreePort) -> None:
    secret_files.ensure(folder / "secrets")
    password = folder / "secrets/postgres_password"
    server = EmbeddedPostgres(folder / "postgres", free_port(), password, fast=True, major=16)
    server.initialise()
    server.start(folder / "log")
    try:
        bootstrap(server, folder / "secrets")
        assert psql(server, "vigie", "-Atc", "SHOW server_version").startswith("16.")
    finally:
        server.stop()


def test_the_bootstrap_can_be_run_again_and_gives_each_service_its_schema_alone(
    server: EmbeddedPostgres, folder: Path
) -> None:
    for _ in range(2):
        bootstrap(server, folder / "secrets")
    password = secret_files.read(folder / "secrets", "alerts_db_password")
    with psycopg.connect(
        host="127.0.0.1", port=server.port, user="vigie_alerts", password=password, dbname="vigie"
    ) as connection:
        connection.execute("CREATE TABLE mine (n int)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE oncall.intruder (n int)")
        connection.rollback()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE public.intruder (n int)")


def test_a_bootstrap_without_its_passwords_changes_nothing(
    server: EmbeddedPostgres, folder: Path
) -> None:
    with pytest.raises(PostgresError, match="missing or empty"):
        bootstrap(server, folder / "nowhere")
    assert "vigie_alerts" not in psql(server, "postgres", "-Atc", "SELECT rolname FROM pg_roles")


def test_no_password_reaches_the_log_of_the_server(server: EmbeddedPostgres, folder: Path) -> None:
    bootstrap(server, folder / "secrets")
    log = (folder / "log").read_text()
    secrets = [path.read_text().strip() for path in (folder / "secrets").iterdir()]
    assert not [secret for secret in secrets if secret in log]


def test_programs_are_copied_for_a_user_who_cannot_read_them_and_still_run(
    folder: Path,
) -> None:
    original = postgres_binaries.program(18, "postgres")
    mode = original.stat().st_mode
    copy = postgres_binaries.copy_for_others(original, folder)
    assert copy != original
    assert postgres_binaries.copy_for_others(original, folder) == copy
    assert original.stat().st_mode == mode
    version = subprocess.run([str(copy), "--version"], capture_output=True, text=True, check=True)
    assert version.stdout.startswith("postgres (PostgreSQL) 18.")


def test_root_runs_the_server_as_somebody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("VIGIE_POSTGRES_OS_USER", "nobody")
    user = server_user()
    assert isinstance(user, ServerUser)
    assert user.name == "nobody"
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert server_user() is None
