"""States and reasons of alerts and of what they come through, said by themselves."""

from web_ui.reading import sentence

WORDS = frozenset(
    {
        # of alerts
        sentence("firing"),
        sentence("ignored"),
        sentence("silenced"),
        sentence("inhibited"),
        sentence("flapping"),
        # of requests
        sentence("dead"),
        sentence("taken"),
        sentence("any"),
        # why an alert was let go or is over
        sentence("silence ended"),
        sentence("inhibition ended"),
        sentence("quiet after flapping"),
        sentence("resolved by hand"),
        sentence("resolved by sender"),
        sentence("timed out"),
        sentence("new occurrence"),
        sentence("no open alert"),
        # why a request was refused, or not understood
        sentence("unreadable"),
        sentence("not mapped"),
        sentence("not stored"),
        sentence("subscription not confirmed"),
        sentence("unknown key"),
        sentence("partly refused"),
        sentence("malformed request"),
        sentence("not allowed"),
        sentence("not found"),
        sentence("body too large"),
        sentence("header too large"),
        sentence("unsupported media type"),
        sentence("invalid fields"),
        sentence("too many requests"),
        # fields of their forms, where one is found wrong
        sentence("integration id"),
        sentence("interval"),
        sentence("grace"),
        sentence("zone"),
        sentence("starts at"),
        sentence("ends at"),
        sentence("duration seconds"),
        sentence("days"),
        sentence("severities"),
        sentence("labels"),
        sentence("payload"),
    }
)
"""Listed here so that each is translated: they come from alert-ingestion as they are stored."""
