"""What a message to a person says: a title and a text, one wording a kind.

The facts of a kind are those that oncall-service stores with it and sends to webhooks
(oncall_service.notifications.messages makes them).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from shared.contracts.oncall import ASKED_TO_HELP, MessageKind
from shared.words.catalogues import Say

# The text of a bundle names the first few; a program gets all of them as facts.
NAMED = 10


@dataclass(frozen=True)
class Worded:
    """A message in words."""

    title: str
    text: str


@dataclass(frozen=True)
class About:
    """What a wording is made from; ``person`` is the name of whoever reads it."""

    person: str
    facts: Mapping[str, Any]

    def __getitem__(self, fact: str) -> Any:
        return self.facts.get(fact)


Wording: TypeAlias = Callable[[Say, About], Worded]


def worded(words: Say, kind: str, person: str, facts: Mapping[str, Any]) -> Worded:
    """A message in words; one of a kind of a newer release at least says what it is about."""
    about = About(person, facts)
    make = WORDINGS.get(kind)
    return Worded(_headline(words, about), "") if make is None else make(words, about)


def bundle(words: Say, person: str, titles: Sequence[str]) -> Worded:
    """One message for many that had to wait: ``titles`` are theirs, the worst first."""
    facts = {"person": person, "count": len(titles), "worst": titles[0]}
    return _listed(
        words,
        words.say("{count} more incidents, worst: {worst}", **facts),
        words.say("{person}, {count} more incidents, the worst first:", **facts),
        titles,
    )


def news_bundle(words: Say, person: str, titles: Sequence[str]) -> Worded:
    """Likewise for what asks for nothing."""
    facts = {"person": person, "count": len(titles), "first": titles[0]}
    return _listed(
        words,
        words.say("News of {count} incidents, the first: {first}", **facts),
        words.say("{person}, news of {count} incidents:", **facts),
        titles,
    )


def _listed(words: Say, title: str, first: str, titles: Sequence[str]) -> Worded:
    rest = len(titles) - NAMED
    lines = [first, *(f"- {one}" for one in titles[:NAMED])]
    if rest > 0:
        lines.append(words.say("and {count} more", count=rest))
    return Worded(title, "\n".join(lines))


def _page(words: Say, it: About) -> Worded:
    return Worded(
        _headline(words, it),
        "\n".join(
            [
                words.say(
                    "{person}, you are paged for {incident}: {title}",
                    person=it.person,
                    incident=_reference(it),
                    title=it["incident_title"],
                ),
                *_where(words, it),
                words.say("Team: {team}", team=it["team"]),
                *_why_you(words, it),
            ]
        ),
    )


def _why_you(words: Say, it: About) -> list[str]:
    if it["reason"] == ASKED_TO_HELP:
        return [words.say("Why you: {by} asks you to help.", by=it["by"])]
    return [
        words.say("Why you: {reason}", reason=_word(words, it["reason"])),
        words.say("Acknowledge it to stop the escalation."),
    ]


def _more_alerts(words: Say, it: About) -> Worded:
    count = it["count"] if isinstance(it["count"], int) else 1
    incident = {"incident": _reference(it), "title": it["incident_title"]}
    return Worded(
        _graded(
            words,
            it,
            words.many(
                "{count} more alert on {incident} {title}",
                "{count} more alerts on {incident} {title}",
                count,
                **incident,
            ),
        ),
        "\n".join(
            [
                words.many(
                    "{person}, {count} more alert joined {incident}, which you have: {title}",
                    "{person}, {count} more alerts joined {incident}, which you have: {title}",
                    count,
                    person=it.person,
                    **incident,
                ),
                words.say(
                    "The worst of them: {severity}: {message}",
                    severity=_word(words, it["worst_severity"]),
                    message=it["worst_message"],
                ),
                *_where(words, it),
            ]
        ),
    )


def _acknowledged(words: Say, it: About) -> Worded:
    facts = _actors(words, it)
    return Worded(
        words.say("Acknowledged: {incident} {title}", **facts),
        "\n".join(
            [
                words.say("{person}, {by} has acknowledged {incident}: {title}", **facts),
                words.say("You need not do anything."),
                *_where(words, it),
            ]
        ),
    )


def _resolved(words: Say, it: About) -> Worded:
    facts = _actors(words, it)
    if it["reason"] == "merged":
        how = words.say(
            "{person}, {by} has merged {incident} into another incident: {title}", **facts
        )
    elif it["by"]:
        how = words.say("{person}, {by} has resolved {incident}: {title}", **facts)
    else:
        how = words.say("{person}, {incident} is over by itself: {title}", **facts)
    return Worded(
        words.say("Resolved: {incident} {title}", **facts),
        "\n".join([how, words.say("You need not do anything."), *_where(words, it)]),
    )


def _actors(words: Say, it: About) -> dict[str, Any]:
    return {
        "person": it.person,
        "by": it["by"] or words.say("somebody"),
        "incident": _reference(it),
        "title": it["incident_title"],
    }


def _test(words: Say, it: About) -> Worded:
    return Worded(
        words.say("Vigie: test message"),
        words.say("{person}, this contact method works. Nothing is wrong.", person=it.person),
    )


def _verification(words: Say, it: About) -> Worded:
    # The title is shown to everybody who may see what was sent; the code is not for them.
    return Worded(
        words.say("Vigie: confirm this contact method"),
        words.say(
            "{person}, type this code in to be paged here: {code}. If you did not ask for it, "
            "do nothing.",
            person=it.person,
            code=it["code"],
        ),
    )


def _headline(words: Say, it: About) -> str:
    return _graded(words, it, f"{_reference(it)} {it['incident_title'] or '…'}")


def _graded(words: Say, it: About, said: str) -> str:
    return f"[{_word(words, it['severity']).upper()}] {said}"


def _where(words: Say, it: About) -> list[str]:
    return [
        words.say("Service: {service}", service=it["service"]),
        words.say("Severity: {severity}", severity=_word(words, it["severity"])),
    ]


def _reference(it: About) -> str:
    return f"INC-{it['incident_number']}"


def _word(words: Say, value: Any) -> str:
    return words.word(str(value)) if value else "…"


WORDINGS: dict[str, Wording] = {
    MessageKind.PAGE: _page,
    MessageKind.MORE_ALERTS: _more_alerts,
    MessageKind.ACKNOWLEDGED: _acknowledged,
    MessageKind.RESOLVED: _resolved,
    MessageKind.TEST: _test,
    MessageKind.VERIFICATION: _verification,
}
