"""Senders and their keys: who may send alerts, under which policy."""

import secrets
import string
from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog

from alert_ingestion.formats.labelled import SERVICE_LABELS
from alert_ingestion.formats.mapping.document import as_text
from alert_ingestion.model import Integration, Policy
from alert_ingestion.settings import AlertIngestionSettings
from alert_ingestion.severity import normalised
from alert_ingestion.store import integrations as store
from alert_ingestion.store.integrations import StoredIntegration
from shared.asking import at_once
from shared.auth import hash_token
from shared.clock import Clock
from shared.contracts.wire import Severity
from shared.database import Connection, Database
from shared.errors import Unauthorized
from shared.identifiers import new_id

# As long as PagerDuty's routing keys, which senders check; 165 bits.
_KEY_LENGTH: Final = 32
_KEY_ALPHABET: Final = string.ascii_lowercase + string.digits
_HINT_LENGTH: Final = 4

_log: Final = structlog.get_logger(__name__)


def new_key() -> str:
    """A new integration key, to be shown once."""
    return "".join(secrets.choice(_KEY_ALPHABET) for _ in range(_KEY_LENGTH))


def hint_of(key: str) -> str:
    """What is shown of a key afterwards: enough to recognise, nothing to guess from."""
    return key[-_HINT_LENGTH:]


def default_policy(settings: AlertIngestionSettings) -> Policy:
    """The policy of an integration that has none of its own."""
    return Policy(
        auto_resolve=True,
        resolve_timeout_seconds=settings.resolve_timeout_seconds,
        correlation_labels=None,
        correlation_window_seconds=settings.correlation_window_seconds,
        correlation_max_age_seconds=settings.correlation_max_age_seconds,
        service_labels=SERVICE_LABELS,
        severities={},
        storm_incidents=settings.storm_incidents,
        flap_openings=settings.flap_openings,
        flap_window_seconds=settings.flap_window_seconds,
        flap_quiet_seconds=settings.flap_quiet_seconds,
        requests_per_minute=settings.requests_per_minute,
    )


def policy_of(stored: StoredIntegration, defaults: Policy) -> Policy:
    """The policy in force for an integration."""
    return Policy(
        auto_resolve=stored.auto_resolve,
        resolve_timeout_seconds=_own(
            stored.resolve_timeout_seconds, defaults.resolve_timeout_seconds
        ),
        correlation_labels=(
            tuple(stored.correlation_labels)
            if stored.correlation_labels
            else defaults.correlation_labels
        ),
        correlation_window_seconds=_own(
            stored.correlation_window_seconds, defaults.correlation_window_seconds
        ),
        correlation_max_age_seconds=_own(
            stored.correlation_max_age_seconds, defaults.correlation_max_age_seconds
        ),
        service_labels=tuple(stored.service_labels or defaults.service_labels),
        severities={
            normalised(word): Severity(severity)
            for word, severity in (stored.severities or {}).items()
        },
        sender=stored.name,
        storm_incidents=_own(stored.storm_incidents, defaults.storm_incidents),
        flap_openings=_own(stored.flap_openings, defaults.flap_openings),
        flap_window_seconds=defaults.flap_window_seconds,
        flap_quiet_seconds=defaults.flap_quiet_seconds,
        requests_per_minute=_own(stored.requests_per_minute, defaults.requests_per_minute),
        mapping=as_text(stored.mapping) if stored.mapping else None,
    )


def _own(value: int | None, otherwise: int) -> int:
    """An integration's own number; 0 is one, too."""
    return otherwise if value is None else value


async def authenticate(
    connection: Connection, key: str | None, now: datetime, defaults: Policy
) -> Integration:
    """The integration of a key; read each time, so that a revocation takes effect at once.

    Raises:
        Unauthorized: no key, or one that is unknown or revoked.
    """
    if key is None:
        raise Unauthorized(
            "Send the integration key as 'Authorization: Bearer <key>', or, where only a URL can "
            "be set, as '?integration_key=<key>'."
        )
    key_hash = hash_token(key)
    integration = (await by_hashes(connection, {key_hash}, now, defaults)).get(key_hash)
    if integration is None:
        raise Unauthorized("This integration key is unknown or revoked.")
    return integration


async def by_hashes(
    connection: Connection, key_hashes: Collection[str], now: datetime, defaults: Policy
) -> dict[str, Integration]:
    """The integrations of those keys that are good now, by the hash of the key."""
    async with at_once(connection) as ask:
        found = await ask(store.by_key_hashes(key_hashes, now))
    return {key_hash: as_integration(stored, defaults) for key_hash, stored in found().items()}


async def by_ids(
    connection: Connection, integration_ids: Collection[UUID], defaults: Policy
) -> dict[UUID, Integration]:
    """Integrations by their ids, with the policy in force; revoked ones too."""
    found = await store.by_ids(connection, integration_ids)
    return {one: as_integration(stored, defaults) for one, stored in found.items()}


async def by_id(connection: Connection, integration_id: UUID, defaults: Policy) -> Integration:
    """The integration of something that is stored."""
    return (await by_ids(connection, {integration_id}, defaults))[integration_id]


def as_integration(stored: StoredIntegration, defaults: Policy) -> Integration:
    """An integration with the policy in force."""
    return Integration(
        stored.id, stored.name, policy_of(stored, defaults), paused=stored.paused_at is not None
    )


async def seed(connection: Connection, key: str, now: datetime) -> None:
    """Register the bootstrap key, once: a restart revives neither a revoked nor a rotated one."""
    key_hash = hash_token(key)
    if not await store.note_seeded(connection, key_hash, now):
        return
    integration_id = new_id()
    # New secrets on an old database are another integration, which needs another name.
    for name in ("Default", f"Default {hint_of(key)}", f"Default {integration_id}"):
        stored = StoredIntegration(
            id=integration_id, name=name, kind="any", key_hint=hint_of(key), created_at=now
        )
        if await store.insert(connection, stored, key_hash):
            _log.info("bootstrap_key_registered", integration=name)
            return


class Bootstrap:
    """Registers the bootstrap key when the service starts."""

    def __init__(self, database: Database, clock: Clock, key: str) -> None:
        self._database = database
        self._clock = clock
        self._key = key

    async def start(self) -> None:
        """Once for each key; see ``seed``."""
        if self._key:
            async with self._database.transaction() as connection:
                await seed(connection, self._key, self._clock.now())

    async def stop(self) -> None:
        """Nothing was opened."""
