"""The tables of lists are said twice, in the migrations and in tables.py: the two must agree."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlmodel import SQLModel

from incident_management.tables import (
    AlertTable,
    IncidentTable,
    TimelineTable,
)

TABLES = (IncidentTable, AlertTable, TimelineTable)

# What a column declared in Python may be in the database.
SAME: dict[str, Any] = {
    "uuid": sa.Uuid,
    "text": (sa.Text, sa.Enum),
    "timestamp with time zone": sa.DateTime,
    "boolean": sa.Boolean,
    "integer": sa.Integer,
    "bigint": sa.BigInteger,
    "jsonb": sa.JSON,
    "ARRAY": sa.ARRAY,
}


def test_the_migrated_tables_are_those_the_code_knows(
    make_database: Callable[[str], Any],
) -> None:
    database = make_database("incident-management")
    for row in TABLES:
        table = SQLModel.metadata.tables[str(row.__tablename__)]
        columns = {
            name: (kind, nullable == "YES")
            for name, kind, nullable in database.query(
                "SELECT column_name, data_type, is_nullable FROM information_schema.columns "
                "WHERE table_schema = 'incidents' AND table_name = %(table)s",
                {"table": table.name},
            )
        }
        assert set(columns) == set(table.columns.keys()), table.name
        for column in table.columns:
            kind, nullable = columns[column.name]
            assert isinstance(column.type, SAME[kind]), f"{table.name}.{column.name} is {kind}"
            assert column.nullable == nullable, f"{table.name}.{column.name}"
