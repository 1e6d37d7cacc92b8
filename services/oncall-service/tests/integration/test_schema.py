"""The tables that the migrations make are the tables that the code uses."""

from collections.abc import Callable

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from oncall_service.tables import metadata
from vigie_testing.databases import Database

PLUMBING = {"outbox", "counters", "schema_compatibility", "alembic_version"}


def test_the_migrations_make_the_tables_the_code_uses(
    make_database: Callable[[str], Database],
) -> None:
    database = make_database("oncall-service")
    engine = sa.create_engine(
        "postgresql+psycopg://",
        creator=lambda: database.connect(options="-c search_path=oncall"),
        poolclass=sa.NullPool,
    )
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_name": lambda name, kind, _: kind != "table" or name not in PLUMBING,
            },
        )
        assert compare_metadata(context, metadata) == []
    engine.dispose()
