"""The tables people read are the tables the migrations make."""

from collections.abc import Callable

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.pool import NullPool

from alert_ingestion.tables import Table
from vigie_testing.databases import Database

# Made by shared.migrations; described there.
PLUMBING = {"outbox", "counters", "schema_compatibility", "alembic_version"}


def test_tables_and_migrations_agree(make_database: Callable[[str], Database]) -> None:
    database = make_database("alert-ingestion")

    def ours(_object: object, name: str | None, kind: str, *_: object) -> bool:
        return not (kind == "table" and name in PLUMBING)

    engine = sa.create_engine("postgresql+psycopg://", creator=database.connect, poolclass=NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_object": ours}
        )
        assert compare_metadata(context, Table.metadata) == []
