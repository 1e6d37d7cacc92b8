"""What a transaction has locked and read already, and what it has yet to write.

A batch says first what it is about (``incidents.hold``): that is locked and read in a few
statements for all of it, and whatever a rule then asks for one by one is answered from there.
Rows are changed in place; store.writing writes what became of them, all at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import UUID

from incident_management.tables import AlertRow, IncidentRow, TimelineRow
from shared.database import Connection

Identity: TypeAlias = tuple[str, str]
"""The integration and fingerprint of an alert."""


@dataclass(frozen=True)
class Unwritten:
    """Rows as JSON: those the database has not, and those of which it has something else."""

    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)


@dataclass
class Held:
    """What the transaction on ``connection`` holds; None: there is no such row.

    ``spoken_of`` are the identities of the alerts that a batch is about; ``had`` says which of
    them an incident has, or had, once that was asked for it.
    """

    connection: Connection
    incidents: dict[UUID, IncidentRow | None] = field(default_factory=dict)
    aliases: dict[UUID, UUID | None] = field(default_factory=dict)
    alerts: dict[UUID, AlertRow | None] = field(default_factory=dict)
    numbers: list[int] = field(default_factory=list)
    spoken_of: set[Identity] = field(default_factory=set)
    had: dict[UUID, set[Identity]] = field(default_factory=dict)
    entries: list[TimelineRow] = field(default_factory=list)
    folded: dict[UUID, UUID] = field(default_factory=dict)
    _stored: dict[UUID, str] = field(default_factory=dict)

    def begin(self, row: IncidentRow | AlertRow) -> None:
        """Hold a row that this transaction makes."""
        if isinstance(row, IncidentRow):
            self.incidents[row.id] = row
        else:
            self.alerts[row.id] = row

    def keep(self, row: IncidentRow | AlertRow) -> None:
        """Hold a row as the database has it."""
        self.begin(row)
        self._stored[row.id] = row.model_dump_json()

    def fold(self, alias: UUID, into: UUID) -> None:
        """Let an id that alert-ingestion allocated lead to another incident."""
        self.aliases[alias] = self.folded[alias] = into

    def unwritten(self, rows: Iterable[IncidentRow | AlertRow | None]) -> Unwritten:
        """What is to be written of these rows; counts as written from here on."""
        found = Unwritten()
        for row in rows:
            if row is None:
                continue
            stored, now = self._stored.get(row.id), row.model_dump_json()
            if stored is None:
                found.new.append(now)
            elif stored != now:
                found.changed.append(now)
            self._stored[row.id] = now
        return found
