"""What docs/contributing.md shows in full is built from the page, and works."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "contributing.md"
MODULE = re.compile(
    r"^`(?P<path>services/\S+\.py)`\n\n```python\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
LISTED = re.compile(r"^```diff\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)

FORMAT = """
import json
from datetime import UTC, datetime

from alert_ingestion.app import HANDLERS, create_app
from alert_ingestion.formats import FORMATS
from alert_ingestion.integrations import default_policy
from alert_ingestion.model import Sent
from alert_ingestion.settings import AlertIngestionSettings

settings = AlertIngestionSettings(database_user="x")
[form] = [form for form in FORMATS if form.name == "uptime-kuma"]
now, policy = datetime(2026, 3, 2, 9, tzinfo=UTC), default_policy(settings)


def read(**heartbeat):
    body = {"monitor": {"id": 7, "name": "checkout", "type": "http"}, "heartbeat": heartbeat}
    envelope = form.open(Sent(json.dumps(body).encode()))
    return form.read(envelope, envelope.items, 0, now, policy)


[down] = read(status=0, msg="timeout of 48000ms exceeded").said
assert (down.service, down.severity, down.resolved) == ("checkout", "critical", False)
assert down.message == "timeout of 48000ms exceeded"
[up] = read(status=1).said
assert up.resolved and up.fingerprint == down.fingerprint
[error] = read(msg="no status").errors
assert error.field == "heartbeat.status"
document = create_app(settings).openapi_schema.to_schema()
route = document["paths"]["/api/v1/webhooks/uptime-kuma"]["post"]
assert route["operationId"] == "uptime_kuma_webhook"
"""

CHANNEL = """
import asyncio
import json

import httpx
from pydantic import ValidationError

from oncall_service.app import create_app
from oncall_service.notifications.channels.base import Failed, Message, Outgoing, Sent
from oncall_service.notifications.channels.outside import OutsideWorld
from oncall_service.notifications.channels.registry import NAMES, of
from oncall_service.notifications.metrics import NOTIFICATIONS
from oncall_service.people.shapes import ContactMethodCreate
from oncall_service.settings import OncallSettings
from shared.clock import SystemClock

SERVER = "https://gotify.example/push"
assert "gotify" in NAMES
assert {zero["channel"] for zero in NOTIFICATIONS.zeros} >= {"gotify"}
ContactMethodCreate(channel="gotify", target=SERVER, secret="made up for this test")
try:
    ContactMethodCreate(channel="gotify", target="http://gotify.example")
except ValidationError as error:
    assert "must be the https:// address of a server" in str(error)
else:
    raise AssertionError("an address without https was taken")
assert of("gotify").shown(SERVER) == "https://gotify.example/..."

asked = []


def answer(request):
    asked.append(request)
    return httpx.Response(200 if "push" in request.url.path else 500)


async def resolve(host, port):
    import ipaddress

    return [ipaddress.ip_address("93.184.216.34")]


async def send(target):
    outside = OutsideWorld(transport=httpx.MockTransport(answer), resolve=resolve)
    channel = of("gotify")(SystemClock(), outside)
    await channel.start()
    try:
        facts = {"severity": "critical"}
        message = Message("[CRITICAL] INC-1 Disk full", "Ada, you are paged", "https://v/1", facts)
        return await channel.send(Outgoing("key", "Ada", target, "token", message))
    finally:
        await channel.stop()


assert isinstance(asyncio.run(send(SERVER)), Sent)
[request] = asked
assert (request.url.path, request.headers["X-Gotify-Key"]) == ("/push/message", "token")
assert json.loads(request.content)["priority"] == 10
failed = asyncio.run(send("https://gotify.example/other"))
assert isinstance(failed, Failed) and failed.retry
document = create_app(OncallSettings(database_user="x")).openapi_schema.to_schema()
names = [one["enum"] for one in document["components"]["schemas"].values() if "enum" in one]
assert list(NAMES) in names
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources of the services with what the page adds to them."""
    folder = tmp_path_factory.mktemp("contributed")
    for service in ("alert-ingestion", "oncall-service"):
        shutil.copytree(
            ROOT / "services" / service / "src",
            folder / "services" / service / "src",
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    page = PAGE.read_text(encoding="utf-8")
    modules = list(MODULE.finditer(page))
    assert len(modules) == 2, "the page shows a format and a channel"
    for module in modules:
        path = folder / module["path"]
        assert not path.exists(), f"{module['path']} is there already: show another one"
        path.write_text(module["text"], encoding="utf-8")
    for listed in LISTED.finditer(page):
        applied = subprocess.run(
            ["git", "apply", "-p1", "-"],
            input=listed["text"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert applied.returncode == 0, f"{listed['text']}\n{applied.stderr}"
    return folder


@pytest.mark.parametrize(
    ("service", "script"), [("alert-ingestion", FORMAT), ("oncall-service", CHANNEL)]
)
def test_what_the_page_shows_is_all_that_is_needed(built: Path, service: str, script: str) -> None:
    source = built / "services" / service / "src"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(source)!r})\n{script}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_what_the_page_shows_passes_the_linters(built: Path) -> None:
    for module in MODULE.finditer(PAGE.read_text(encoding="utf-8")):
        path = str(built / module["path"])
        for command in (
            ["ruff", "check", "--config", str(ROOT / "pyproject.toml"), path],
            ["black", "--config", str(ROOT / "pyproject.toml"), "--check", path],
        ):
            done = subprocess.run(
                [str(Path(sys.executable).parent / command[0]), *command[1:]],
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
