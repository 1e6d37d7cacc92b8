"""Who changed what of the configuration, noted in the transaction that changes it."""

from typing import Any, Protocol
from uuid import UUID

from pydantic import BaseModel
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.core import Core
from shared import audit
from shared.contracts.identity import Actor, Principal
from shared.database import driver_connection

# What no record may hold, wherever in a view it stands.
_SECRET = frozenset({"secret", "token"})


class Shown(Protocol):
    """A view of something, as the API shows it."""

    @property
    def id(self) -> UUID:
        """Its id."""
        ...

    def model_dump(self, *, mode: str) -> dict[str, Any]:
        """It as JSON."""
        ...


async def note(
    core: Core,
    session: AsyncSession,
    who: Principal | Actor,
    action: str,
    *,
    before: Shown | None = None,
    after: Shown | None = None,
) -> None:
    """Note that something was made (``after``), removed (``before``) or changed (both).

    ``action`` is what was changed and how: ``team.changed``. What stayed as it was is no change.
    """
    shown = after or before
    if shown is None:
        raise ValueError("a change has a state before it, or after it")
    old, new = _state(before), _state(after)
    if old != new:
        await _record(core, session, who, action, subject=shown.id, before=old, after=new)


async def note_act(
    core: Core,
    session: AsyncSession,
    who: Principal | Actor,
    action: str,
    *,
    subject: UUID,
    outcome: BaseModel | None = None,
) -> None:
    """Note what no view of the ``subject`` shows: a new password, a calendar that came in."""
    after = _state(outcome)
    await _record(core, session, who, action, subject=subject, before=None, after=after)


async def _record(
    core: Core,
    session: AsyncSession,
    who: Principal | Actor,
    action: str,
    *,
    subject: UUID,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> None:
    await session.flush()
    async with driver_connection(session) as connection:
        await audit.record(
            connection,
            who,
            action,
            str(subject),
            before=before,
            after=after,
            now=core.clock.now(),
        )


def _state(view: Shown | BaseModel | None) -> dict[str, Any] | None:
    return None if view is None else _without_secrets(view.model_dump(mode="json"))


def _without_secrets(state: Any) -> Any:
    if isinstance(state, dict):
        return {name: _without_secrets(it) for name, it in state.items() if name not in _SECRET}
    return [_without_secrets(it) for it in state] if isinstance(state, list) else state
