"""Which incident does a new alert belong to? Pure rules over (alert, open group, now)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from json.encoder import encode_basestring
from typing import Final
from uuid import UUID

from alert_ingestion.model import (
    Group,
    Integration,
    KnownIncident,
    Policy,
    Reason,
    ReceivedAlert,
)

# PostgreSQL refuses an index entry beyond a third of a page; a key this long is no longer read by
# people, so its tail is replaced by a digest of the whole.
_LONGEST_KEY_BYTES: Final = 1000


@dataclass(frozen=True, slots=True)
class Correlation:
    """The decision about a new alert.

    Attributes:
        group: the group it joins; None when it opens a new incident.
        recurrence_of: the incident a new one repeats, or goes on from.
        slides_window: the group has not seen this fingerprint before, so its window starts anew.
    """

    reason: Reason
    group: Group | None = None
    recurrence_of: KnownIncident | None = None
    slides_window: bool = False


def correlation_key(alert: ReceivedAlert, integration: Integration) -> str:
    """What alerts of one incident have in common, as ``service="checkout",severity="high"``.

    In this order: the labels that the integration chose; the group that the sender made, which is
    its integration's own; the labels usual for its format. Keys of labels are the same for every
    integration: a symptom seen by two senders is one incident. ``service`` and ``severity`` are
    the alert's own, whatever its labels say; a label it lacks counts as empty.
    """
    chosen = integration.policy.correlation_labels
    if chosen is None and alert.group is not None:
        return _shortened(f"group={encode_basestring(alert.group)}", _of(integration.id))
    values: Mapping[str, str] = {
        **alert.labels,
        "service": alert.service,
        "severity": alert.severity.value,
    }
    return _shortened(
        ",".join(
            f"{label}={encode_basestring(values.get(label, ''))}"
            for label in chosen or alert.default_labels
        )
    )


def is_senders_group(alert: ReceivedAlert, integration: Integration) -> bool:
    """Whether the sender's own grouping decides about this alert."""
    return alert.group is not None and integration.policy.correlation_labels is None


def is_of_senders_group(key: str, integration_id: UUID) -> bool:
    """Whether a correlation key is a group that the sender made."""
    return key.endswith(_of(integration_id))


def _of(integration_id: UUID) -> str:
    return f"@{integration_id}"


def _shortened(key: str, suffix: str = "") -> str:
    encoded = key.encode()
    if len(encoded) <= _LONGEST_KEY_BYTES:
        return key + suffix
    digest = hashlib.sha256(encoded).hexdigest()
    kept = encoded[: _LONGEST_KEY_BYTES - 80].decode(errors="ignore")
    return f"{kept}…#{digest}{suffix}"


def correlate(
    policy: Policy,
    group: Group | None,
    previous: KnownIncident | None,
    *,
    group_has_fingerprint: bool,
    now: datetime,
    senders_group: bool = False,
) -> Correlation:
    """Where a new alert goes.

    A group that the sender made (``senders_group``) has no window: what the sender calls the same
    trouble is the same incident until that is over, or too old.

    ``group`` is the open group of its key, ``previous`` the incident of the last alert with its
    fingerprint. The window counts server time since the group's last new fingerprint: a sender's
    clock decides nothing here, and an alert that flaps does not keep a group open for ever.
    """
    window = timedelta(seconds=policy.correlation_window_seconds)
    if group is not None and (senders_group or now - group.last_new_at <= window):
        old = now - group.opened_at > timedelta(seconds=policy.correlation_max_age_seconds)
        if old and not group_has_fingerprint:
            # An incident that trouble keeps joining would be open, and acknowledged, for ever.
            return Correlation(Reason.AGE_REACHED, recurrence_of=KnownIncident(group.incident_id))
        reason = Reason.SAME_GROUP if senders_group else Reason.ATTACHED
        return Correlation(reason, group=group, slides_window=not group_has_fingerprint)
    if previous is not None and previous.is_over:
        return Correlation(Reason.RECURRENCE, recurrence_of=previous)
    if group is not None:
        return Correlation(Reason.WINDOW_PASSED)
    return Correlation(Reason.NEW_INCIDENT)
