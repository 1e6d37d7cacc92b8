"""The words for values that appear in sentences: severities, states, targets and reasons of rules.

A value is named by itself, with spaces for underscores; listed here so that each is translated.
"""


def _named(name: str) -> str:
    return name


NAMES = frozenset(
    {
        # severities
        _named("critical"),
        _named("high"),
        _named("medium"),
        _named("low"),
        # states
        _named("open"),
        _named("acknowledged"),
        _named("in progress"),
        _named("resolved"),
        # whom a step pages
        _named("primary"),
        _named("secondary"),
        _named("person"),
        _named("team"),
        _named("webhook"),
        # why somebody is paged
        _named("primary on call"),
        _named("secondary on call"),
        _named("person of step"),
        _named("team members"),
        _named("nobody on call fallback"),
        _named("nobody reachable fallback"),
        _named("last resort"),
        _named("nobody at all"),
        _named("came on call"),
        _named("already asked"),
        _named("asked to help"),
        _named("nobody at this hour fallback"),
        # why nobody is
        _named("other severities"),
        _named("not at this hour"),
        _named("nobody on call"),
        _named("no contact method"),
        _named("no step for severity"),
        _named("empty team"),
        _named("fallback unreachable"),
        _named("only in working hours"),
        _named("nobody of the policy"),
        _named("never escalated"),
        _named("stopped before their step"),
        _named("stopped before their message"),
        _named("delivery failed"),
        _named("not on call"),
        # why a run began, and why it stopped
        _named("incident opened"),
        _named("released"),
        _named("worse alert joined"),
        _named("severity rose"),
        _named("more alerts"),
        _named("team changed"),
        _named("escalated by hand"),
        _named("acknowledgement forgotten"),
        _named("snooze ended"),
        _named("resolution undone"),
        _named("merged"),
        _named("exhausted"),
        _named("help called"),
    }
)
