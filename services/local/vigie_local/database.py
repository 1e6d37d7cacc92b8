"""Making the database of an installation inside a cluster that runs: database, roles, schemas."""

import os
import subprocess
import tempfile
from pathlib import Path

from vigie_local.embedded_postgres import SUPERUSER, EmbeddedPostgres, PostgresError

BOOTSTRAP = Path(__file__).parents[2] / "postgres" / "bootstrap.sql"
DATABASE = "vigie"

# {service: (schema, login role, file of its password)}; web-ui has no database.
ROLES = {
    "alert-ingestion": ("alerts", "vigie_alerts", "alerts_db_password"),
    "incident-management": ("incidents", "vigie_incidents", "incidents_db_password"),
    "oncall-service": ("oncall", "vigie_oncall", "oncall_db_password"),
}
# Sees the server's figures, and no content.
METRICS_ROLE = "vigie_metrics"


def bootstrap(server: EmbeddedPostgres, secrets: Path, database: str = DATABASE) -> None:
    """Create ``database`` with its roles and schemas; an existing one only follows the passwords.

    Raises:
        PostgresError: what psql said.
    """
    names = psql(server, "postgres", "-Atc", "SELECT datname FROM pg_database").splitlines()
    if database not in names:
        psql(server, "postgres", "-c", f'CREATE DATABASE "{database}"')
    psql(server, database, "-v", f"secrets_dir={secrets.resolve()}", "-f", str(BOOTSTRAP))


def psql(server: EmbeddedPostgres, database: str, *arguments: str) -> str:
    """Run psql as the superuser, stopping at the first error; its output."""
    with tempfile.NamedTemporaryFile("w", prefix="vigie-pgpass-") as passfile:
        # psql ignores a password file that others could read; this kind is made 0600.
        passfile.write(f"*:*:*:{SUPERUSER}:{server.password_file.read_text().strip()}\n")
        passfile.flush()
        result = subprocess.run(
            [
                *(str(server.client("psql")), "--no-psqlrc", "--no-password", "--quiet"),
                *("--set=ON_ERROR_STOP=1", "--host=127.0.0.1", f"--port={server.port}"),
                *(f"--username={SUPERUSER}", f"--dbname={database}", *arguments),
            ],
            env={"PATH": os.environ.get("PATH", os.defpath), "PGPASSFILE": passfile.name},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    if result.returncode != 0:
        raise PostgresError(f"psql failed: {result.stderr.strip()}")
    return result.stdout
