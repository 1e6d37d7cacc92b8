"""What a page says once after the form before it: by a word that a cookie carries, from this list.

The words are ours, so nothing that somebody writes into an address or a cookie is shown.
"""

from typing import Literal

from web_ui.reading import sentence

SENTENCES: dict[str, tuple[Literal["done", "warning"], str]] = {
    "saved": ("done", sentence("Saved.")),
    "created": ("done", sentence("Created.")),
    "removed": ("done", sentence("Removed.")),
    "created_person": (
        "done",
        sentence("Created. Say below how they are reached, or no page arrives."),
    ),
    "created_team": (
        "done",
        sentence("Created. Give it a schedule and a policy next."),
    ),
    "created_schedule": (
        "done",
        sentence("Created. Beside the form is who is on call by it."),
    ),
    "created_policy": (
        "done",
        sentence("Created. Alerts of its team are escalated by it from now on."),
    ),
    "revoked": ("done", sentence("Revoked: other services notice within a minute.")),
    # incidents
    "acknowledge": ("done", sentence("Acknowledged. Nobody else is paged.")),
    "start": ("done", sentence("Work has started.")),
    "resolve": ("done", sentence("Resolved.")),
    "release": ("done", sentence("Released. It is paged again.")),
    "escalate": ("done", sentence("Escalated: the next step is paged now.")),
    "snooze": ("done", sentence("Snoozed. It pages again then, unless it is over.")),
    "assign": ("done", sentence("Reassigned.")),
    "help": ("done", sentence("They are paged now.")),
    "merge": ("done", sentence("Merged.")),
    "undo": ("done", sentence("Not resolved: it is as it was.")),
    "recur": ("done", sentence("Opened again, as an incident of its own. It is paged.")),
    "opened": ("done", sentence("Opened. Whoever is on call is paged.")),
    "note": ("done", sentence("The note is on the timeline.")),
    "overtaken": (
        "warning",
        sentence("Somebody else was faster: your request changed nothing. The facts say who."),
    ),
    # alerts and what they come through
    "paused": ("done", sentence("Paused: what it sends is kept, and nobody is paged for it.")),
    "resumed": ("done", sentence("Resumed. What came meanwhile waits for a replay.")),
    "revoked_integration": ("done", sentence("Revoked: its keys are refused from now on.")),
    "replayed": ("done", sentence("Replayed.")),
    "not_replayed": ("warning", sentence("It is not understood still. The reason is below.")),
    "silenced": ("done", sentence("Silenced. What fires already stays in its incident.")),
    "expired": ("done", sentence("Over now. What it held back and still fires pages.")),
    # the calendar
    "overridden": ("done", sentence("The calendar is changed.")),
    "offered": ("done", sentence("Offered: it stays yours until somebody accepts.")),
    "swap_accept": ("done", sentence("Accepted: the shift is yours now.")),
    "swap_decline": ("done", sentence("Declined.")),
    "swap_withdraw": ("done", sentence("Withdrawn.")),
    # my settings
    "session_ended": ("done", sentence("Signed out there.")),
    "sessions_ended": ("done", sentence("Signed out everywhere but here.")),
    # contact methods
    "added": ("done", sentence("Added.")),
    "added_code": ("done", sentence("Added. A code is on its way: type it in below.")),
    "on": ("done", sentence("Switched on.")),
    "off": ("done", sentence("Switched off: nothing is sent there.")),
    "test": ("done", sentence("A test message is on its way.")),
    "code": ("done", sentence("Another code is on its way; the one before counts no more.")),
    "confirm": ("done", sentence("Verified: you can be paged there now.")),
}
