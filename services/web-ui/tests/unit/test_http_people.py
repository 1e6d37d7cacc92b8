"""What goes out about a person, as oncall-service's contract says."""

import json
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from shared.errors import Invalid
from shared.http import ServiceClient
from web_ui.http_people import HttpPeople

ADA, METHOD = str(uuid4()), uuid4()
HERE = f"/api/v1/people/{ADA}/contact-methods/{METHOD}"
VIEW: dict[str, Any] = {
    "id": str(METHOD),
    "channel": "ntfy",
    "target": "ntfy.example.com/…",
    "enabled": True,
    "verified_at": None,
    "verified_by": None,
}


class Oncall:
    """Answers one thing, and remembers what it was asked."""

    def __init__(self, status: int = 200, document: object = None) -> None:
        self._answer = httpx.Response(status, json=document)
        self.asked: list[tuple[str, str, Any]] = []

    def people(self) -> HttpPeople:
        transport = httpx.MockTransport(self._take)
        return HttpPeople(
            ServiceClient("http://oncall.test", name="oncall-service", transport=transport)
        )

    def _take(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == "Bearer of-ada"
        body = json.loads(request.content) if request.content else None
        self.asked.append((request.method, request.url.path, body))
        return self._answer


async def test_a_person_and_the_key_are_read() -> None:
    person = {
        "id": ADA,
        "name": "Ada Okafor",
        "login": "ada",
        "email": None,
        "role": "responder",
        "can_sign_in": True,
        "language": "fr",
        "clock": None,
        "time_zone": "UTC",
        "working_hours": None,
        "quiet_hours": [{"days": ["sat"], "start": "22:00:00", "end": "07:00:00"}],
        "status_updates": True,
        "contact_methods": [VIEW],
        "notification_rules": [
            {"contact_method_id": str(METHOD), "delay_minutes": 5, "severities": ["high"]}
        ],
    }
    oncall = Oncall(200, person)
    read = await oncall.people().get("of-ada", ADA)
    assert read.model_dump(mode="json") == person | {"contact_methods": [VIEW | {"secret": None}]}
    assert oncall.asked == [("GET", f"/api/v1/people/{ADA}", None)]
    oncall = Oncall(200, {"public_key": None})
    assert (await oncall.people().push_key("of-ada")).public_key is None
    assert oncall.asked == [("GET", "/api/v1/push/key", None)]


@pytest.mark.parametrize("secret", ["", "a-token-of-sixteen"])
async def test_a_method_is_added_with_a_secret_only_where_there_is_one(secret: str) -> None:
    oncall = Oncall(201, VIEW | {"secret": "made up"})
    made = await oncall.people().add_method("of-ada", ADA, "ntfy", "https://ntfy.sh/x", secret)
    assert (made.id, made.secret) == (METHOD, "made up")
    command = {"channel": "ntfy", "target": "https://ntfy.sh/x"}
    expected = command | ({"secret": secret} if secret else {})
    assert oncall.asked == [("POST", HERE.rpartition("/")[0], expected)]


async def test_what_is_done_to_a_method_is_asked_at_its_address() -> None:
    oncall = Oncall(200, VIEW)
    people, whose = oncall.people(), ("of-ada", ADA, METHOD)
    await people.change_method(*whose, enabled=False)
    await people.remove_method(*whose)
    await people.test_method(*whose)
    await people.send_code(*whose)
    await people.confirm_code(*whose, "482913")
    await people.change("of-ada", ADA, {"quiet_hours": None})
    assert oncall.asked == [
        ("PATCH", HERE, {"enabled": False}),
        ("DELETE", HERE, None),
        ("POST", f"{HERE}/test", None),
        ("POST", f"{HERE}/verification", None),
        ("POST", f"{HERE}/verification/confirm", {"code": "482913"}),
        ("PATCH", f"/api/v1/people/{ADA}/preferences", {"quiet_hours": None}),
    ]


async def test_a_wrong_code_says_which_field_it_was() -> None:
    errors = [{"field": "code", "message": "is not the code that was sent last"}]
    oncall = Oncall(422, {"detail": "code: is not", "errors": errors})
    with pytest.raises(Invalid) as refused:
        await oncall.people().confirm_code("of-ada", ADA, UUID(int=1), "0")
    assert refused.value.errors[0].field == "code"
