"""``python -m shared.dead_letters SCHEMA``: messages that were set aside, for operators.

    python -m shared.dead_letters incidents              one JSON line each, the oldest first
    python -m shared.dead_letters incidents --replay     make all of them due again
    python -m shared.dead_letters incidents --replay ID...

It needs the service's own environment, and the service may run meanwhile; what is replayed goes out
with the next poll. ``./services/outbox.sh`` calls it for every service of an installation.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared import logs, outbox
from shared.clock import SystemClock
from shared.database import Connection, Database
from shared.errors import Problem
from shared.server import EX_CONFIG
from shared.settings import DatabaseSettings, SettingsError, load
from shared.wakeups import notify


@dataclass(frozen=True)
class DeadLetter:
    """A message that was set aside: nobody sends it again before it is replayed."""

    id: UUID
    topic: str
    key: str
    created_at: datetime
    size: int
    attempts: int
    deaths: int
    last_error: str | None


async def set_aside(connection: Connection, ids: Sequence[UUID] = ()) -> list[DeadLetter]:
    """What was set aside, the oldest first; those of ``ids`` where any are named."""
    cursor = await connection.execute(
        "SELECT id, topic, key, created_at, size, attempts, deaths, last_error FROM outbox "
        "WHERE dead AND (%(all)s OR id = ANY(%(ids)s)) ORDER BY seq",
        {"all": not ids, "ids": list(ids)},
    )
    return [DeadLetter(**row) for row in await cursor.fetchall()]


async def replay(connection: Connection, ids: Sequence[UUID], *, now: datetime) -> int:
    """Make dead messages due again; answers how many there were."""
    cursor = await connection.execute(
        "UPDATE outbox SET dead = false, attempts = 0, deaths = 0, created_at = %s, "
        "available_at = %s, claimed_by = NULL WHERE dead AND id = ANY(%s)",
        (now, now, list(ids)),
    )
    await notify(connection, outbox.CHANNEL)
    return int(cursor.rowcount)


async def work(
    settings: DatabaseSettings, schema: str, *, replaying: bool, ids: Sequence[UUID]
) -> list[str]:
    """What there is to say, a line each.

    Raises:
        Problem: the database does not answer.
    """
    database = Database(settings, schema=schema, name="dead letters", migrations_dir=None)
    await database.start()
    try:
        async with database.transaction() as connection:
            letters = await set_aside(connection, ids)
            if replaying:
                found = [letter.id for letter in letters]
                count = await replay(connection, found, now=SystemClock().now())
                return [json.dumps({"replayed": count})]
            return [
                json.dumps(
                    {
                        "id": str(letter.id),
                        "topic": letter.topic,
                        "key": letter.key,
                        "created_at": letter.created_at.isoformat(),
                        "bytes": letter.size,
                        "attempts": letter.attempts,
                        "deaths": letter.deaths,
                        "last_error": letter.last_error,
                    },
                    ensure_ascii=False,
                )
                for letter in letters
            ]
    finally:
        await database.stop()


def main(arguments: Sequence[str]) -> int:
    """0; 1 where the database does not answer, 78 where the settings make no sense."""
    parser = argparse.ArgumentParser(prog="python -m shared.dead_letters")
    parser.add_argument("schema")
    parser.add_argument("--replay", action="store_true", help="make them due again")
    parser.add_argument("ids", nargs="*", type=UUID, metavar="ID", help="only these")
    options = parser.parse_intermixed_args(arguments)
    try:
        settings = load(DatabaseSettings)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return EX_CONFIG
    logs.configure("dead letters", "error")
    try:
        lines = asyncio.run(
            work(settings, options.schema, replaying=options.replay, ids=options.ids)
        )
    except Problem as error:
        print(error.detail, file=sys.stderr)
        return 1
    for line in lines:
        print(line)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
