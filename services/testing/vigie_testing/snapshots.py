"""The database of an earlier release, to upgrade from: real rows of an installation in use.

``release_with_sentences.json`` is what the release before kinds and facts (revisions 0002, 0002
and oncall_0003) had after a demo week and an hour of people's work: {schema: {table: rows}}.
Hashes of keys, tokens and passwords are made up.
"""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from vigie_local.database import ROLES
from vigie_local.embedded_postgres import SUPERUSER
from vigie_testing import databases
from vigie_testing.cluster import Cluster
from vigie_testing.databases import SERVICES_FOLDER, Database

_SNAPSHOT = Path(__file__).with_name("release_with_sentences.json")
_VERSION_TABLE = "alembic_version"


def restore(cluster: Cluster, service: str, folder: Path) -> tuple[Database, Path]:
    """A database as that release left it, and its migrations, which end with its revision.

    ``folder`` is where the migrations may be put; the database is dropped by ``databases.drop``.
    """
    schema, _, _ = ROLES[service]
    tables: dict[str, list[Any]] = json.loads(_SNAPSHOT.read_text(encoding="utf-8"))[schema]
    [version] = tables.pop(_VERSION_TABLE)
    migrations = _migrations_until(service, version["version_num"], folder)
    database = databases.create_empty(cluster, service)
    databases.bootstrap_in_turn(cluster, database.name)
    databases.migrate(database, migrations)
    _fill(database, tables)
    return database, migrations


def starts_and_writes(
    database: Database, service: str, migrations: Path, tables: Sequence[str]
) -> None:
    """After an upgrade the release with ``migrations`` starts and adds a row to each table.

    A row as it writes one: every column it knows, and none of those that came later.
    """
    columns = {table: _columns(database, table) for table in tables}
    databases.migrate(database, SERVICES_FOLDER / service / "migrations")
    databases.migrate(database, migrations)
    for table, names in columns.items():
        shown = ", ".join("gen_random_uuid()" if name == "id" else f"t.{name}" for name in names)
        written = database.query(
            f"INSERT INTO {table} ({', '.join(names)}) "  # noqa: S608 - names of the schema
            f"SELECT {shown} FROM {table} AS t LIMIT 1 RETURNING 1"
        )
        assert written == [(1,)], table


def _columns(database: Database, table: str) -> list[str]:
    found = database.query(
        "SELECT column_name FROM information_schema.columns "
        "WHERE table_schema = %(schema)s AND table_name = %(table)s AND is_identity = 'NO'",
        {"schema": database.schema, "table": table},
    )
    return [name for (name,) in found]


def _migrations_until(service: str, revision: str, folder: Path) -> Path:
    migrations = folder / "migrations"
    shutil.copytree(
        SERVICES_FOLDER / service / "migrations",
        migrations,
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    versions = sorted((migrations / "versions").glob("[0-9]*.py"))
    number = revision.rpartition("_")[2]
    for version in versions:
        if version.name.partition("_")[0] > number:
            version.unlink()
    return migrations


def _fill(database: Database, tables: dict[str, list[Any]]) -> None:
    with psycopg.connect(
        host=database.host,
        port=database.port,
        dbname=database.name,
        user=SUPERUSER,
        password=database.cluster.password("postgres_password"),
    ) as connection:
        # Rows come table by table, not in the order in which they point at each other.
        connection.execute("SET session_replication_role = replica")
        for name, rows in tables.items():
            table = sql.Identifier(database.schema, name)
            connection.execute(sql.SQL("DELETE FROM {}").format(table))
            connection.execute(
                sql.SQL(
                    "INSERT INTO {table} OVERRIDING SYSTEM VALUE "
                    "SELECT * FROM jsonb_populate_recordset(NULL::{table}, %s)"
                ).format(table=table),
                [Jsonb(rows)],
            )
        _go_on_numbering(connection, database.schema)


def _go_on_numbering(connection: psycopg.Connection[Any], schema: str) -> None:
    """Let identity columns continue behind the rows that came with their numbers."""
    columns = connection.execute(
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_schema = %s AND is_identity = 'YES'",
        [schema],
    ).fetchall()
    for table, column in columns:
        connection.execute(
            sql.SQL(
                "SELECT setval(pg_get_serial_sequence({name}, {column}), max({field})) FROM {table}"
            ).format(
                name=sql.Literal(f"{schema}.{table}"),
                column=sql.Literal(column),
                field=sql.Identifier(column),
                table=sql.Identifier(schema, table),
            )
        )
