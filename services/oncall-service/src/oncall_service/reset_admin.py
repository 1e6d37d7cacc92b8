"""``python -m oncall_service.reset_admin``: the way back in, for who has the machine.

Reads a new password from standard input and gives it to the administrator of the installation, who
is made anew, or made an administrator again, where that is what is missing. It needs the service's
own environment, and the service may run meanwhile: see ``./services/credentials.sh --reset-admin``.
"""

import asyncio
import json
import sys

from oncall_service.access.usecases import reset_administrator
from oncall_service.app import NAME, SCHEMA
from oncall_service.core.core import Core
from oncall_service.core.fields import MAXIMUM_PASSWORD, MINIMUM_PASSWORD
from oncall_service.core.passwords import Passwords
from oncall_service.settings import OncallSettings
from shared import logs
from shared.clock import SystemClock
from shared.database import Database
from shared.errors import Problem
from shared.server import EX_CONFIG
from shared.settings import SettingsError, load


async def reset(settings: OncallSettings, password: str) -> str:
    """Give the administrator this password; their login.

    Raises:
        Problem: the database does not answer.
    """
    database = Database(settings, schema=SCHEMA, name=f"{NAME} reset", migrations_dir=None)
    await database.start()
    try:
        return await reset_administrator(
            Core(settings, SystemClock(), database, Passwords()), password
        )
    finally:
        await database.stop()


def main() -> int:
    """0 and the login as JSON; otherwise the reason on standard error."""
    password = sys.stdin.read().strip()
    if not MINIMUM_PASSWORD <= len(password) <= MAXIMUM_PASSWORD:
        print(
            f"a password has {MINIMUM_PASSWORD} to {MAXIMUM_PASSWORD} characters", file=sys.stderr
        )
        return 2
    try:
        settings = load(OncallSettings)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return EX_CONFIG
    logs.configure(NAME, "error")
    try:
        login = asyncio.run(reset(settings, password))
    except Problem as error:
        print(error.detail, file=sys.stderr)
        return 1
    print(json.dumps({"user": login}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
