"""What happened to an incident, in words: one sentence a kind.

The facts of each kind are those of docs/timeline.md. A person's own words (a note), and those of a
release that wrote sentences into its rows, are no business of this module.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from shared.contracts import alerts
from shared.contracts.incidents import (
    ACKNOWLEDGEMENT_FORGOTTEN,
    RECURRED_BY_HAND,
    RESOLUTION_UNDONE,
    SNOOZE_ENDED,
    WORK_PAUSED,
    WORSE_ALERT_JOINED,
    IncidentKind,
)
from shared.contracts.oncall import ASKED_TO_HELP, NO_STEP_FOR_SEVERITY, PageKind
from shared.words import outcomes
from shared.words.catalogues import Say


@dataclass(frozen=True)
class Happening:
    """What a sentence is made from; ``actor`` is a name, None when a rule acted."""

    kind: str
    actor: str | None
    reason: str
    data: Mapping[str, Any]

    def __getitem__(self, fact: str) -> Any:
        return self.data.get(fact)


Sentence: TypeAlias = Callable[[Say, Happening], str]


def sentence(words: Say, happening: Happening) -> str:
    """The sentence of something that happened; a kind of a newer release is at least named."""
    make = SENTENCES.get(happening.kind)
    return f"{happening.kind}." if make is None else make(words, happening)


def _opened(words: Say, it: Happening) -> str:
    if it.reason == "opened_by_hand":
        return words.say("{actor} opened it.", actor=it.actor)
    if it.reason == RECURRED_BY_HAND:
        return words.say(
            "{actor} opened it: {incident} has come again.",
            actor=it.actor,
            incident=_reference(it),
        )
    if it.reason == "imported":
        return words.say("Opened: {title}", title=it["title"])
    return _opened_by_alert(words, it)


def _opened_by_alert(words: Say, it: Happening) -> str:
    title = it["title"]
    match it.reason:
        case alerts.AGE_REACHED:
            said = words.say(
                "Opened by an alert, for the incident before it takes no more new ones: {title}",
                title=title,
            )
        case alerts.SILENCE_ENDED:
            said = words.say(
                "Opened by an alert that nothing silences any more: {title}", title=title
            )
        case alerts.INHIBITION_ENDED:
            said = words.say(
                "Opened by an alert that fires still, without the one that explained it: {title}",
                title=title,
            )
        case alerts.FLAPPING:
            said = words.say(
                "Opened by an alert that comes and goes, and stays open now until it has been "
                "quiet: {title}",
                title=title,
            )
        case alerts.STORM:
            said = words.say(
                "Opened for a storm of alerts, which all belong to it: {title}", title=title
            )
        case _ if it["recurrence_of"]:
            said = words.say("Opened by an alert that came again: {title}", title=title)
        case _:
            said = words.say("Opened by an alert: {title}", title=title)
    return said


def _acknowledged(words: Say, it: Happening) -> str:
    who = it.actor or it["by"] or words.say("Somebody")
    if it.reason == WORK_PAUSED:
        return words.say("{actor} paused work on it.", actor=who)
    if it["by_link"]:
        return words.say(
            "{actor} acknowledged by the link in a message ({channel}).",
            actor=who,
            channel=it["by_link"],
        )
    return words.say("{actor} acknowledged.", actor=who)


def _in_progress(words: Say, it: Happening) -> str:
    if it.actor is None:
        return words.say("Work began.")
    return words.say("{actor} started to work on it.", actor=it.actor)


def _released(words: Say, it: Happening) -> str:
    return words.say("{actor} released it: it is open again, and nobody's.", actor=it.actor)


def _resolved(words: Say, it: Happening) -> str:
    who = it.actor or it["by"]
    if who:
        return words.say("{actor} resolved.", actor=who)
    if it.reason == "imported":
        return words.say("Resolved by itself: none of its alerts fired any more.")
    return words.say("Resolved by itself: none of its alerts fires any more.")


def _snoozed(words: Say, it: Happening) -> str:
    return words.say(
        "{actor} leaves it alone until {at}.",
        actor=it.actor,
        at=_instant(words.minute, it["until"]),
    )


def _reopened(words: Say, it: Happening) -> str:
    if it.reason == ACKNOWLEDGEMENT_FORGOTTEN:
        return words.say(
            "Open again: nothing followed on {who}'s acknowledgement in time.",
            who=it["by"] or words.say("somebody"),
        )
    if it.reason == RESOLUTION_UNDONE:
        return words.say("Not over: {actor} took the resolution back.", actor=it.actor)
    if it.reason == SNOOZE_ENDED:
        return words.say("Open again: it was to be left alone until now.")
    if it.reason == WORSE_ALERT_JOINED:
        return words.say(
            "Open again: an alert of severity {severity} joined, worse than anything in it before.",
            severity=_word(words, it["severity"]),
        )
    return words.say("Not over: an alert that had begun before the resolution arrived after it.")


def _retitled(words: Say, it: Happening) -> str:
    return words.say(
        "{actor} changed the title from {before} to {after}.",
        actor=it.actor,
        before=it["from"],
        after=it["to"],
    )


def _severity_changed(words: Say, it: Happening) -> str:
    before, after = _word(words, it["from"]), _word(words, it["to"])
    if it.actor is None:
        return words.say(
            "As grave as the gravest of its alerts: {after}; it was {before}.",
            before=before,
            after=after,
        )
    return words.say(
        "{actor} changed the severity from {before} to {after}.",
        actor=it.actor,
        before=before,
        after=after,
    )


def _team_changed(words: Say, it: Happening) -> str:
    none = words.say("none")
    return words.say(
        "{actor} changed the team from {before} to {after}.",
        actor=it.actor,
        before=it["from"] or none,
        after=it["to"] or none,
    )


def _assigned(words: Say, it: Happening) -> str:
    none = words.say("none")
    return words.say(
        "{actor} changed the assignee from {before} to {after}.",
        actor=it.actor,
        before=it["from"] or none,
        after=it["to"] or none,
    )


def _unchanged(words: Say, it: Happening) -> str:
    facts = {
        "actor": it.actor,
        "status": _word(words, it["status"]),
        "who": it["since_by"],
        "at": _instant(words.second, it["since_at"]),
    }
    if it["since_by"] and it["since_at"]:
        return words.say(
            "{actor} asked for {status}, which it was already by {who} at {at}. Nothing changed.",
            **facts,
        )
    if it["since_at"]:
        return words.say(
            "{actor} asked for {status}, which it was already at {at}. Nothing changed.", **facts
        )
    return words.say("{actor} asked for {status}, which it was already. Nothing changed.", **facts)


def _merged(words: Say, it: Happening) -> str:
    return words.many(
        "{actor} merged it into {incident}, with {count} alert.",
        "{actor} merged it into {incident}, with {count} alerts.",
        _count(it["alerts"]),
        actor=it.actor,
        incident=_reference(it),
    )


def _absorbed(words: Say, it: Happening) -> str:
    return words.many(
        "{actor} merged {incident} into it, with {count} alert.",
        "{actor} merged {incident} into it, with {count} alerts.",
        _count(it["alerts"]),
        actor=it.actor,
        incident=_reference(it),
    )


def _recurred(words: Say, it: Happening) -> str:
    return words.say("It came again, as {incident}.", incident=_reference(it))


def _imported(words: Say, _: Happening) -> str:
    return words.say("Imported.")


def _attached(words: Say, it: Happening) -> str:
    joined = words.say("Another alert belongs to it: {title}.", title=it["title"])
    if not it["was"]:
        return joined
    graver = words.say(
        "It is {severity}, the incident was {before}.",
        severity=_word(words, it["severity"]),
        before=_word(words, it["was"]),
    )
    return f"{joined} {graver}"


def _alert_updated(words: Say, it: Happening) -> str:
    if it["from"] and it["from"] != it["to"]:
        return words.say(
            "An alert went from {before} to {after}: {title}.",
            before=_word(words, it["from"]),
            after=_word(words, it["to"]),
            title=it["title"],
        )
    return words.say("An alert says something new: {title}.", title=it["title"])


def _alert_resolved(words: Say, it: Happening) -> str:
    return words.say("An alert stopped firing: {title}.", title=it["title"])


def _service_changed(words: Say, it: Happening) -> str:
    return words.say(
        "{service} was changed: {summary}", service=it["service"], summary=it["summary"]
    )


def _page_started(words: Say, it: Happening) -> str:
    team = _name(it["team"])
    if it["policy"]:
        return words.say("Paging team {team} by policy {policy}.", team=team, policy=it["policy"])
    if team:
        return words.say("Paging began for the team {team}.", team=team)
    return words.say("Paging began.")


def _page_requested(words: Say, it: Happening) -> str:
    who = it["by"] or words.say("Somebody")
    if it.reason == ASKED_TO_HELP:
        facts = {"actor": who, "person": _name(it["person"]) or words.say("somebody")}
        if it["why"]:
            return words.say("{actor} asked {person} to help: {why}.", why=it["why"], **facts)
        return words.say("{actor} asked {person} to help.", **facts)
    if it["why"]:
        return words.say("{actor} escalated: {why}.", actor=who, why=it["why"])
    return words.say("{actor} escalated.", actor=who)


def _page_target(words: Say, it: Happening) -> str:
    person = _name(it["person"]) or words.say("somebody")
    if not it.reason or it["step"] is None:
        if it["step"] is None:
            return words.say("Paged {person}.", person=person)
        return words.say("Paged {person} (step {step}).", person=person, step=it["step"])
    facts = {
        "step": it["step"] + 1,
        "person": person,
        "reason": words.word(it.reason),
        "at": _instant(words.minute, it["from"]),
    }
    if it["from"]:
        return words.say(
            "Step {step}: {person} is paged ({reason}), from {at} on: it can wait.", **facts
        )
    said = words.say("Step {step}: {person} is paged ({reason}).", **facts)
    if not it["late_seconds"]:
        return said
    late = words.many(
        "That is {count} second late: the engine had stopped.",
        "That is {count} seconds late: the engine had stopped.",
        _count(it["late_seconds"]),
    )
    return f"{said} {late}"


def _page_unreachable(words: Say, it: Happening) -> str:
    return words.say(
        "Step {step}: {person} ({reason}) cannot be reached, for want of a working contact method.",
        step=(it["step"] or 0) + 1,
        person=_name(it["person"]) or words.say("somebody"),
        reason=words.word(it.reason),
    )


def _page_gap(words: Say, it: Happening) -> str:
    facts = {
        "step": (it["step"] or 0) + 1,
        "target": words.word(str(it["target"] or "")),
        "team": _name(it["team"]),
        "reason": words.word(it.reason),
    }
    if it["target"]:
        return words.say("Step {step} ({target}) of team {team} found nobody: {reason}.", **facts)
    return words.say("Nobody is on call for the team {team}: the fallback is paged.", **facts)


def _page_skipped(words: Say, it: Happening) -> str:
    return words.say(
        "Step {step} ({target}) was passed over: {reason}.",
        step=(it["step"] or 0) + 1,
        target=words.word(str(it["target"] or "")),
        reason=words.word(it.reason),
    )


def _page_exhausted(words: Say, it: Happening) -> str:
    if it.reason == NO_STEP_FOR_SEVERITY:
        return words.say(
            "No step of policy {policy} is for trouble of this severity: nobody was paged.",
            policy=it["policy"],
        )
    if it["policy"]:
        return words.say(
            "Policy {policy} was run to its end and nobody acknowledged.", policy=it["policy"]
        )
    return words.say("Everybody was paged and nobody acknowledged.")


def _page_stopped(words: Say, it: Happening) -> str:
    stopped = words.say("The escalation stopped: {reason}.", reason=words.word(it.reason))
    cancelled = _count(it["cancelled"])
    if not cancelled:
        return stopped
    unsent = words.many(
        "{count} unsent notification was cancelled.",
        "{count} unsent notifications were cancelled.",
        cancelled,
    )
    return f"{stopped} {unsent}"


def _page_forgotten(words: Say, _: Happening) -> str:
    return words.say("Nothing followed on the acknowledgement: it is paged for again.")


def _notified(words: Say, it: Happening) -> str:
    if not it["outcome"]:
        return words.say(
            "Notified {person} by {channel}.", person=_whom(words, it), channel=it["channel"]
        )
    return words.say(
        "{person} was notified by {channel}: {outcome}.",
        person=_whom(words, it),
        channel=it["channel"],
        outcome=_outcome(words, it),
    )


def _not_notified(words: Say, it: Happening) -> str:
    if not it["outcome"]:
        return words.say(
            "Could not notify {person} by {channel}.",
            person=_whom(words, it),
            channel=it["channel"],
        )
    return words.say(
        "{person} could not be notified by {channel}: {outcome}.",
        person=_whom(words, it),
        channel=it["channel"],
        outcome=_outcome(words, it),
    )


def _whom(words: Say, it: Happening) -> str:
    """Who gets a message: a person, or the webhook of a policy, which is nobody's."""
    return _name(it["person"]) or words.say("The policy's webhook")


