"""What runs on a beat, on every replica."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry

from oncall_service.channels.base import Sender
from oncall_service.workflow import access, delivery, paging
from oncall_service.workflow.core import Core
from oncall_service.workflow.runs import NOTIFICATIONS_CHANNEL
from shared.periodic import EngineMetrics, Periodic
from shared.wakeups import Wakeups

ESCALATION, DELIVERY, HOUSEKEEPING = "escalation", "delivery", "housekeeping"


def engines(
    core: Core, channels: Mapping[str, Sender], wakeups: Wakeups, registry: CollectorRegistry
) -> dict[str, Periodic]:
    """The engines by name."""
    metrics = EngineMetrics(registry)
    wake_delivery = wakeups.event(NOTIFICATIONS_CHANNEL)

    async def deliver() -> None:
        if await delivery.deliver_due(core, channels):
            wake_delivery.set()

    return {
        ESCALATION: Periodic(
            ESCALATION,
            lambda: paging.run_due(core),
            interval=1.0,
            timeout=30.0,
            clock=core.clock,
            metrics=metrics,
        ),
        DELIVERY: Periodic(
            DELIVERY,
            deliver,
            interval=1.0,
            # A batch takes as long as its slowest channel; the claim lasts longer than both.
            timeout=50.0,
            clock=core.clock,
            metrics=metrics,
            event=wake_delivery,
        ),
        HOUSEKEEPING: Periodic(
            HOUSEKEEPING,
            lambda: access.clean_up(core),
            interval=600.0,
            timeout=30.0,
            clock=core.clock,
            metrics=metrics,
        ),
    }
