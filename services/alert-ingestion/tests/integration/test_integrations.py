"""Senders and their keys."""

import re
from typing import Any

from shared.auth import hash_token
from shared.contracts.identity import Role
from shared.identifiers import new_id

PATH = "/api/v1/integrations"


async def act(
    service: Any, method: str, path: str, body: Any = None, role: Role = Role.ADMIN
) -> Any:
    return await service.client.request(
        method, path, json=body, headers={"Authorization": f"Bearer {service.tokens[role]}"}
    )


async def test_a_key_is_shown_once_and_stored_as_a_hash(service: Any) -> None:
    made = await service.create_integration("prometheus", kind="alertmanager")
    assert re.fullmatch(r"[a-z0-9]{32}", made["key"])
    assert made["key"].endswith(made["key_hint"])
    shown = (await act(service, "GET", f"{PATH}/{made['id']}")).json()
    assert shown == {name: value for name, value in made.items() if name != "key"}
    [row] = service.database.query(
        "SELECT key_hash, row_to_json(i)::text FROM integrations AS i WHERE name = 'prometheus'"
    )
    assert row[0] == hash_token(made["key"])
    assert made["key"] not in row[1]


async def test_a_revoked_key_is_refused_at_once_and_for_good(service: Any) -> None:
    made = await service.create_integration("prometheus")
    assert (await service.send(key=made["key"])).status_code == 201
    revoked = await act(service, "POST", f"{PATH}/{made['id']}/revoke")
    assert revoked.status_code == 200
    assert revoked.json()["revoked_at"] is not None
    assert (await service.send(key=made["key"])).status_code == 401
    service.clock.advance(minutes=1)
    again = await act(service, "POST", f"{PATH}/{made['id']}/revoke")
    assert again.json()["revoked_at"] == revoked.json()["revoked_at"]
    assert (await act(service, "POST", f"{PATH}/{made['id']}/rotate")).status_code == 409
    assert service.count("alerts") == 1


async def test_a_rotated_key_replaces_the_old_one(service: Any) -> None:
    made = await service.create_integration("prometheus")
    rotated = (await act(service, "POST", f"{PATH}/{made['id']}/rotate")).json()
    assert rotated["key"] != made["key"]
    assert (await service.send(key=made["key"])).status_code == 401
    assert (await service.send(key=rotated["key"])).status_code == 201


async def test_a_policy_can_be_changed_and_given_back_to_the_settings(service: Any) -> None:
    made = await service.create_integration("prometheus", correlation_window_seconds=60)
    path = f"{PATH}/{made['id']}"
    changed = await act(
        service,
        "PATCH",
        path,
        {"auto_resolve": False, "correlation_labels": ["service"], "name": "Prometheus"},
    )
    assert changed.status_code == 200
    body = changed.json()
    assert (body["auto_resolve"], body["correlation_labels"]) == (False, ["service"])
    assert (body["name"], body["correlation_window_seconds"]) == ("Prometheus", 60)
    back = await act(service, "PATCH", path, {"correlation_window_seconds": None})
    assert back.json()["correlation_window_seconds"] is None
    assert (await act(service, "PATCH", path, {})).json() == back.json()


async def test_what_makes_no_sense_is_refused_by_field(service: Any) -> None:
    for body, field in (
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x", "correlation_labels": []}, "correlation_labels"),
        ({"name": "x", "resolve_timeout_seconds": 1}, "resolve_timeout_seconds"),
        ({"name": "x", "correlation_window_seconds": -1}, "correlation_window_seconds"),
        ({"name": "x", "colour": "red"}, "colour"),
    ):
        answer = await act(service, "POST", PATH, body)
        assert answer.status_code == 422, body
        assert answer.json()["errors"][0]["field"].startswith(field)
    made = await service.create_integration("prometheus")
    answer = await act(service, "PATCH", f"{PATH}/{made['id']}", {"auto_resolve": None})
    assert answer.status_code == 422


async def test_two_integrations_cannot_have_one_name(service: Any) -> None:
    await service.create_integration("prometheus")
    other = await service.create_integration("grafana")
    taken = await act(service, "POST", PATH, {"name": "prometheus"})
    assert taken.status_code == 409
    assert "prometheus" in taken.json()["detail"]
    renamed = await act(service, "PATCH", f"{PATH}/{other['id']}", {"name": "prometheus"})
    assert renamed.status_code == 409


async def test_they_are_listed_in_pages_in_the_order_of_their_making(service: Any) -> None:
    for name in ("one", "two", "three"):
        await service.create_integration(name)
    first = (await act(service, "GET", f"{PATH}?limit=2")).json()
    rest = (await act(service, "GET", f"{PATH}?limit=2&cursor={first['next_cursor']}")).json()
    names = [item["name"] for item in first["items"] + rest["items"]]
    assert names == ["Default", "one", "two", "three"]
    assert rest["next_cursor"] is None


async def test_only_an_administrator_may_touch_them(service: Any) -> None:
    made = await service.create_integration("prometheus")
    for role in (Role.VIEWER, Role.RESPONDER):
        for method, path in (
            ("GET", PATH),
            ("POST", PATH),
            ("GET", f"{PATH}/{made['id']}"),
            ("PATCH", f"{PATH}/{made['id']}"),
            ("POST", f"{PATH}/{made['id']}/rotate"),
            ("POST", f"{PATH}/{made['id']}/revoke"),
        ):
            body = {"name": "x"} if method in {"POST", "PATCH"} else None
            assert (await act(service, method, path, body, role)).status_code == 403
    assert (await service.send(key=made["key"])).status_code == 201


async def test_an_unknown_one_is_not_found(service: Any) -> None:
    path = f"{PATH}/{new_id()}"
    for method, suffix in (("GET", ""), ("PATCH", ""), ("POST", "/rotate"), ("POST", "/revoke")):
        body = {} if method == "PATCH" else None
        assert (await act(service, method, path + suffix, body)).status_code == 404


async def test_a_restart_revives_neither_a_revoked_nor_a_rotated_bootstrap_key(start: Any) -> None:
    async with start() as service:
        [bootstrap] = (await act(service, "GET", PATH)).json()["items"]
        assert (await service.send()).status_code == 201
    async with start() as service:
        assert (await service.send()).status_code == 201
        rotated = (await act(service, "POST", f"{PATH}/{bootstrap['id']}/rotate")).json()
    async with start() as service:
        assert (await service.send()).status_code == 401
        assert (await service.send(key=rotated["key"])).status_code == 201
        await act(service, "POST", f"{PATH}/{bootstrap['id']}/revoke")
    async with start() as service:
        assert (await service.send()).status_code == 401
        assert (await service.send(key=rotated["key"])).status_code == 401
        assert service.count("integrations") == 1


async def test_new_secrets_on_an_old_database_let_the_new_key_in(start: Any) -> None:
    async with start() as service:
        assert (await service.send()).status_code == 201
    other = new_id().hex
    async with start(bootstrap_ingestion_key=other) as service:
        assert (await service.send(key=other)).status_code == 201
    # Even a third one that ends alike.
    third = f"{new_id().hex}{other[-4:]}"
    async with start(bootstrap_ingestion_key=third) as service:
        assert (await service.send(key=third)).status_code == 201
        names = [row[0] for row in service.database.query("SELECT name FROM integrations")]
        assert len(names) == 3
        assert all(name.startswith("Default") for name in names)


async def test_without_a_bootstrap_key_nothing_is_seeded(start: Any) -> None:
    async with start(bootstrap_ingestion_key="") as service:
        assert service.count("integrations") == 0
