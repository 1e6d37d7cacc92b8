from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psycopg
import pytest

from shared.database import Database
from shared.settings import DatabaseSettings
from vigie_local.embedded_postgres import SUPERUSER
from vigie_testing.databases import Database as TestDatabase

MIGRATIONS = Path(__file__).parent / "plumbing_migrations"
SCHEMA = "plumbing"


@pytest.fixture
def plumbing_settings(make_database: Callable[[str], TestDatabase]) -> DatabaseSettings:
    """A database with an empty schema ``plumbing``."""
    made = make_database("alert-ingestion")
    with psycopg.connect(
        host=made.host,
        port=made.port,
        dbname=made.name,
        user=SUPERUSER,
        password=made.cluster.password("postgres_password"),
        autocommit=True,
    ) as connection:
        connection.execute(f"CREATE SCHEMA {SCHEMA} AUTHORIZATION {made.user}".encode())
    return DatabaseSettings(**made.settings())


@pytest.fixture
async def database(plumbing_settings: DatabaseSettings) -> AsyncIterator[Database]:
    database = Database(plumbing_settings, schema=SCHEMA, name="tests", migrations_dir=MIGRATIONS)
    await database.start()
    yield database
    await database.stop()
