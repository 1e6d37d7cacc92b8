"""Mappings that are ready, and what a mapping would make of what an integration sent."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.params import JSONBody
from pydantic import BaseModel, Field

from alert_ingestion.formats import generic
from alert_ingestion.formats.mapping import ready
from alert_ingestion.formats.mapping.document import MappingDocument, as_text
from alert_ingestion.integrations import policy_of
from alert_ingestion.model import Policy, ReceivedAlert, Said, Sent
from alert_ingestion.routes.parameters import Id, TheClock, TheDatabase, ThePolicy
from alert_ingestion.store import inbox
from alert_ingestion.store import integrations as store
from shared.auth import requires
from shared.contracts.identity import Role
from shared.contracts.wire import Command, Severity
from shared.errors import Malformed, NotFound

# Bytes of a stored body that a mapping is tried on; of 20 of them at once.
_LARGEST_TRIED: Final = 256 * 1024

_ADMIN: Final[dict[str, Any]] = {
    "tags": ["integrations"],
    "guards": [requires(Role.ADMIN)],
    "security": [{"bearer": []}],
}


class ExampleView(BaseModel):
    """A body as the sender makes it, and what it says; null: it is about no alert."""

    title: str
    payload: Any
    expected: dict[str, Any] | None


class ReadyMapping(BaseModel):
    """A mapping that is ready: ``{"ready": name}`` is a mapping; so is a copy with changes."""

    name: str
    title: str
    docs: str
    mapping: dict[str, Any]
    examples: list[ExampleView]


class ReadyMappings(BaseModel):
    """All of them, by name."""

    items: list[ReadyMapping]


class Trial(Command):
    """A mapping to be tried: on a payload, else on what the integration sent last."""

    mapping: MappingDocument | None = Field(None, description="null: the integration's own")
    payload: Any = None
    last: Annotated[int, Field(ge=1, le=20)] = 20


class WouldSay(BaseModel):
    """One thing that a body would say; of ``ignored`` there is nothing more to say."""

    status: Literal["firing", "resolved", "ignored"]
    fingerprint: str = ""
    service: str = ""
    severity: Severity | None = None
    severity_unknown: bool = False
    message: str = ""
    group: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    links: dict[str, str] = {}


class Tried(BaseModel):
    """What one body would say, and what of it could not be read."""

    inbox_id: UUID | None
    received_at: datetime | None
    says: list[WouldSay]
    errors: list[generic.Fault]


class TrialResult(BaseModel):
    """What each body would say, the newest first; nothing is stored."""

    results: list[Tried]


@get("/api/v1/mappings", **_ADMIN)
async def list_mappings() -> ReadyMappings:
    """Mappings that are ready for senders, with examples of what those send."""
    return ReadyMappings(
        items=[
            ReadyMapping(
                name=one.name,
                title=one.title,
                docs=one.docs,
                mapping=dict(one.mapping),
                examples=[
                    ExampleView(
                        title=example.title,
                        payload=example.payload,
                        expected=None if example.expected is None else dict(example.expected),
                    )
                    for example in one.examples
                ],
            )
            for one in ready.ready().values()
        ]
    )


@post("/api/v1/integrations/{integration_id:uuid}/mapping/test", status_code=200, **_ADMIN)
async def try_mapping(
    integration_id: Id,
    data: JSONBody[Trial],
    database: TheDatabase,
    clock: TheClock,
    defaults: ThePolicy,
) -> TrialResult:
    """Try a mapping on a payload, or on the last bodies that the integration sent.

    Nothing is stored. Bodies of more than 256 KB are left out.
    """
    async with database.transaction() as connection:
        integration = await store.by_id(connection, integration_id)
        if integration is None:
            raise NotFound(f"There is no integration {integration_id}.")
        bodies = (
            []
            if "payload" in data.model_fields_set
            else await inbox.newest(
                connection,
                integration_id,
                generic.FORMAT.name,
                data.last,
                largest=_LARGEST_TRIED,
            )
        )
    policy = policy_of(integration, defaults)
    if data.mapping is not None:
        policy = replace(policy, mapping=as_text(data.mapping.model_dump(exclude_unset=True)))
    now = clock.now()
    if "payload" in data.model_fields_set:
        body = msgspec.json.encode(data.payload)
        return TrialResult(results=[_tried(body, policy, now)])
    return TrialResult(
        results=[
            _tried(
                kept.body, policy, kept.received_at, inbox_id=kept.id, received_at=kept.received_at
            )
            for kept in bodies
        ]
    )


def _tried(body: bytes, policy: Policy, now: datetime, **beside: Any) -> Tried:
    named = {"inbox_id": None, "received_at": None, **beside}
    try:
        envelope = generic.take_apart(Sent(body))
    except Malformed as problem:
        fault = generic.Fault(field="body", message=problem.detail)
        return Tried(**named, says=[], errors=[fault])
    reading = generic.read(envelope, envelope.items, 0, now, policy)
    return Tried(
        **named,
        says=[_would_say(said) for said in reading.said],
        errors=[
            generic.Fault(field=error.field, message=error.message) for error in reading.errors
        ],
    )


def _would_say(said: Said) -> WouldSay:
    if not isinstance(said, ReceivedAlert):
        return WouldSay(status="ignored")
    fields = {name: getattr(said, name) for name in WouldSay.model_fields if name != "status"}
    return WouldSay(status="resolved" if said.resolved else "firing", **fields)
