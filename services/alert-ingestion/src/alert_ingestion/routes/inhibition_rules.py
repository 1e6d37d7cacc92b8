from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from litestar import get, post
from litestar.params import JSONBody
from pydantic import BaseModel, Field, StringConstraints

from alert_ingestion.inhibition import Rule
from alert_ingestion.routes.parameters import Id, TheClock, TheDatabase
from alert_ingestion.routes.silences import GivenMatchers, MatcherView, read_matchers
from alert_ingestion.store import alerts
from alert_ingestion.store import inhibition as store
from alert_ingestion.workflow import inhibition
from shared import audit
from shared.asking import answer
from shared.auth import Caller, requires
from shared.contracts.identity import Role
from shared.contracts.wire import Command, Line, Page
from shared.identifiers import new_id

LabelName = Annotated[Line, StringConstraints(min_length=1, max_length=200)]


class NewInhibitionRule(Command):
    """While an alert matching ``source`` fires, those matching ``target`` page nobody.

    Both have the same values of the labels in ``equal``; a label that is absent counts as empty.
    """

    name: Line
    source: GivenMatchers
    target: GivenMatchers
    equal: Annotated[list[LabelName], Field(max_length=20)] = []
    comment: Annotated[Line, StringConstraints(max_length=1_000)] = ""


class InhibitionRuleView(BaseModel):
    """A rule; ``holds`` is how many alerts that fire it holds back now."""

    id: UUID
    name: str
    source: list[MatcherView]
    target: list[MatcherView]
    equal: list[str]
    author: str
    comment: str
    created_at: datetime
    ended_at: datetime | None
    holds: int


_READ: dict[str, Any] = {"tags": ["inhibition"], "security": [{"bearer": []}]}


@post("/api/v1/inhibition-rules", status_code=201, guards=[requires(Role.RESPONDER)], **_READ)
async def create_inhibition_rule(
    data: JSONBody[NewInhibitionRule], principal: Caller, database: TheDatabase, clock: TheClock
) -> InhibitionRuleView:
    """Hold alerts back while another one explains them. What fires already counts, too."""
    now = clock.now()
    rule = Rule(
        id=new_id(),
        name=data.name,
        source=read_matchers(data.source, "source"),
        target=read_matchers(data.target, "target"),
        equal=tuple(dict.fromkeys(data.equal)),
        author=principal.name,
        comment=data.comment,
        created_at=now,
    )
    async with database.transaction() as connection:
        await inhibition.make(connection, rule)
        view = _view(rule)
        await audit.record(
            connection,
            principal,
            "inhibition_rule.created",
            str(rule.id),
            before=None,
            after=view.model_dump(mode="json", exclude={"holds"}),
            now=now,
        )
    return view


@get("/api/v1/inhibition-rules", guards=[requires(Role.VIEWER)], **_READ)
async def list_inhibition_rules(database: TheDatabase) -> Page[InhibitionRuleView]:
    """The rules that hold, oldest first."""
    async with database.transaction() as connection:
        rules = await answer(connection, store.in_force())
        held = await alerts.held_by(connection, [rule.id for rule in rules])
    return Page[InhibitionRuleView](items=[_view(rule, held.get(rule.id, 0)) for rule in rules])


@post(
    "/api/v1/inhibition-rules/{rule_id:uuid}/end",
    status_code=200,
    guards=[requires(Role.RESPONDER)],
    **_READ,
)
async def end_inhibition_rule(
    rule_id: Id, principal: Caller, database: TheDatabase, clock: TheClock
) -> InhibitionRuleView:
    """End a rule; what it held back and fires still pages."""
    now = clock.now()
    async with database.transaction() as connection:
        before = await inhibition.existing(connection, rule_id)
        after = await inhibition.end(connection, before, now)
        view = _view(after)
        if before.ended_at is None:
            await audit.record(
                connection,
                principal,
                "inhibition_rule.ended",
                str(rule_id),
                before=None,
                after={"name": after.name, "ended_at": now.isoformat()},
                now=now,
            )
    return view


def _view(rule: Rule, holds: int = 0) -> InhibitionRuleView:
    return InhibitionRuleView(
        id=rule.id,
        name=rule.name,
        source=[MatcherView(**one.stored()) for one in rule.source],
        target=[MatcherView(**one.stored()) for one in rule.target],
        equal=list(rule.equal),
        author=rule.author,
        comment=rule.comment,
        created_at=rule.created_at,
        ended_at=rule.ended_at,
        holds=holds,
    )


HANDLERS: Final = (create_inhibition_rule, list_inhibition_rules, end_inhibition_rule)
