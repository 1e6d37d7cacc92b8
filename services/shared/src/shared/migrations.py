"""Schema migrations: run at start by whichever replica comes first, and tolerant of a rollback.

Rules for writing one: expand first (add, with defaults), contract a release later. After
a contraction record with ``set_minimum_revision`` the oldest revision whose code can still live
with the schema: an older image that meets a newer schema starts if it knows that revision.
"""

import time
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
import structlog
from alembic import command, context
from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.pool import NullPool

POLL_SECONDS = 0.2

_log = structlog.get_logger(__name__)


class SchemaTooNew(Exception):
    """The schema was migrated past what this release can work with."""


def upgrade(parameters: Mapping[str, Any], directory: Path, *, wait_seconds: float) -> None:
    """Bring the schema on the search path to the newest revision in ``directory``.

    Waits up to ``wait_seconds`` for the server and for another replica that is migrating.

    Raises:
        SchemaTooNew: the schema is newer than this code and says that it does not fit.
        psycopg.OperationalError: the server, or the lock, was not to be had in time.
    """
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            _upgrade_once(parameters, directory, deadline)
        except (psycopg.OperationalError, sa.exc.OperationalError) as error:
            if time.monotonic() >= deadline:
                raise
            _log.info("waiting_for_database", error=str(error).strip().splitlines()[0])
            time.sleep(POLL_SECONDS)
        else:
            return


def _upgrade_once(parameters: Mapping[str, Any], directory: Path, deadline: float) -> None:
    engine = sa.create_engine(
        "postgresql+psycopg://",
        # A migration may rewrite a table, so it has no statement limit; lock_timeout stays, so
        # that it does not queue up behind a long query and block everybody behind itself.
        creator=lambda: psycopg.connect(
            **{**parameters, "options": parameters["options"] + " -c statement_timeout=0"}
        ),
        poolclass=NullPool,
        use_native_hstore=False,
    )
    with engine.connect() as connection:
        _lock(connection, directory, deadline)
        config = Config()
        config.set_main_option("script_location", str(directory).replace("%", "%%"))
        config.attributes["connection"] = connection
        scripts = ScriptDirectory.from_config(config)
        current = MigrationContext.configure(connection).get_current_revision()
        known = {script.revision for script in scripts.walk_revisions()}
        if current is not None and current not in known:
            _accept_newer(connection, current, known)
            return
        connection.commit()
        command.upgrade(config, "head")
        connection.commit()


def _lock(connection: sa.Connection, directory: Path, deadline: float) -> None:
    """One replica at a time.

    Polled, because a session that waits inside pg_advisory_lock holds a snapshot, and that would
    block a CREATE INDEX CONCURRENTLY of the replica that has the lock.
    """
    schema = connection.scalar(sa.text("SELECT current_schema()"))
    key = zlib.crc32(f"vigie migrations {schema}".encode())
    while not connection.scalar(sa.text("SELECT pg_try_advisory_lock(:key)"), {"key": key}):
        connection.commit()
        if time.monotonic() >= deadline:
            raise psycopg.OperationalError(f"another replica is still migrating {directory}")
        time.sleep(POLL_SECONDS)
    connection.commit()


def _accept_newer(connection: sa.Connection, current: str, known: set[str]) -> None:
    minimum = connection.scalar(sa.text("SELECT minimum_revision FROM schema_compatibility"))
    if minimum not in known:
        raise SchemaTooNew(
            f"The schema is at revision {current}, which needs code of revision {minimum} or "
            "later. Start the newer release again, or restore the backup made before the upgrade."
        )
    _log.warning("schema_newer_than_code", schema_revision=current, minimum_revision=minimum)


def run_env() -> None:
    """What a service's migrations/env.py does: run on the connection ``upgrade`` opened."""
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


def set_minimum_revision(op: Operations | Any, revision: str) -> None:
    """Record the oldest revision whose code can live with the schema from here on."""
    op.execute(
        "CREATE TABLE IF NOT EXISTS schema_compatibility ("
        "only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row), "
        "minimum_revision text NOT NULL)"
    )
    op.execute(
        sa.text(
            "INSERT INTO schema_compatibility (minimum_revision) VALUES (:revision) "
            "ON CONFLICT (only_row) DO UPDATE SET minimum_revision = excluded.minimum_revision"
        ).bindparams(revision=revision)
    )


def create_outbox(op: Operations | Any) -> None:
    """The outbox table as of its first version (see shared.outbox)."""
    op.create_table(
        "outbox",
        sa.Column("seq", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("id", sa.Uuid, nullable=False, unique=True),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("payload", JSONB, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("available_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True)),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("dead", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("last_error", sa.Text),
    )
    op.create_index(
        "outbox_pending", "outbox", ["topic", "key", "seq"], postgresql_where=sa.text("NOT dead")
    )
    op.create_index(
        "outbox_due", "outbox", ["topic", "available_at"], postgresql_where=sa.text("NOT dead")
    )


def extend_outbox(op: Operations | Any) -> None:
    """What the outbox gained with its second version: urgency, size, and claims that die.

    ``claimed_until`` stays for an older image that meets this schema; nothing else reads it.
    """
    op.execute("""
        ALTER TABLE outbox
            ADD COLUMN urgency smallint NOT NULL DEFAULT 10,
            ADD COLUMN deaths smallint NOT NULL DEFAULT 0,
            ADD COLUMN claimed_by bigint,
            ADD COLUMN size integer NOT NULL
                GENERATED ALWAYS AS (octet_length(payload::text)) STORED
        """)
    op.execute("CREATE INDEX outbox_claimed ON outbox (claimed_by) WHERE claimed_by IS NOT NULL")


def create_counters(op: Operations | Any) -> None:
    """The table of business counters as of its first version (see shared.counters)."""
    op.create_table(
        "counters",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("labels", sa.Text, primary_key=True),
        sa.Column("shard", sa.SmallInteger, primary_key=True),
        sa.Column("value", sa.Double, nullable=False),
    )


def extend_counters(op: Operations | Any) -> None:
    """What the counters gained with their second version: when a series began.

    Null for those that were there: shown at zero for a while, they would look like a reset.
    """
    op.execute("ALTER TABLE counters ADD COLUMN born_at timestamptz")
    op.execute("ALTER TABLE counters ALTER COLUMN born_at SET DEFAULT now()")
