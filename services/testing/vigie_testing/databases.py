"""Databases for tests: one each, cloned from a template that was migrated once a session."""

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from vigie_local.database import ROLES, bootstrap
from vigie_local.embedded_postgres import SUPERUSER
from vigie_testing.cluster import Cluster

SERVICES_FOLDER = Path(__file__).parents[2]


@dataclass(frozen=True)
class Database:
    """A database of one test, and the login of one service in it."""

    host: str
    port: int
    name: str
    user: str
    password: str
    schema: str
    cluster: Cluster

    def settings(self) -> dict[str, Any]:
        """Values for ``shared.settings.DatabaseSettings`` and what derives from it.

        ``AlertIngestionSettings(**database.settings(), ...)``; the pool is small, for many tests
        share one server.
        """
        return {
            "database_host": self.host,
            "database_port": self.port,
            "database_name": self.name,
            "database_user": self.user,
            "database_password": self.password,
            "database_pool_size": 4,
            "database_wait_seconds": 10,
        }

    def environment(self) -> dict[str, str]:
        """The same as variables for a process."""
        return {f"VIGIE_{name.upper()}": str(value) for name, value in self.settings().items()}

    def connect(self, **options: Any) -> psycopg.Connection[Any]:
        """A blocking connection as the service, for a look at its rows; close it (``with``)."""
        return psycopg.connect(
            host=self.host,
            port=self.port,
            dbname=self.name,
            user=self.user,
            password=self.password,
            **options,
        )

    def query(self, statement: str, parameters: Mapping[str, Any] | None = None) -> list[Any]:
        """The rows of one statement, as tuples; committed."""
        with self.connect(autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), parameters)
            return cursor.fetchall() if cursor.description else []


def create(cluster: Cluster, service: str) -> Database:
    """A new database whose schema of ``service`` is migrated; about 50 ms, after the first."""
    schema, user, password_file = ROLES[service]
    template = _template(cluster, service)
    name = f"test_{schema}_{uuid.uuid4().hex[:12]}"
    _clone(cluster, template, name)
    password = cluster.password(password_file)
    return Database("127.0.0.1", cluster.port, name, user, password, schema, cluster)


def copy(database: Database) -> Database:
    """Another database with the same in it; nobody may be connected to the first meanwhile."""
    name = f"{database.name}_{uuid.uuid4().hex[:12]}"
    _clone(database.cluster, database.name, name)
    return replace(database, name=name)


def create_empty(cluster: Cluster, service: str) -> Database:
    """A new database with nothing in it, not even the schema of ``service``."""
    schema, user, password_file = ROLES[service]
    name = f"test_{schema}_{uuid.uuid4().hex[:12]}"
    _administer(cluster, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    password = cluster.password(password_file)
    return Database("127.0.0.1", cluster.port, name, user, password, schema, cluster)


def drop(database: Database) -> None:
    """Remove a test's database, whoever is still connected."""
    _administer(
        database.cluster,
        sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database.name)),
    )


def bootstrap_in_turn(cluster: Cluster, name: str) -> None:
    """Make a database; roles are the cluster's, and two that change one at once fail."""
    with cluster.lock("bootstrap"):
        bootstrap(cluster.server, cluster.secrets, name)


def _template(cluster: Cluster, service: str) -> str:
    """The database to clone for ``service``, made and migrated by whoever needs it first.

    Its name holds a digest of the migrations, so one session never mixes two states of them.
    """
    directory = SERVICES_FOLDER / service / "migrations"
    digest = hashlib.sha256()
    for path in sorted(directory.rglob("*.py")):
        digest.update(path.read_bytes())
    schema, user, password_file = ROLES[service]
    name = f"template_{schema}_{digest.hexdigest()[:12]}"
    with cluster.lock(name):
        marker = cluster.folder / f"{name}.ready"
        if not marker.exists():
            bootstrap_in_turn(cluster, name)
            if (directory / "env.py").exists():
                password = cluster.password(password_file)
                migrate(
                    Database("127.0.0.1", cluster.port, name, user, password, schema, cluster),
                    directory,
                )
            marker.touch()
    return name


def migrate(database: Database, directory: Path) -> None:
    """Bring a database to the newest revision in ``directory``."""
    from shared import migrations
    from shared.database import connection_parameters
    from shared.settings import DatabaseSettings

    parameters = connection_parameters(
        DatabaseSettings(**database.settings()), schema=database.schema, name="tests"
    )
    migrations.upgrade(parameters, directory, wait_seconds=10)


def _clone(cluster: Cluster, template: str, name: str) -> None:
    names = sql.Identifier(name), sql.Identifier(template)
    _administer(cluster, sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))


def _administer(cluster: Cluster, statement: sql.Composed) -> None:
    with psycopg.connect(
        host="127.0.0.1",
        port=cluster.port,
        dbname="postgres",
        user=SUPERUSER,
        password=cluster.password("postgres_password"),
        autocommit=True,
    ) as connection:
        connection.execute(statement)
