"""PostgreSQL's figures are those of every role's sessions, also in an installation of before."""

import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from shared import postgres_vitals
from vigie_local import secret_files
from vigie_local.database import BOOTSTRAP, bootstrap, psql
from vigie_local.embedded_postgres import EmbeddedPostgres
from vigie_testing.cluster import new_session_folder

FreePort = Callable[[], int]
START = BOOTSTRAP.with_name("start.sh")

# What releases before granted: since PostgreSQL 16 a grant to a role that does not inherit, at that
# moment, is never inherited.
OLD_GRANT = """
REVOKE pg_monitor FROM vigie_metrics;
ALTER ROLE vigie_metrics NOINHERIT;
GRANT pg_monitor TO vigie_metrics;
ALTER ROLE vigie_metrics INHERIT;
"""


@pytest.fixture(params=[16, 18])
def server(request: pytest.FixtureRequest, free_port: FreePort) -> Iterator[EmbeddedPostgres]:
    """A server of either version of the package, with the grant of the releases before."""
    import shutil

    folder = new_session_folder()
    secret_files.ensure(folder / "secrets")
    made = EmbeddedPostgres(
        folder / "postgres",
        free_port(),
        folder / "secrets/postgres_password",
        fast=True,
        major=request.param,
    )
    made.initialise()
    made.start(folder / "log")
    try:
        bootstrap(made, folder / "secrets")
        psql(made, "vigie", "-c", OLD_GRANT)
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder)


def secrets_of(server: EmbeddedPostgres) -> Path:
    return server.password_file.parent


def login(server: EmbeddedPostgres, user: str, password_file: str) -> dict[str, str | int]:
    return {
        "host": "127.0.0.1",
        "port": server.port,
        "dbname": "vigie",
        "user": user,
        "password": secret_files.read(secrets_of(server), password_file),
    }


async def figures(server: EmbeddedPostgres) -> dict[str, float]:
    """{series: value}, as incident-management shows them on /metrics."""
    collect = postgres_vitals.collector(login(server, "vigie_metrics", "metrics_db_password"))
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in await collect()
        for sample in family.samples
    }


def connections(seen: dict[str, float]) -> float:
    return sum(value for name, value in seen.items() if name.startswith("postgres_connections "))


async def test_a_start_mends_a_grant_that_saw_its_own_sessions_only(
    server: EmbeddedPostgres,
) -> None:
    with ExitStack() as others:
        for _ in range(3):
            others.enter_context(
                psycopg.connect(**login(server, "vigie_alerts", "alerts_db_password"))
            )
        assert connections(await figures(server)) == 1
        bootstrap(server, secrets_of(server))
        seen = await figures(server)
        assert connections(seen) == 4
        assert seen["postgres_connections idle"] == 3


async def test_the_long_transaction_and_the_lock_wait_of_another_role_are_seen(
    server: EmbeddedPostgres,
) -> None:
    bootstrap(server, secrets_of(server))
    one = login(server, "vigie_alerts", "alerts_db_password")
    with (
        psycopg.connect(**one, autocommit=True) as holder,
        psycopg.connect(**one, autocommit=True) as waiter,
    ):
        before = await figures(server)
        assert (
            before["postgres_lock_waiters"],
            before["postgres_longest_transaction_seconds"],
        ) == (
            0,
            0,
        )
        holder.execute("BEGIN")
        holder.execute("SELECT pg_advisory_xact_lock(1)")
        waits = threading.Thread(target=waiter.execute, args=["SELECT pg_advisory_xact_lock(1)"])
        waits.start()
        try:
            while (seen := await figures(server))["postgres_lock_waiters"] == 0:
                assert waits.is_alive()
        finally:
            holder.execute("COMMIT")
            waits.join()
    assert seen["postgres_lock_waiters"] == 1
    assert seen["postgres_longest_transaction_seconds"] > 0
    assert seen["postgres_connections idle in transaction"] == 1


def start_as_in_the_image(server: EmbeddedPostgres, output: Path) -> int:
    """Run the image's entrypoint over the data of a server that is down; its exit status."""
    folder = server.home / "bin"
    folder.mkdir()
    programs = {
        "docker-entrypoint.sh": 'echo "then: $*"',
        "vigie-bootstrap": (
            'psql -X -q -v ON_ERROR_STOP=1 -v secrets_dir="$SECRETS" '
            f'-U postgres -d vigie -f "$HOME/{BOOTSTRAP.name}"'
        ),
    }
    for name, body in programs.items():
        (folder / name).write_text(f"#!/bin/sh\nset -eu\n{body}\n")
        (folder / name).chmod(0o755)
    for file in (START, BOOTSTRAP):
        (server.home / file.name).write_bytes(file.read_bytes())
    for secret in secrets_of(server).iterdir():
        if secret.is_file():
            (folder / secret.name).write_bytes(secret.read_bytes())
    for made in (folder, *folder.iterdir(), *server.home.glob(f"{BOOTSTRAP.stem}.*")):
        if server.user is not None:
            os.chown(made, server.user.uid, server.user.gid)
    with (server.data / "postgresql.conf").open("a") as configuration:
        configuration.write(
            f"port = {server.port}\nunix_socket_directories = '{server.socket_folder}'\n"
        )
    with output.open("wb") as written:
        started = subprocess.run(  # noqa: S603 - what is written above
            ["/bin/sh", str(server.home / START.name), "postgres", "-cwork_mem=4MB"],
            env={
                "PATH": f"{folder}:{server.binary('pg_ctl').parent}:{os.defpath}",
                "PGDATA": str(server.data),
                "PGHOST": str(server.socket_folder),
                "PGPORT": str(server.port),
                "PGPASSWORD": server.password_file.read_text().strip(),
                "HOME": str(server.home),
                "SECRETS": str(folder),
            },
            cwd=server.home,
            stdout=written,
            stderr=written,
            timeout=60,
            check=False,
            **server.as_user(),
        )
    # Ends what a script that failed leaves behind.
    server.prepare_start()
    return started.returncode


async def test_the_image_of_compose_does_the_same_at_every_start(
    server: EmbeddedPostgres, tmp_path: Path
) -> None:
    server.stop()
    output = tmp_path / "output"
    assert start_as_in_the_image(server, output) == 0, output.read_text()
    assert output.read_text().endswith("then: postgres -cwork_mem=4MB\n")
    server.start(tmp_path / "log")
    with psycopg.connect(**login(server, "vigie_alerts", "alerts_db_password")):
        assert connections(await figures(server)) == 2
