"""Use case: steps are due. Run by an engine, on every replica."""

from collections.abc import Sequence
from uuid import UUID

import structlog

from oncall_service.core.core import Core
from oncall_service.paging import store
from oncall_service.paging.runs import Runs
from shared.work import in_session

DUE_AT_ONCE = 200

_log = structlog.get_logger(__name__)


async def run_due(core: Core) -> int:
    """Do the steps that are due; how many there were (run by an engine, on every replica).

    Many incidents share a transaction. If that fails each gets one of its own, so that one that
    cannot be advanced holds up no other; the cycle then counts as failed.
    """
    done, failed = 0, 0
    while True:
        now = core.clock.now()
        async with core.database.session() as session:
            waiting = await store.due(session, now, DUE_AT_ONCE)
        try:
            advanced = await _advance(core, waiting)
        except Exception:  # noqa: BLE001 - found by doing them one by one
            _log.exception("escalation_steps_failed_together", incidents=len(waiting))
            advanced = 0
            for incident in waiting:
                try:
                    advanced += await _advance(core, [incident])
                except Exception:  # noqa: BLE001 - counted, and raised at the end
                    failed += 1
                    _log.exception("escalation_step_failed", incident_id=str(incident))
        done += advanced
        if failed:
            raise RuntimeError(f"{failed} of {len(waiting)} escalations could not be advanced")
        if len(waiting) < DUE_AT_ONCE or not advanced:
            return done


async def _advance(core: Core, due: Sequence[UUID]) -> int:
    """Do what is due of these incidents, in one transaction; how many there were."""
    if not due:
        return 0
    now = core.clock.now()
    async with in_session(core.database, lambda session: Runs(session, now)) as runs:
        free = await store.lock_free(runs.session, due)
        # Read after the lock: another replica may have done a step a moment ago.
        running = await store.running_of(runs.session, free)
        done = 0
        # In the order in which they were due, not of their locks.
        for incident in due:
            run = running.get(incident)
            if run is not None:
                await runs.look(free[incident], run)
                done += 1
        return done
