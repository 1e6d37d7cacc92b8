import secrets
import string
import time
from datetime import UTC, datetime

import pytest

from shared import masks
from shared.contracts.wire import Ref
from shared.identifiers import new_id
from shared.links import Link, Links, LinkSettings

ALPHABET = string.ascii_lowercase + string.digits
UUID = "0197a4a1-1111-7222-8333-123456789abc"


def integration_key() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(32))


def link_token() -> str:
    about = Link(new_id(), new_id(), Ref(id=new_id(), name="Ada"), "email")
    links = Links(LinkSettings(link_keys=secrets.token_urlsafe(48)))
    return links.sign(about, datetime.now(UTC))


@pytest.mark.parametrize(
    "make",
    [
        integration_key,
        lambda: integration_key().upper(),
        lambda: secrets.token_hex(16),
        lambda: "vgt_" + secrets.token_urlsafe(32),
        lambda: secrets.token_urlsafe(24),
        link_token,
    ],
)
@pytest.mark.parametrize(
    "around",
    [
        "/api/v1/alerts/{}",
        "/{}/alerts",
        "/api/v1/alerts?k={}",
        "/api/v1/alerts;integration_key={}",
        "/api/v1/alerts?integration_key={}",
        "{}",
        "Bearer {}",
        "ValueError: no such thing: '{}'",
        '{{"routing": "{}"}}',
    ],
)
def test_what_looks_like_a_key_is_masked_wherever_it_stands(make: object, around: str) -> None:
    key = make()  # type: ignore[operator]
    written = masks.masked(around.format(key))
    assert key not in written
    assert masks.MASK in written


@pytest.mark.parametrize("layers", range(1, 12))
def test_however_often_it_was_encoded(layers: int) -> None:
    key = integration_key()
    text = "?integration_key=" + "".join(f"%{ord(letter):02x}" for letter in key)
    for _ in range(layers - 1):
        text = text.replace("%", "%25")
    assert key not in masks.masked_url(f"/api/v1/alerts{text}")


@pytest.mark.parametrize(
    "text",
    [
        "?integration_key=hush",
        "a=1;integration_key=hush",
        "integration_key[]=hush",
        "Integration-Key: hush",
        "{'api_token': 'hush'}",
        "Authorization: Bearer hush",
        "password = hush",
    ],
)
def test_what_is_named_a_secret_is_masked_however_short(text: str) -> None:
    assert "hush" not in masks.masked(text)


@pytest.mark.parametrize(
    "text",
    [
        f"/api/v1/incidents/{UUID}/timeline",
        "/static/incident-management-client.js",
        "/api/v1/webhooks/alertmanager",
        "2026-03-02T09:00:00.123456+00:00",
        "KubePodCPUThrottlingHighTooLong",
        "kube-system-controller-manager-prod-1",
        'File "/srv/vigie/lib/python3.13/site-packages/litestar/connection/request.py", line 202',
        "KeyError: 'data'",
        "The database does not answer; nothing was changed.",
    ],
)
def test_what_a_person_needs_to_read_stays(text: str) -> None:
    assert masks.masked(text) == text


@pytest.mark.parametrize(
    "text", ["a" * 30_000, "key" * 10_000, "a-" * 15_000, "key" + " " * 30_000, "%25" * 10_000]
)
def test_whoever_writes_the_text_does_not_decide_how_long_it_takes(text: str) -> None:
    started = time.perf_counter()
    masks.masked_url(text)
    assert time.perf_counter() - started < 1


def test_every_value_of_a_log_line_is_looked_at() -> None:
    key = integration_key()
    line = {
        "event": f"failed for {key}",
        "exception": f"Traceback\n  ValueError: {key}",
        "nested": {"a": [key, 1, None]},
        "traceparent": "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01",
        "status": 500,
    }
    masked = masks.mask_event(None, "info", dict(line))
    assert key not in str(masked)
    assert masked["traceparent"] == line["traceparent"]
    assert masked["status"] == 500
