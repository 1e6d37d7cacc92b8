"""Deleting an installation without Docker."""

import shutil

from vigie_local.installation import Installation


def remove(installation: Installation) -> None:
    """Delete its database, secrets and logs; only folders that this runner made.

    The state folder itself goes only when nothing else is in it: VIGIE_STATE_DIR may name a folder
    that held something before.
    """
    for folder in (
        installation.database,
        installation.secrets,
        installation.logs,
        installation.run,
        installation.state / "prometheus",
    ):
        if folder.exists():
            shutil.rmtree(folder)
    (installation.state / "postgres_port").unlink(missing_ok=True)
    if installation.state.exists() and not any(installation.state.iterdir()):
        installation.state.rmdir()
