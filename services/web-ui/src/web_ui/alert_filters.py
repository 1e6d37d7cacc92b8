"""Which alerts an address asks for, and the addresses beside it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from shared.contracts.wire import Severity
from web_ui.addresses import with_query
from web_ui.filters import Choice
from web_ui.reading import say, word

ADDRESS = "/alerts"
LONGEST = 200
STATUSES = ("firing", "resolved")
HELD = ("silenced", "inhibited", "flapping")
PAGE_SIZE = 50


@dataclass(frozen=True)
class AlertFilters:
    """Empty values do not restrict; ``integration`` is an id, ``service`` a whole name."""

    status: str = ""
    held: str = ""
    severity: str = ""
    service: str = ""
    integration: str = ""

    @property
    def narrowed(self) -> bool:
        """Whether anything is asked for."""
        return self != AlertFilters()

    @property
    def kept(self) -> Mapping[str, str]:
        """What the form for the rest carries along."""
        found = {"status": self.status, "held": self.held, "severity": self.severity}
        return {name: value for name, value in found.items() if value}

    def address(self, cursor: str | None = None) -> str:
        """The page these filters show."""
        return with_query(
            ADDRESS,
            status=self.status,
            held=self.held,
            severity=self.severity,
            service=self.service,
            integration=self.integration,
            cursor=cursor,
        )

    def asked(self, cursor: str | None) -> dict[str, Any]:
        """As alert-ingestion takes them."""
        given = {
            "status": self.status,
            "held": self.held,
            "severity": self.severity,
            "service": self.service,
            "integration": self.integration,
            "cursor": cursor,
        }
        return {"limit": PAGE_SIZE} | {name: value for name, value in given.items() if value}

    def choices(self) -> list[Choice]:
        """The filters that are links: one of each kind at a time."""
        everything = replace(self, status="", held="", severity="")
        found = [Choice(str(say("All")), everything.address(), self == everything)]
        found += [
            _choice(
                word(value), replace(self, status=_other(self.status, value)), value, self.status
            )
            for value in STATUSES
        ]
        found += [
            _choice(word(value), replace(self, held=_other(self.held, value)), value, self.held)
            for value in HELD
        ]
        found += [
            _choice(
                word(value),
                replace(self, severity=_other(self.severity, value)),
                value,
                self.severity,
            )
            for value in (each.value for each in Severity)
        ]
        return found


def of_query(query: Mapping[str, str]) -> AlertFilters:
    """The filters of an address; a value that does not exist counts as not given."""
    return AlertFilters(
        status=one_of(query, "status", STATUSES),
        held=one_of(query, "held", HELD),
        severity=one_of(query, "severity", [each.value for each in Severity]),
        service=query.get("service", "").strip().replace("\x00", "")[:LONGEST],
        integration=an_id(query, "integration"),
    )


def one_of(query: Mapping[str, str], name: str, values: Sequence[str]) -> str:
    """A value of an address, if there is such a one."""
    value = query.get(name, "")
    return value if value in values else ""


def an_id(query: Mapping[str, str], name: str) -> str:
    """An id of an address, if it is one."""
    try:
        return str(UUID(query.get(name, "")))
    except ValueError:
        return ""


def _choice(name: str, leads: AlertFilters, value: str, now: str) -> Choice:
    return Choice(name, leads.address(), value == now)


def _other(now: str, value: str) -> str:
    return "" if now == value else value
