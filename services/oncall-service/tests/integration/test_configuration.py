"""People, teams, services, schedules, overrides and policies over the API."""

from typing import Any

SECRETS = "SELECT secret FROM oncall.contact_methods WHERE channel='webhook'"
PLAIN_LAYER = {"participants": ["Ada"], "start": "2026-03-02T09:00:00"}


EXAMPLES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("/api/v1/people/Dan", {"name": "Dan", "email": "dan@ops.example"}, {"role": "viewer"}),
    ("/api/v1/teams/Web", {"name": "Web", "members": ["Ada"]}, {"members": ["ben", "Ada"]}),
    ("/api/v1/services/shop", {"name": "shop", "team": "Payments"}, {"team": "Catch-all"}),
    (
        "/api/v1/policies/Night",
        {"name": "Night", "team": "Payments", "steps": [{"target": "team"}]},
        {"repeat": 3},
    ),
    (
        "/api/v1/schedules/Other",
        {"name": "Other", "team": "Catch-all", "layers": [PLAIN_LAYER]},
        {"time_zone": "Asia/Tokyo"},
    ),
]


async def test_everything_can_be_put_twice_read_changed_and_removed(crew: Any) -> None:
    for path, body, change in EXAMPLES:
        collection, _, name = path.rpartition("/")
        created = await crew.call("PUT", path, json=body)
        assert created.status_code == 201, created.text
        again = await crew.call("PUT", path, json=body)
        assert (again.status_code, again.json()) == (200, created.json())
        taken = await crew.call("POST", collection, json=body | {"name": name.upper()})
        assert taken.status_code == 409
        by_id = f"{collection}/{created.json()['id']}"
        assert await crew.ok("GET", by_id) == created.json()
        changed = await crew.ok("PATCH", by_id, json=change)
        assert changed != created.json()
        assert await crew.ok("GET", f"{collection}/{name.upper()}") == changed
        assert (await crew.call("DELETE", by_id)).status_code == 204
        assert (await crew.call("GET", by_id)).status_code == 404
        assert (await crew.call("PATCH", by_id, json={})).status_code == 404


async def test_lists_are_in_the_order_of_the_names_and_paged(crew: Any) -> None:
    for name in ("zulu", "Alpha", "mike"):
        team = await crew.ok("POST", "/api/v1/teams", json={"name": name})
        bodies: dict[str, dict[str, Any]] = {
            "people": {},
            "services": {"team": "Payments"},
            "policies": {"team": "Payments", "steps": [{"target": "team"}]},
            "schedules": {"team": team["id"]},
        }
        for kind, body in bodies.items():
            await crew.ok("POST", f"/api/v1/{kind}", json={"name": name} | body)
    for kind in ("teams", *bodies):
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page = await crew.ok("GET", f"/api/v1/{kind}?limit=2{cursor}")
            assert len(page["items"]) <= 2
            seen += [one["name"] for one in page["items"]]
            cursor = f"&cursor={page['next_cursor']}" if page["next_cursor"] else None
        assert seen == sorted(seen, key=str.lower)
        assert {"zulu", "Alpha", "mike"} <= set(seen)
    teams = await crew.ok("GET", "/api/v1/teams?limit=1")
    for nonsense in ("%00", "a", teams["next_cursor"]):
        answer = await crew.call("GET", f"/api/v1/people?cursor={nonsense}")
        assert answer.status_code == 400
    for nonsense in ("201", "0"):
        assert (await crew.call("GET", f"/api/v1/people?limit={nonsense}")).status_code == 422


async def test_somebody_who_is_needed_cannot_be_removed_and_it_is_said_where(crew: Any) -> None:
    override = {
        "schedule": "Payments",
        "person": "Ben",
        "start": "2026-03-03T09:00:00Z",
        "end": "2026-03-04T09:00:00Z",
    }
    await crew.ok("POST", "/api/v1/overrides", json=override)
    steps = [{"target": "person", "person": "Ben"}]
    await crew.ok("PATCH", "/api/v1/policies/Payments", json={"fallback": "Ben", "steps": steps})
    answer = await crew.call("DELETE", "/api/v1/people/Ben")
    assert answer.status_code == 409
    assert answer.json()["used_by"] == [
        "layer 'Weekly' of schedule 'Payments'",
        "step 1 of policy 'Payments'",
        "fallback of policy 'Payments'",
        "an override of schedule 'Payments'",
    ]


