"""The upgrade drill: a later release with a migration, and back, under a stream of alerts."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from containers.senders import AlertStream
from containers.stack import OFFLINE_ENV, ROOT, Stack, docker, wait_until

RETRY_SECONDS = 30
LATER = "drill-later"
MIGRATED = ("alert-ingestion", "incident-management", "oncall-service")
# What a careful release does first: add, so that the older code still finds what it knows.
MIGRATION = '''"""What the next release adds."""

from alembic import op

revision = "9999"
down_revision = "{previous}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE drill (id bigint PRIMARY KEY)")


def downgrade() -> None:
    op.execute("DROP TABLE drill")
'''


def newest(versions: Path) -> str:
    """The revision of the newest migration; files sort by age."""
    text = max(versions.glob("[0-9]*.py")).read_text(encoding="utf-8")
    (revision,) = re.findall(r"^revision = \"(.+)\"$", text, re.MULTILINE)
    return str(revision)


@pytest.fixture(scope="module")
def later_release(
    built: None,  # noqa: ARG001 - for its effect
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """Images of this checkout plus one migration a schema; the tag they have."""
    copy = tmp_path_factory.mktemp("later")
    shutil.copytree(
        ROOT / "services", copy / "services", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy(ROOT / "docker-compose.yml", copy)
    for folder in ("prometheus", "grafana", "docs/runbooks"):
        shutil.copytree(ROOT / folder, copy / folder)
    for service in MIGRATED:
        versions = copy / "services" / service / "migrations/versions"
        text = MIGRATION.format(previous=newest(versions))
        (versions / "9999_drill.py").write_text(text, encoding="utf-8")
    environment = {**os.environ, "VIGIE_IMAGE_TAG": LATER}
    if OFFLINE_ENV.is_file():
        environment["COMPOSE_ENV_FILES"] = str(OFFLINE_ENV)
    names = [*MIGRATED, "web-ui", "secrets", "postgres", "prometheus", "grafana"]
    subprocess.run(
        ["docker", "compose", "build", *names],
        cwd=copy,
        env=environment,
        check=True,
        capture_output=True,
    )
    yield LATER
    docker("image", "rm", "--force", *(f"vigie-{name}:{LATER}" for name in names))


def revisions(stack: Stack) -> list[str]:
    return stack.sql(
        "SELECT version_num FROM alerts.alembic_version UNION ALL"
        " SELECT version_num FROM incidents.alembic_version UNION ALL"
        " SELECT version_num FROM oncall.alembic_version"
    ).split()


def test_nothing_accepted_is_lost_on_the_way_up_and_on_the_way_back(
    make_stack: Callable[..., Stack], later_release: str
) -> None:
    stack = make_stack("durable")
    first, before = stack.running_tag("alert-ingestion"), revisions(stack)
    with AlertStream(stack, retry_seconds=RETRY_SECONDS) as stream:
        wait_until("alerts", lambda: len(stream.accepted) >= 10)
        stack.variables["VIGIE_IMAGE_TAG"] = later_release
        up = stack.up()
        assert stack.running_tag("alert-ingestion") == later_release
        assert revisions(stack) == ["9999"] * 3
        reached = len(stream.accepted)
        wait_until("alerts on the new release", lambda: len(stream.accepted) >= reached + 10)

        stack.variables["VIGIE_IMAGE_TAG"] = first
        back = stack.up()
        assert stack.running_tag("alert-ingestion") == first
        assert revisions(stack) == ["9999"] * 3 != before
        reached = len(stream.accepted)
        wait_until("alerts on the old release", lambda: len(stream.accepted) >= reached + 10)
    print(f"up in {up:.0f} s, back in {back:.0f} s; answers: {dict(stream.statuses)}")
    assert stream.given_up == []
    wanted = set(stream.accepted.values())
    wait_until(
        "every accepted alert to have its incident",
        lambda: wanted <= set(stack.sql("SELECT id FROM incidents.incidents").split()),
        240,
    )
