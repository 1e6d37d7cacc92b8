import asyncio
import shutil
from pathlib import Path

import pytest

from shared import migrations
from shared.database import Database, connection_parameters
from shared.settings import DatabaseSettings

MIGRATIONS = Path(__file__).parent / "plumbing_migrations"

NEXT_RELEASE = """
from alembic import op
from shared.migrations import set_minimum_revision

revision = "p002"
down_revision = "p001"


def upgrade() -> None:
    op.execute("ALTER TABLE outbox ADD COLUMN IF NOT EXISTS priority integer DEFAULT 0")
    {contract}
"""


def replica(settings: DatabaseSettings, directory: Path) -> Database:
    return Database(settings, schema="plumbing", name="tests", migrations_dir=directory)


def next_release(folder: Path, contract: str = "") -> Path:
    directory = folder / "migrations"
    shutil.copytree(MIGRATIONS, directory)
    (directory / "versions" / "p002_next.py").write_text(NEXT_RELEASE.format(contract=contract))
    return directory


async def start(database: Database) -> None:
    await database.start()
    await database.stop()


async def test_replicas_that_start_together_migrate_once(
    plumbing_settings: DatabaseSettings,
) -> None:
    replicas = [replica(plumbing_settings, MIGRATIONS) for _ in range(4)]
    await asyncio.gather(*(start(each) for each in replicas))


async def test_an_older_release_starts_on_a_newer_schema_that_fits_it(
    plumbing_settings: DatabaseSettings, tmp_path: Path
) -> None:
    await start(replica(plumbing_settings, MIGRATIONS))
    await start(replica(plumbing_settings, next_release(tmp_path)))
    await start(replica(plumbing_settings, MIGRATIONS))


async def test_an_older_release_refuses_a_schema_that_was_contracted(
    plumbing_settings: DatabaseSettings, tmp_path: Path
) -> None:
    contracted = next_release(tmp_path, contract='set_minimum_revision(op, "p002")')
    await start(replica(plumbing_settings, contracted))
    with pytest.raises(migrations.SchemaTooNew, match="needs code of revision p002"):
        await replica(plumbing_settings, MIGRATIONS).start()


async def test_a_server_that_never_answers_ends_the_wait_with_an_error(
    plumbing_settings: DatabaseSettings,
) -> None:
    parameters = connection_parameters(plumbing_settings, schema="plumbing", name="tests")
    with pytest.raises(Exception, match="connection failed"):
        await asyncio.to_thread(
            migrations.upgrade, {**parameters, "port": 1}, MIGRATIONS, wait_seconds=0.5
        )
