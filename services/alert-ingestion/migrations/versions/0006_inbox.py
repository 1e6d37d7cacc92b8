"""What became of each accepted request, so that it can be looked at and replayed."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE inbox
            ADD COLUMN beside jsonb,
            ADD COLUMN state text NOT NULL DEFAULT 'taken',
            ADD COLUMN reason text,
            ADD COLUMN detail text,
            ADD COLUMN failed integer[],
            ADD COLUMN outcome jsonb,
            ADD COLUMN settled_at timestamptz
    """)
    op.execute("CREATE INDEX inbox_kept ON inbox (id) WHERE state <> 'taken'")
    op.execute("CREATE INDEX inbox_integration ON inbox (integration_id, id)")
    # Nobody deletes integrations, so these found nothing, and cost a look and a lock a row.
    op.execute("ALTER TABLE inbox DROP CONSTRAINT inbox_integration_id_fkey")
    op.execute("ALTER TABLE alerts DROP CONSTRAINT alerts_integration_id_fkey")