async def test_somebody_nobody_needs_any_more_can_be_removed(crew: Any) -> None:
    override = {
        "schedule": "Payments",
        "person": "Dan",
        "start": "2026-03-02T10:00:00Z",
        "end": "2026-03-02T11:00:00Z",
    }
    await crew.ok("POST", "/api/v1/people", json={"name": "Dan"})
    await crew.ok("PATCH", "/api/v1/teams/Payments", json={"members": ["Ada", "Dan"]})
    await crew.ok("POST", "/api/v1/overrides", json=override)
    crew.clock.advance(hours=3)
    await crew.ok("DELETE", "/api/v1/people/Dan")
    team = await crew.ok("GET", "/api/v1/teams/Payments")
    assert [member["name"] for member in team["members"]] == ["Ada"]


async def test_what_still_owns_or_is_used_cannot_be_removed(crew: Any) -> None:
    team = await crew.call("DELETE", "/api/v1/teams/Payments")
    assert team.status_code == 409
    assert team.json()["used_by"] == [
        "service 'checkout'",
        "schedule 'Payments'",
        "policy 'Payments'",
    ]
    await crew.ok("PATCH", "/api/v1/services/checkout", json={"policy": "Payments"})
    policy = await crew.call("DELETE", "/api/v1/policies/Payments")
    assert policy.json()["used_by"] == ["service 'checkout'"]
    moved = await crew.call("PATCH", "/api/v1/policies/Payments", json={"team": "Catch-all"})
    assert moved.status_code == 409
    catch_all = await crew.call("DELETE", "/api/v1/teams/Catch-all")
    assert catch_all.status_code == 409
    assert "catch-all" in catch_all.json()["detail"]


async def test_the_last_administrator_stays_one(oncall: Any, admin_password: str) -> None:
    admin = "/api/v1/people/admin"
    await oncall.ok("PATCH", "/api/v1/policies/Default", json={"fallback": None})
    for method, body in (("PATCH", {"role": "viewer"}), ("PATCH", {"login": None}), ("DELETE", {})):
        assert (await oncall.call(method, admin, json=body)).status_code == 409
    second = {"name": "Eve", "login": "eve", "password": admin_password, "role": "admin"}
    await oncall.ok("POST", "/api/v1/people", json=second)
    await oncall.ok("PATCH", admin, json={"role": "viewer"})
    assert (await oncall.call("DELETE", "/api/v1/people/eve")).status_code == 409


async def test_contact_methods_that_are_asked_for_again_keep_their_id_and_secret(
    crew: Any,
) -> None:
    hook = {"channel": "webhook", "target": "https://hooks.example/ada"}
    first = await crew.ok("PATCH", "/api/v1/people/ada", json={"contact_methods": [hook]})
    stored = crew.database.query(
        "SELECT secret FROM oncall.contact_methods WHERE channel='webhook'"
    )
    wanted = [hook | {"enabled": False}, {"channel": "log"}]
    second = await crew.ok("PATCH", "/api/v1/people/ada", json={"contact_methods": wanted})
    kept, added = second["contact_methods"]
    assert kept == first["contact_methods"][0] | {"enabled": False}
    assert added["channel"] == "log"
    again = crew.database.query(SECRETS)
    assert stored == again


async def test_a_mail_goes_to_the_persons_own_address_unless_another_is_named(crew: Any) -> None:
    path = "/api/v1/people/ada/contact-methods"
    assert (await crew.call("POST", path, json={"channel": "email"})).status_code == 422
    await crew.ok("PATCH", "/api/v1/people/ada", json={"email": "ada@ops.example"})
    made = await crew.ok("POST", path, json={"channel": "email"})
    assert made["target"] == "ada@ops.example"


async def test_the_same_override_twice_is_one_and_it_can_be_changed_and_removed(
    crew: Any,
) -> None:
    body = {
        "schedule": "Payments",
        "person": "Ben",
        "start": "2026-03-03T09:00:00+01:00",
        "end": "2026-03-03T17:00:00+01:00",
        "note": "dentist",
    }
    made = await crew.call("POST", "/api/v1/overrides", json=body)
    again = await crew.call("POST", "/api/v1/overrides", json=body)
    assert (made.status_code, again.status_code) == (201, 200)
    assert made.json() == again.json()
    assert made.json()["start"] == "2026-03-03T08:00:00Z"
    assert made.json()["created_by"] == "bootstrap"
    one = f"/api/v1/overrides/{made.json()['id']}"
    changed = await crew.ok("PATCH", one, json={"person": "cleo", "role": "secondary", "note": ""})
    assert (changed["person"]["name"], changed["role"], changed["note"]) == (
        "Cleo",
        "secondary",
        "",
    )
    backwards = {"end": "2026-03-01T00:00:00Z"}
    assert (await crew.call("PATCH", one, json=backwards)).status_code == 422
    assert await crew.ok("GET", one) == changed
    await crew.ok("DELETE", one)
    assert (await crew.call("GET", one)).status_code == 404


