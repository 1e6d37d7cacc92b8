"""What somebody learns from a webhook that did not take its message."""

from typing import Any

from oncall_service.notifications.channels.base import Failed
from oncall_service.notifications.channels.webhook import NOT_DELIVERED


async def test_only_administrators_read_what_the_target_answered(
    oncall: Any, admin_password: str
) -> None:
    person = {"name": "Ada", "login": "ada", "password": admin_password, "role": "viewer"}
    await oncall.ok("POST", "/api/v1/people", json=person)
    body = {"user": "ada", "password": admin_password}
    token = (await oncall.client.post("/api/v1/sessions", json=body)).json()["token"]
    hook = {"channel": "webhook", "target": "https://hooks.example:22/"}
    path = "/api/v1/people/ada/contact-methods"
    # By an administrator, who vouches for it: no code is sent.
    made = await oncall.ok("POST", path, json=hook)
    await oncall.ok("POST", f"{path}/{made['id']}/test", token=token)
    oncall.phones.answers = [Failed(NOT_DELIVERED, retry=False, inside="answered 404")]
    assert await oncall.app.state.engines["sending"].cycle()

    seen = await oncall.ok("GET", "/api/v1/notifications", token=token)
    [notification] = seen["items"]
    assert "answered 404" not in str(notification)
    assert notification["outcome"] == "failed"
    assert notification["attempts"][0]["detail"] == NOT_DELIVERED
    [notification] = (await oncall.ok("GET", "/api/v1/notifications"))["items"]
    assert notification["attempts"][0]["detail"] == f"{NOT_DELIVERED}: answered 404"
