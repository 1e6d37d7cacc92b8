"""What handlers ask for, by name; ``app.create_app`` provides it."""

from typing import TypeAlias

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from incident_management.clients import PageLedger
from incident_management.stream import FeedStreams
from incident_management.targets import Targets
from incident_management.workflow.actions import IncidentActions
from incident_management.workflow.links import AcknowledgeLinks
from shared.clock import Clock
from shared.database import Database

TheDatabase: TypeAlias = NamedDependency[Database]
TheClock: TypeAlias = NamedDependency[SkipValidation[Clock]]
TheTargets: TypeAlias = NamedDependency[SkipValidation[Targets]]
TheActions: TypeAlias = NamedDependency[IncidentActions]
TheLinks: TypeAlias = NamedDependency[AcknowledgeLinks]
TheLedger: TypeAlias = NamedDependency[SkipValidation[PageLedger]]
TheStreams: TypeAlias = NamedDependency[FeedStreams]
