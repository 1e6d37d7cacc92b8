"""Who was paged for an incident, by what, and whether that reached a human being. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from shared.contracts.incidents import Incident
from shared.contracts.oncall_api import NotificationView, WhyView

# A line in a log is written, and read by nobody who sleeps.
LOG = "log"


@dataclass(frozen=True)
class Message:
    """One message. ``look`` is sent, written (to a log), failed, pending or cancelled."""

    notification: NotificationView

    @property
    def look(self) -> str:
        """What became of it, as it is shown."""
        sent = self.notification.outcome == "sent"
        return "written" if sent and self.notification.channel == LOG else self.notification.outcome


@dataclass
class Told:
    """Somebody, and every message to them in the order they were made."""

    name: str
    answered: bool
    messages: list[Message] = field(default_factory=list)

    @property
    def reached(self) -> bool:
        """Whether anything went where a human being may see it, or they answered."""
        return self.answered or any(message.look == "sent" for message in self.messages)

    @property
    def waiting(self) -> bool:
        """Whether it cannot be said yet, since a message is on its way."""
        return not self.reached and any(message.look == "pending" for message in self.messages)


def told(pages: WhyView | None, incident: Incident) -> Sequence[Told] | None:
    """Everybody who was paged, the first one first; None while that cannot be asked."""
    if pages is None:
        return None
    people: dict[str, Told] = {}
    for message in sorted(_messages(pages), key=lambda each: (each.created_at, each.id)):
        if message.person is None:
            continue
        name = message.person.name
        one = people.setdefault(name, Told(name, answered=incident.acknowledged_by == name))
        one.messages.append(Message(message))
    return list(people.values())


def _messages(pages: WhyView) -> Iterable[NotificationView]:
    for run in pages.runs:
        for decision in run.decisions:
            yield from decision.messages
    yield from pages.others
