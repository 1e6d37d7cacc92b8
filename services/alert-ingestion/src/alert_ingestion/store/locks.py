"""Who waits for whom.

Every transaction that decides about alerts takes its locks in one order, so that none waits for
another in a circle: (1) identities (integration and fingerprint), (2) correlation keys, (3) rows of
``incidents``, (4) counters. Those that move whole incidents take ``incident_moves`` first.

Identities and keys need a lock before a row for them exists, so they are advisory locks, on one
of a fixed number of stripes: however large a request, it holds a bounded number of them.
"""

from collections.abc import Iterable
from typing import Final
from uuid import UUID
from zlib import crc32

from shared.asking import Ask
from shared.database import Connection

STRIPES: Final = 1024

# First keys of pg_advisory_xact_lock(int, int); any constants of this service's own will do.
_MOVES: Final = 8001_0
_IDENTITIES: Final = 8001_1
_CORRELATION_KEYS: Final = 8001_2
_CANARY: Final = 8001_3


async def incident_moves(connection: Connection) -> None:
    """One transaction at a time learns about incidents; they are as rare as people's decisions."""
    await connection.execute("SELECT pg_advisory_xact_lock(%s, 0)", (_MOVES,))


async def canary_walks(connection: Connection) -> bool:
    """Whether nobody else begins a walk of the canary; nobody does then until the commit."""
    cursor = await connection.execute("SELECT pg_try_advisory_xact_lock(%s, 0) AS mine", (_CANARY,))
    row = await cursor.fetchone()
    return row is not None and row["mine"]


def identities(wanted: Iterable[tuple[UUID, str]]) -> Ask[None]:
    """Wait until nobody else decides about these alerts."""
    return _lock(_IDENTITIES, {_identity_stripe(identity) for identity in wanted})


async def free_identities(
    connection: Connection, wanted: Iterable[tuple[UUID, str]]
) -> set[tuple[UUID, str]]:
    """Those of ``wanted`` that nobody else is deciding about, now locked."""
    by_stripe: dict[int, set[tuple[UUID, str]]] = {}
    for identity in wanted:
        by_stripe.setdefault(_identity_stripe(identity), set()).add(identity)
    cursor = await connection.execute(
        "SELECT stripe FROM unnest(%s::int[]) AS stripe "
        "WHERE pg_try_advisory_xact_lock(%s, stripe)",
        (sorted(by_stripe), _IDENTITIES),
    )
    return {identity for row in await cursor.fetchall() for identity in by_stripe[row["stripe"]]}


def correlation_keys(wanted: Iterable[str]) -> Ask[None]:
    """Wait until nobody else decides which incident takes alerts of these keys."""
    return _lock(_CORRELATION_KEYS, {crc32(key.encode()) % STRIPES for key in wanted})


def _identity_stripe(identity: tuple[UUID, str]) -> int:
    integration_id, fingerprint = identity
    return crc32(integration_id.bytes + fingerprint.encode()) % STRIPES


def _lock(kind: int, stripes: set[int]) -> Ask[None]:
    return Ask(
        "SELECT pg_advisory_xact_lock(%s, stripe) FROM unnest(%s::int[]) AS stripe",
        (kind, sorted(stripes)),
        lambda _: None,
    )
