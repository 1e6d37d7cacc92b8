"""What a transaction has locked and read already.

A batch says first what it is about (``incidents.hold``): that is locked and read in a few
statements for all of it, and whatever a rule then asks for one by one is answered from there.
"""

from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from incident_management.tables import AlertRow, IncidentRow
from shared.contracts.wire import Severity


@dataclass
class Held:
    """What a transaction has locked and read already; None: there is no such row.

    ``firing`` counts the alerts of an incident that fire, by severity: whoever changes one keeps
    count. Rows are kept here for their own sake too: a session forgets what nobody refers to.
    """

    incidents: dict[UUID, IncidentRow | None] = field(default_factory=dict)
    aliases: dict[UUID, UUID | None] = field(default_factory=dict)
    alerts: dict[UUID, AlertRow | None] = field(default_factory=dict)
    firing: dict[UUID, Counter[Severity]] = field(default_factory=dict)
    numbers: list[int] = field(default_factory=list)


def held(session: AsyncSession) -> Held:
    """What this session's transaction holds; the session lives for one transaction."""
    found: Held = session.info.setdefault("held", Held())
    return found