async def test_overrides_are_listed_newest_first_with_filters(crew: Any) -> None:
    for day in (3, 4, 5):
        body = {
            "schedule": "Payments",
            "person": "Ben",
            "start": f"2026-03-0{day}T09:00:00Z",
            "end": f"2026-03-0{day}T10:00:00Z",
        }
        await crew.ok("POST", "/api/v1/overrides", json=body)
    path = "/api/v1/overrides?schedule=Payments&limit=2"
    first = await crew.ok("GET", path)
    second = await crew.ok("GET", f"{path}&cursor={first['next_cursor']}")
    days = [one["start"][8:10] for one in first["items"] + second["items"]]
    assert days == ["05", "04", "03"]
    late = await crew.ok("GET", "/api/v1/overrides?since=2026-03-04T12:00:00Z")
    assert len(late["items"]) == 1
    assert (await crew.call("GET", "/api/v1/overrides?since=yesterday")).status_code == 422
    assert (await crew.call("GET", "/api/v1/overrides?schedule=none")).status_code == 422


MISTAKES: list[tuple[str, str, dict[str, Any], str]] = [
    ("POST", "people", {"name": "X", "time_zone": "Mars/Base"}, "time_zone"),
    ("POST", "people", {"name": "X", "login": "no spaces"}, "login"),
    ("POST", "people", {"name": "X", "email": "nobody"}, "email"),
    ("POST", "people", {"name": "X", "password": "short"}, "password"),
    ("POST", "people", {"name": "  "}, "name"),
    ("POST", "people", {"name": "nul\u0000"}, "name"),
    ("POST", "people", {"name": "X", "shoe_size": 43}, "shoe_size"),
    ("POST", "people", {"name": "X", "contact_methods": [{"channel": "pigeon"}]}, "channel"),
    ("POST", "people", {"name": "X", "contact_methods": [{"channel": "email"}]}, "target"),
    ("PATCH", "people/ada", {"name": None}, "name"),
    ("POST", "teams", {"name": "X", "members": ["Ada", "ghost"]}, "members.1"),
    ("POST", "services", {"name": "X", "team": "ghosts"}, "team"),
    ("POST", "services", {"name": "X", "team": "Catch-all", "policy": "Payments"}, "policy"),
    ("PATCH", "services/checkout", {"team": None}, "team"),
    ("POST", "policies", {"name": "X", "team": "Payments", "steps": []}, "steps"),
    (
        "POST",
        "policies",
        {"name": "X", "team": "Payments", "steps": [{"target": "primary", "delay_minutes": 0}]},
        "delay_minutes",
    ),
    (
        "POST",
        "policies",
        {"name": "X", "team": "Payments", "steps": [{"target": "person"}]},
        "steps",
    ),
    (
        "POST",
        "policies",
        {"name": "X", "team": "Payments", "steps": [{"target": "person", "person": "ghost"}]},
        "steps.0.person",
    ),
    ("PATCH", "policies/Payments", {"steps": None}, "steps"),
    ("PATCH", "schedules/Payments", {"layers": None}, "layers"),
    (
        "PATCH",
        "schedules/Payments",
        {"layers": [PLAIN_LAYER | {"start": "2026-03-02T09:00:00Z"}]},
        "start",
    ),
    (
        "PATCH",
        "schedules/Payments",
        {"layers": [PLAIN_LAYER | {"start": "1066-10-14T09:00:00"}]},
        "start",
    ),
    ("PATCH", "schedules/Payments", {"layers": [PLAIN_LAYER | {"kind": "custom"}]}, "layers"),
    (
        "PATCH",
        "schedules/Payments",
        {"layers": [PLAIN_LAYER | {"kind": "daily", "length_days": 2}]},
        "layers",
    ),
    (
        "PATCH",
        "schedules/Payments",
        {"layers": [PLAIN_LAYER | {"participants": ["ghost"]}]},
        "layers.0.participants.0",
    ),
    (
        "POST",
        "overrides",
        {
            "schedule": "Payments",
            "person": "Ada",
            "start": "2026-03-03T09:00:00",
            "end": "2026-03-03T10:00:00Z",
        },
        "start",
    ),
    ("PATCH", "people/ada", {"contact_methods": None}, "contact_methods"),
]


