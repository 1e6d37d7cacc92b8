"""How many alerts were received in each of the last minutes."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE received_minutes (
            minute timestamptz NOT NULL,
            shard integer NOT NULL,
            received bigint NOT NULL,
            PRIMARY KEY (minute, shard)
        )
    """)
