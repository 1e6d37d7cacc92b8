"""A fleet of teams, their month of incidents, and whom it takes to page: told without the product.

Nothing here uses the rules of the product. A rota is a list of instants at which the next one takes
over; an incident is followed from instant to instant, by what the documents say of a policy: a step
pages and then waits, whoever comes on call in a role that the round has asked is paged at once,
nobody is asked twice by a round for having changed roles, and an acknowledgement ends it all.

Whole minutes are when trouble begins, shifts change and steps are due; people acknowledge half a
minute later, so no answer depends on which of two things of one instant comes first.
"""

import random
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

# Both the American and the European change of the clocks are in it.
BEGINS = datetime.fromisoformat("2026-03-02T00:00:00+00:00")
ENDS = datetime.fromisoformat("2026-04-01T00:00:00+00:00")
ZONES = ("UTC", "Europe/Paris", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")
SEVERITIES = ("critical", "high", "medium", "low")
CHANNELS = ("log", "webhook", "email")
ROLES = ("primary", "secondary")
TEAM_SIZE = 5
_NEVER = datetime.fromisoformat("2099-01-01T00:00:00+00:00")
_BEFORE_ALL = timedelta(days=7)


@dataclass(frozen=True)
class Size:
    """How much there is of everything."""

    people: int
    teams: int
    policies: int
    incidents: int


SMALL = Size(people=15, teams=3, policies=5, incidents=20)
WHOLE = Size(people=200, teams=40, policies=60, incidents=5_000)


@dataclass(frozen=True)
class Rule:
    """By what somebody is told, after how many minutes, of which severities (None: of all)."""

    channel: str
    minutes: int
    severities: tuple[str, ...] | None


@dataclass(frozen=True)
class Person:
    """Somebody, the channels they have, and their rules."""

    name: str
    channels: tuple[str, ...]
    rules: tuple[Rule, ...]

    def ways(self, severity: str) -> set[tuple[str, int]]:
        """By what a page goes to them, and how many minutes later; without a rule by everything."""
        ruled = {
            (rule.channel, rule.minutes)
            for rule in self.rules
            if rule.severities is None or severity in rule.severities
        }
        return ruled or {(channel, 0) for channel in self.channels}


@dataclass(frozen=True)
class TakenOver:
    """Somebody has a role in [start, end), whoever's turn it is."""

    person: str
    role: str
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Team:
    """Its members in the order of their turns, each of ``days``, from ``start`` on a wall."""

    name: str
    members: tuple[str, ...]
    zone: str
    days: int
    start: datetime
    taken_over: tuple[TakenOver, ...]
    hand_offs: tuple[datetime, ...]

    def on_call(self, at: datetime) -> dict[str, str | None]:
        """Who has which role at an instant."""
        turn = bisect_right(self.hand_offs, at) - 1
        order = [self.members[(turn + ahead) % len(self.members)] for ahead in range(TEAM_SIZE)]
        over = {one.role: one.person for one in self.taken_over if one.start <= at < one.end}
        primary = over.get("primary", order[0])
        following = next(one for one in order[1:] if one != primary)
        secondary = over.get("secondary", following)
        return {"primary": primary, "secondary": secondary if secondary != primary else None}

    def changes(self) -> Iterator[datetime]:
        """When somebody else may be on call."""
        yield from self.hand_offs
        for one in self.taken_over:
            yield one.start
            yield one.end


@dataclass(frozen=True)
class Step:
    """Pages its targets: a role, ``team``, or a person by name; then waits so many minutes."""

    targets: tuple[str, ...]
    minutes: int


@dataclass(frozen=True)
class Policy:
    """How a team is paged for the service of its name; ``fallback`` where a step has nobody."""

    name: str
    team: Team
    repeat: int
    steps: tuple[Step, ...]
    fallback: str


@dataclass(frozen=True)
class Trouble:
    """An incident, and when somebody takes it; ``status`` is what becomes of it then."""

    number: int
    policy: Policy
    severity: str
    begins: datetime
    taken_at: datetime | None
    status: str


@dataclass(frozen=True, order=True)
class Page:
    """A message that somebody must get; ``minutes`` is by how much their rule puts it off."""

    incident: int
    round: int
    step: int
    person: str
    channel: str
    minutes: int


@dataclass(frozen=True)
class Fleet:
    """All there is."""

    people: dict[str, Person]
    teams: tuple[Team, ...]
    policies: tuple[Policy, ...]
    troubles: tuple[Trouble, ...]

    def expected(self) -> dict[Page, datetime]:
        """Every message of the month, and when it is due."""
        found: dict[Page, datetime] = {}
        for trouble in self.troubles:
            until = trouble.taken_at or _NEVER
            for at, turn, step, person in _followed(trouble):
                for channel, minutes in self.people[person].ways(trouble.severity):
                    due = at + timedelta(minutes=minutes)
                    if due < until:
                        page = Page(trouble.number, turn, step, person, channel, minutes)
                        assert page not in found, "a step asks nobody twice"
                        found[page] = due
        return found


def _followed(trouble: Trouble) -> Iterator[tuple[datetime, int, int, str]]:
    """When the incident pages whom, by which round and step."""
    policy, until = trouble.policy, trouble.taken_at or _NEVER
    changes = sorted({*policy.team.changes()})
    asked: list[tuple[int, int, str, bool]] = []
    turn, step, at, due = 0, 0, trouble.begins, trouble.begins
    while at < until:
        holders = policy.team.on_call(at)
        if at > trouble.begins:
            for place, person in _newcomers(policy, turn, step, holders, asked):
                asked.append((*place, person, True))
                yield at, *place, person
                if turn > policy.repeat:
                    due = max(due, at + timedelta(minutes=policy.steps[place[1]].minutes))
        if at >= due:
            if turn > policy.repeat:
                return
            for person, by_role in _wanted(policy, step, holders).items():
                if not (by_role and _was_asked_otherwise(policy, turn, step, person, asked)):
                    asked.append((turn, step, person, by_role))
                    yield at, turn, step, person
            due = at + timedelta(minutes=policy.steps[step].minutes)
            turn, step = (turn, step + 1) if step + 1 < len(policy.steps) else (turn + 1, 0)
        at = min(due, *changes[bisect_right(changes, at) :][:1])


def _wanted(policy: Policy, step: int, holders: dict[str, str | None]) -> dict[str, bool]:
    """Whom a step is for, and whether for a role."""
    found: dict[str, bool] = {}
    for target in policy.steps[step].targets:
        if target in ROLES:
            holder = holders[target]
            if holder is not None:
                found.setdefault(holder, True)
        else:
            for person in policy.team.members if target == "team" else (target,):
                found.setdefault(person, False)
    return found or {policy.fallback: False}


def _newcomers(
    policy: Policy,
    turn: int,
    step: int,
    holders: dict[str, str | None],
    asked: list[tuple[int, int, str, bool]],
) -> Iterator[tuple[tuple[int, int], str]]:
    """Who has a role by now that the round has asked, and was not asked by it."""
    round_, done = (turn - 1, len(policy.steps)) if step == 0 else (turn, step)
    already = {person for number, _, person, _ in asked if number == round_}
    for role in ROLES:
        places = [index for index in range(done) if role in policy.steps[index].targets]
        holder = holders[role]
        if places and holder is not None and holder not in already:
            already.add(holder)
            yield (round_, places[-1]), holder


def _was_asked_otherwise(
    policy: Policy, turn: int, step: int, person: str, asked: list[tuple[int, int, str, bool]]
) -> bool:
    roles = {one for one in policy.steps[step].targets if one in ROLES}
    return any(
        number == turn
        and who == person
        and by_role
        and roles.isdisjoint(policy.steps[place].targets)
        for number, place, who, by_role in asked
    )


def make(seed: int, size: Size) -> Fleet:
    """The same fleet, and the same month, for the same seed."""
    dice = random.Random(seed)  # noqa: S311 - a test that can be repeated
    people = {one.name: one for one in (_person(dice, number) for number in range(size.people))}
    names = list(people)
    teams = tuple(_team(dice, number, names) for number in range(size.teams))
    # Every team has one, and some have more.
    owners = [*teams, *(dice.choice(teams) for _ in range(size.policies - size.teams))]
    policies = tuple(_policy(dice, number, team, names) for number, team in enumerate(owners))
    return Fleet(people, teams, policies, tuple(_troubles(dice, policies, size.incidents)))


def _person(dice: random.Random, number: int) -> Person:
    channels = tuple(dice.sample(CHANNELS, dice.randint(1, 3)))
    rules = [
        Rule(channel, dice.choice((0, 0, 1, 2, 5)), dice.choice((None, ("critical", "high"))))
        for channel in channels
        if dice.random() < 0.6
    ]
    if rules and dice.random() < 0.2:
        rules.append(Rule(rules[0].channel, rules[0].minutes + 3, rules[0].severities))
    return Person(f"Person {number}", channels, tuple(rules))


def _team(dice: random.Random, number: int, names: list[str]) -> Team:
    first = number * TEAM_SIZE
    members = [names[(first + place) % len(names)] for place in range(TEAM_SIZE)]
    zone, days = dice.choice(ZONES), dice.choice((1, 1, 7))
    # A hand-off at nine or at eighteen: no clock is ever changed then.
    start = datetime(2026, 2, dice.randint(2, 8), dice.choice((9, 18)))  # noqa: DTZ001
    walls = (start + timedelta(days=days * turn) for turn in range(90))
    utc = BEGINS.tzinfo
    hand_offs = [wall.replace(tzinfo=ZoneInfo(zone)).astimezone(utc) for wall in walls]
    return Team(
        f"Team {number}",
        tuple(members),
        zone,
        days,
        start,
        tuple(_taken_over(dice, members)),
        tuple(hand_offs),
    )


def _taken_over(dice: random.Random, members: list[str]) -> Iterator[TakenOver]:
    """Of each role at most one at a time."""
    for role in ROLES:
        at = BEGINS + timedelta(hours=dice.randint(1, 24 * 6))
        while at < ENDS:
            end = at + timedelta(minutes=dice.randint(60, 2000))
            yield TakenOver(dice.choice(members), role, at, end)
            at = end + timedelta(hours=dice.randint(24, 24 * 12))


def _policy(dice: random.Random, number: int, team: Team, names: list[str]) -> Policy:
    steps = []
    for _ in range(dice.randint(1, 4)):
        kinds = dice.sample(("primary", "secondary", "team", "person"), dice.choice((1, 1, 1, 2)))
        targets = (dice.choice(names) if kind == "person" else kind for kind in kinds)
        steps.append(Step(tuple(targets), dice.choice((5, 10, 15, 30))))
    return Policy(
        f"Policy {number}", team, dice.randint(0, 2), tuple(steps), fallback=dice.choice(names)
    )


def _troubles(
    dice: random.Random, policies: tuple[Policy, ...], incidents: int
) -> Iterator[Trouble]:
    """In company, as trouble comes: some at one instant, and then nothing for a while."""
    number = 0
    while number < incidents:
        quarter = dice.randrange(int((ENDS - BEGINS) / timedelta(minutes=15)))
        begins = BEGINS + timedelta(minutes=15 * quarter)
        for _ in range(min(dice.choice((1, 2, 5, 20)), incidents - number)):
            number += 1
            taken_at = None
            if dice.random() < 0.8:
                taken_at = begins + timedelta(minutes=dice.choice((0, 3, 12, 45, 120)), seconds=30)
            status = dice.choice(("acknowledged", "acknowledged", "resolved"))
            severity = dice.choice(SEVERITIES)
            yield Trouble(number, dice.choice(policies), severity, begins, taken_at, status)
