"""What runs on a beat, on every replica."""

from functools import partial

from prometheus_client import CollectorRegistry

from oncall_service.access import usecases as access
from oncall_service.core.core import Core
from oncall_service.coverage import usecases as coverage
from oncall_service.notifications.dispatch import Dispatch
from oncall_service.notifications.work import NOTIFICATIONS_CHANNEL
from oncall_service.paging import canary, due, forgetting
from oncall_service.paging.set_back import SetBack
from oncall_service.teams import usecases as teams
from shared.periodic import EngineMetrics, Periodic
from shared.wakeups import Wakeups

ESCALATION, SENDING, HOUSEKEEPING = "escalation", "sending", "housekeeping"
COVERAGE = "coverage"
# Without a cycle of these nobody is paged: the service is not ready before they have run.
PAGING = (ESCALATION, SENDING)


def engines(
    core: Core, dispatch: Dispatch, wakeups: Wakeups, registry: CollectorRegistry
) -> dict[str, Periodic]:
    """The engines by name."""
    metrics = EngineMetrics(registry)
    set_back = SetBack(core)
    wake = wakeups.event(NOTIFICATIONS_CHANNEL)

    async def escalate() -> None:
        try:
            await set_back.mend()
        finally:
            # Whatever keeps the clock from being watched must not keep anybody from being paged.
            await due.run_due(core)
        await forgetting.run_due(core)

    async def send() -> None:
        if await dispatch.send_due():
            wake.set()

    async def keep_house() -> None:
        await access.clean_up(core)
        await teams.forget_gone(core)
        await canary.forget(core)

    return {
        ESCALATION: Periodic(
            ESCALATION,
            escalate,
            interval=1.0,
            timeout=30.0,
            clock=core.clock,
            metrics=metrics,
        ),
        SENDING: Periodic(
            SENDING,
            send,
            interval=1.0,
            timeout=30.0,
            clock=core.clock,
            metrics=metrics,
            event=wake,
        ),
        COVERAGE: Periodic(
            COVERAGE,
            partial(coverage.look, core),
            interval=3600.0,
            timeout=300.0,
            clock=core.clock,
            metrics=metrics,
        ),
        HOUSEKEEPING: Periodic(
            HOUSEKEEPING,
            keep_house,
            interval=600.0,
            timeout=30.0,
            clock=core.clock,
            metrics=metrics,
        ),
    }
