"""What oncall-service counts."""

from oncall_service.core.metrics import BY_TEAM, PAGED
from oncall_service.notifications.metrics import BUNDLED, NOTIFICATIONS, SECONDS

DEFINITIONS = (NOTIFICATIONS, SECONDS, BUNDLED, PAGED, *BY_TEAM)
