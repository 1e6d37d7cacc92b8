"""What oncall-service counts."""

from oncall_service.core.metrics import BY_TEAM
from oncall_service.notifications.metrics import NOTIFICATIONS

DEFINITIONS = (NOTIFICATIONS, *BY_TEAM)
