"""Every contact method stored as the sealing keys of today ask for it, before a start is over.

Values of a release that sealed nothing are sealed, those under an older key get the first one, and
with ``plain`` in front of the keys all are opened, which is the way back to such a release.
"""

from uuid import UUID

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.core import Core
from oncall_service.notifications.channels import registry
from oncall_service.notifications.sealing import CannotOpen, Sealer
from oncall_service.notifications.store import methods as store
from oncall_service.tables import ContactMethodRow

BATCH = 200

_log = structlog.get_logger(__name__)


class Resealing:
    """A resource of the application; two replicas that start at once do each row once."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._sealer = Sealer.of(core.settings)

    async def start(self) -> None:
        """Go through all contact methods, a batch a transaction."""
        if not self._sealer.seals:
            _log.warning("contact_methods_not_sealed", setting="VIGIE_SEALING_KEYS")
        changed = unopened = 0
        after: UUID | None = None
        while True:
            async with self._core.database.session() as session:
                rows = await store.batch(session, after, BATCH)
                for row in rows:
                    try:
                        changed += await self._reseal(session, row)
                    except CannotOpen:
                        unopened += 1
            if len(rows) < BATCH:
                break
            after = rows[-1].id
        if changed:
            _log.info("contact_methods_resealed", methods=changed)
        if unopened:
            _log.error("contact_methods_sealed", methods=unopened)

    async def stop(self) -> None:
        """Nothing to end."""

    async def _reseal(self, session: AsyncSession, row: ContactMethodRow) -> int:
        target, secret = self._target(row), self._secret(row)
        if (target, secret) == (row.target, row.secret):
            return 0
        return int(await store.restore(session, row, target, secret))

    def _target(self, row: ContactMethodRow) -> str:
        channel = registry.find(row.channel)
        if channel is None:
            return row.target  # of a newer release, which knows what it is
        if channel.sealed_target and self._sealer.is_current(row.target):
            return row.target
        return self._sealer.target(channel, self._sealer.opened(row.target))

    def _secret(self, row: ContactMethodRow) -> str | None:
        if row.secret is None or self._sealer.is_current(row.secret):
            return row.secret
        return self._sealer.secret(self._sealer.opened(row.secret))