async def test_what_makes_no_sense_is_refused_with_the_field_that_makes_none(crew: Any) -> None:
    for method, path, body, field in MISTAKES:
        answer = await crew.call(method, f"/api/v1/{path}", json=body)
        assert answer.status_code == 422, (body, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert any(field in error["field"] for error in answer.json()["errors"]), answer.text


async def test_a_put_under_another_name_than_the_bodys_makes_nothing(crew: Any) -> None:
    for kind, body in (
        ("people", {"name": "Dan"}),
        ("teams", {"name": "Web"}),
        ("services", {"name": "shop", "team": "Payments"}),
        ("policies", {"name": "P", "team": "Payments", "steps": [{"target": "team"}]}),
        ("schedules", {"name": "S", "team": "Payments"}),
    ):
        answer = await crew.call("PUT", f"/api/v1/{kind}/other", json=body)
        assert answer.status_code == 404


async def test_a_team_has_one_schedule(crew: Any) -> None:
    answer = await crew.call(
        "POST", "/api/v1/schedules", json={"name": "Second", "team": "Payments"}
    )
    assert answer.status_code == 409
    assert "one" in answer.json()["detail"] or "already" in answer.json()["detail"]


async def test_a_contact_method_that_looks_inside_is_refused_unless_it_is_allowed(
    crew: Any, start: Any
) -> None:
    add = "/api/v1/people/ada/contact-methods"
    inside = {"channel": "webhook", "target": "http://169.254.169.254/latest"}
    refused = await crew.call("POST", add, json=inside)
    assert refused.status_code == 422
    assert refused.json()["errors"] == [
        {"field": "target", "message": "must lead to a public address, or one that is allowed"}
    ]
    person = {"name": "Ada", "login": "ada", "contact_methods": [inside]}
    refused = await crew.call("PUT", "/api/v1/people/ada", json=person)
    assert refused.json()["errors"][0]["field"] == "contact_methods.0.target"
    async with start(webhook_allowed_networks="169.254.0.0/16") as lenient:
        person = {"name": "Ada", "login": "ada", "contact_methods": [inside]}
        assert (await lenient.call("POST", "/api/v1/people", json=person)).status_code == 201


async def test_a_person_has_ten_contact_methods_at_most(crew: Any) -> None:
    add = "/api/v1/people/ada/contact-methods"
    for number in range(9):
        hook = {"channel": "webhook", "target": f"https://hooks.example/{number}"}
        await crew.ok("POST", add, json=hook)
    refused = await crew.call("POST", add, json={"channel": "log"})
    assert refused.status_code == 409
    assert "Ada has 10 contact methods" in refused.json()["detail"]
    methods = [{"channel": "email", "target": f"a{number}@ops.example"} for number in range(11)]
    person = {"contact_methods": methods}
    assert (await crew.call("PATCH", "/api/v1/people/ada", json=person)).status_code == 422


async def test_the_figures_of_a_team_vanish_with_it(crew: Any) -> None:
    await crew.ok("POST", "/api/v1/teams", json={"name": "Short-lived"})
    long = "T" * 150
    await crew.ok("POST", "/api/v1/teams", json={"name": long})
    shown = (await crew.client.get("/metrics")).text
    assert 'escalations_total{team="Short-lived"}' in shown
    assert 'oncall_gap{team="Short-lived"}' in shown
    assert 'team="' + "T" * 99 + '…"' in shown
    assert long not in shown
    await crew.ok("DELETE", "/api/v1/teams/Short-lived")
    assert "Short-lived" not in (await crew.client.get("/metrics")).text
    stored = "SELECT count(*) FROM oncall.counters WHERE labels LIKE '%Short-lived%'"
    assert crew.database.query(stored) == [(2,)]
    assert await crew.app.state.engines["housekeeping"].cycle()
    assert crew.database.query(stored) == [(0,)]
    assert 'escalations_total{team="Payments"}' in (await crew.client.get("/metrics")).text
