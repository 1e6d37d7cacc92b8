"""What a fresh installation begins with, so that its very first alert reaches somebody.

Each part is seeded once and remembered as seeded: a restart brings back no revoked token, no old
password and no deleted team.
"""

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.access import store
from oncall_service.core.core import Core
from oncall_service.people import store as people
from oncall_service.policies import usecases as policies
from oncall_service.policies.rules import Target
from oncall_service.policies.shapes import PolicyCreate, StepModel
from oncall_service.tables import TokenRow
from oncall_service.teams import usecases as teams
from shared.auth import hash_token
from shared.contracts.identity import Role
from shared.identifiers import new_id

CATCH_ALL = "Catch-all"
DEFAULT_POLICY = "Default"

_log = structlog.get_logger(__name__)


class Bootstrap:
    """A resource of the application: seeds before the first request is served."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def start(self) -> None:
        """Seed what was not seeded yet."""
        await seed(self._core)

    async def stop(self) -> None:
        """Nothing to end."""


async def seed(core: Core) -> None:
    """Make the administrator, the catch-all team, its policy and the first token, each once."""
    password = core.settings.bootstrap_admin_password.get_secret_value()
    token = core.settings.bootstrap_api_token.get_secret_value()
    # Hashing takes its time; a restart that has nothing to seed pays 20 ms for simplicity.
    hashed = await core.passwords.hash(password) if password else None
    async with core.database.session() as session:
        if await _first_time(core, session, "installation"):
            await _installation(core, session)
        if hashed is not None and await _first_time(core, session, "admin_password"):
            admin = await people.by_login(session, core.settings.bootstrap_admin_user)
            if admin is not None and admin.password_hash is None:
                admin.password_hash = hashed
        if token and await _first_time(core, session, "api_token"):
            session.add(
                TokenRow(
                    id=new_id(),
                    name="bootstrap",
                    role=Role.ADMIN,
                    token_hash=hash_token(token),
                    created_by="bootstrap",
                    created_at=core.clock.now(),
                )
            )


async def _first_time(core: Core, session: AsyncSession, name: str) -> bool:
    first = await store.seed(session, name, core.clock.now())
    if first:
        _log.info("seeded", part=name)
    return first


async def _installation(core: Core, session: AsyncSession) -> None:
    now = core.clock.now()
    login = core.settings.bootstrap_admin_user
    admin = await people.add_administrator(session, people.ADMINISTRATOR, login, now)
    await teams.add_team(session, CATCH_ALL, [str(admin.id)], now, catch_all=True)
    await policies.add(
        core,
        session,
        PolicyCreate(
            name=DEFAULT_POLICY,
            team=CATCH_ALL,
            repeat=2,
            steps=[
                StepModel(target=Target.PRIMARY, delay_minutes=5),
                StepModel(target=Target.SECONDARY, delay_minutes=5),
            ],
            fallback=str(admin.id),
        ),
    )
