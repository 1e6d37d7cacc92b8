"""What runs on a beat, on every replica."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry

from oncall_service.channels.base import Sender
from oncall_service.workflow import access, delivery, paging
from oncall_service.workflow.core import Core
from oncall_service.workflow.runs import NOTIFICATIONS_CHANNEL
from oncall_service.workflow.set_back import SetBack
from shared.periodic import EngineMetrics, Periodic
from shared.wakeups import Wakeups

ESCALATION, HOUSEKEEPING = "escalation", "housekeeping"

# A batch takes as long as its slowest send. While one lane waits for a mail server that hangs, the
# next page goes out through another.
DELIVERY_LANES = ("delivery", "delivery_2", "delivery_3")


def engines(
    core: Core, channels: Mapping[str, Sender], wakeups: Wakeups, registry: CollectorRegistry
) -> dict[str, Periodic]:
    """The engines by name."""
    metrics = EngineMetrics(registry)
    dispatch = delivery.Dispatch(core, channels)
    set_back = SetBack(core)

    async def escalate() -> None:
        await set_back.mend()
        await paging.run_due(core)

    def delivery_lane(name: str) -> Periodic:
        wake = wakeups.event(NOTIFICATIONS_CHANNEL)

        async def deliver() -> None:
            if await dispatch.deliver_due():
                wake.set()

        return Periodic(
            name,
            deliver,
            interval=1.0,
            # Longer than the slowest send.
            timeout=50.0,
            clock=core.clock,
            metrics=metrics,
            event=wake,
        )

    return {
        ESCALATION: Periodic(
            ESCALATION,
            escalate,
            interval=1.0,
            timeout=30.0,
            clock=core.clock,
            metrics=metrics,
        ),
        **{name: delivery_lane(name) for name in DELIVERY_LANES},
        HOUSEKEEPING: Periodic(
            HOUSEKEEPING,
            lambda: access.clean_up(core),
            interval=600.0,
            timeout=30.0,
            clock=core.clock,
            metrics=metrics,
        ),
    }