def _outcome(words: Say, it: Happening) -> str:
    return outcomes.together(words, str(it["outcome"] or ""), _count(it["with_others"]))


def _reference(it: Happening) -> str:
    return f"INC-{it['number']}"


def _word(words: Say, value: Any) -> str:
    return words.word(str(value)) if value else "…"


def _count(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _name(ref: Any) -> str:
    """The name of a person or a team, as {id, name}."""
    return str(ref.get("name") or "") if isinstance(ref, Mapping) else ""


def _instant(show: Callable[[datetime], str], text: Any) -> str:
    if not isinstance(text, str):
        return ""
    try:
        return show(datetime.fromisoformat(text))
    except ValueError:
        return text


SENTENCES: dict[str, Sentence] = {
    IncidentKind.OPENED: _opened,
    IncidentKind.ACKNOWLEDGED: _acknowledged,
    IncidentKind.IN_PROGRESS: _in_progress,
    IncidentKind.RELEASED: _released,
    IncidentKind.SNOOZED: _snoozed,
    IncidentKind.RESOLVED: _resolved,
    IncidentKind.REOPENED: _reopened,
    IncidentKind.RETITLED: _retitled,
    IncidentKind.SEVERITY_CHANGED: _severity_changed,
    IncidentKind.TEAM_CHANGED: _team_changed,
    IncidentKind.ASSIGNED: _assigned,
    IncidentKind.UNCHANGED: _unchanged,
    IncidentKind.MERGED: _merged,
    IncidentKind.ABSORBED: _absorbed,
    IncidentKind.RECURRED: _recurred,
    IncidentKind.IMPORTED: _imported,
    IncidentKind.ALERT_ATTACHED: _attached,
    IncidentKind.ALERT_UPDATED: _alert_updated,
    IncidentKind.ALERT_RESOLVED: _alert_resolved,
    IncidentKind.SERVICE_CHANGED: _service_changed,
    PageKind.STARTED: _page_started,
    PageKind.REQUESTED: _page_requested,
    PageKind.TARGET: _page_target,
    PageKind.UNREACHABLE: _page_unreachable,
    PageKind.GAP: _page_gap,
    PageKind.SKIPPED: _page_skipped,
    PageKind.EXHAUSTED: _page_exhausted,
    PageKind.STOPPED: _page_stopped,
    PageKind.FORGOTTEN: _page_forgotten,
    PageKind.NOTIFICATION_SENT: _notified,
    PageKind.NOTIFICATION_FAILED: _not_notified,
}
