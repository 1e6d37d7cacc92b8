"""The named reasons of escalations."""

from enum import StrEnum

from shared.contracts.incidents import (
    ACKNOWLEDGEMENT_FORGOTTEN,
    RESOLUTION_UNDONE,
    SNOOZE_ENDED,
)
from shared.contracts.oncall import ASKED_TO_HELP, NO_STEP_FOR_SEVERITY


class Reason(StrEnum):
    """Why a run started, paged, stopped or did nothing: log field, timeline entry, metric label."""

    # starting
    INCIDENT_OPENED = "incident_opened"
    RELEASED = "released"
    WORSE_ALERT_JOINED = "worse_alert_joined"
    SEVERITY_ROSE = "severity_rose"
    MORE_ALERTS = "more_alerts"
    TEAM_CHANGED = "team_changed"
    ESCALATED_BY_HAND = "escalated_by_hand"
    ACKNOWLEDGEMENT_FORGOTTEN = ACKNOWLEDGEMENT_FORGOTTEN
    SNOOZE_ENDED = SNOOZE_ENDED
    RESOLUTION_UNDONE = RESOLUTION_UNDONE
    # nothing to do
    ALREADY_PAGING = "already_paging"
    ALREADY_EXHAUSTED = "already_exhausted"
    DUPLICATE_EVENT = "duplicate_event"
    STALE_REVISION = "stale_revision"
    NOTHING_TO_STOP = "nothing_to_stop"
    # stopping
    ACKNOWLEDGED = "acknowledged"
    IN_PROGRESS = "in_progress"
    RESOLVED = "resolved"
    MERGED = "merged"
    EXHAUSTED = "exhausted"
    HELP_CALLED = "help_called"
    NO_STEP_FOR_SEVERITY = NO_STEP_FOR_SEVERITY
    # choosing
    PRIMARY_ON_CALL = "primary_on_call"
    SECONDARY_ON_CALL = "secondary_on_call"
    PERSON_OF_STEP = "person_of_step"
    TEAM_MEMBERS = "team_members"
    NOBODY_ON_CALL_FALLBACK = "nobody_on_call_fallback"
    NOBODY_REACHABLE_FALLBACK = "nobody_reachable_fallback"
    NOBODY_AT_THIS_HOUR_FALLBACK = "nobody_at_this_hour_fallback"
    LAST_RESORT = "last_resort"
    NOBODY_AT_ALL = "nobody_at_all"
    CAME_ON_CALL = "came_on_call"
    ALREADY_ASKED = "already_asked"
    WEBHOOK = "webhook"
    ASKED_TO_HELP = ASKED_TO_HELP
    # passing over
    OTHER_SEVERITIES = "other_severities"
    NOT_AT_THIS_HOUR = "not_at_this_hour"
    NOBODY_ON_CALL = "nobody_on_call"
    NO_CONTACT_METHOD = "no_contact_method"
