"""ntfy: a message published to a topic, which phones subscribe to (docs.ntfy.sh/publish).

It is published as JSON to the server's root, since headers carry no text of every language, with
buttons that open the incident and acknowledge it without opening anything.
"""

import hashlib
import json
import re
from typing import Any
from urllib.parse import urlsplit

from oncall_service.notifications.channels.base import (
    ACKNOWLEDGE,
    OPEN,
    Message,
    Outgoing,
    cut,
    is_news,
)
from oncall_service.notifications.channels.posting import Post, PostingChannel, http_url

# What ntfy keeps as a message; anything longer it turns into a file.
TEXT_BYTES, TITLE_BYTES = 3500, 250

# 5 goes past "do not disturb" and keeps vibrating, 2 makes no sound.
PRIORITIES = {"critical": 5, "high": 4, "medium": 3, "low": 2}
NEWS_PRIORITY, DEFAULT_PRIORITY = 2, 3
# ntfy shows these as emoji before the title.
TAGS = {"critical": "rotating_light", "high": "warning"}

_TOPIC = re.compile(r"/[-_A-Za-z0-9]{1,64}/?")


class NtfyChannel(PostingChannel):
    """A topic of ntfy.sh, or of a server of one's own; ``secret`` is an access token for it."""

    name = "ntfy"
    takes_secret = True
    sealed_target = True
    not_taken = "ntfy did not take it"

    @staticmethod
    def validate(target: str) -> None:
        """The URL of a topic: a server, and one name behind it."""
        parts = http_url(target)
        if not _TOPIC.fullmatch(parts.path) or parts.query or parts.fragment:
            raise ValueError("must be the URL of a topic, such as https://ntfy.sh/a-name")

    @staticmethod
    def shown(target: str) -> str:
        """The server, and how the topic begins: who knows it whole can read along."""
        parts = urlsplit(target)
        return f"{parts.scheme}://{parts.netloc}/{parts.path.strip('/')[:3]}..."

    def post(self, outgoing: Outgoing) -> Post:
        """The message for the topic."""
        parts = urlsplit(outgoing.target)
        headers = {"Content-Type": "application/json"}
        if outgoing.secret:
            headers["Authorization"] = f"Bearer {outgoing.secret}"
        document = {"topic": parts.path.strip("/"), **published(outgoing)}
        body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        return Post(f"{parts.scheme}://{parts.netloc}/", body, headers)


def published(outgoing: Outgoing) -> dict[str, Any]:
    """What ntfy is to show. A repetition replaces the message before it on the phone."""
    message = outgoing.message
    severity = message.facts.get("severity", "")
    news = is_news(message)
    return {
        "title": cut(message.title, TITLE_BYTES),
        "message": cut(message.text, TEXT_BYTES) or message.title,
        "priority": NEWS_PRIORITY if news else PRIORITIES.get(severity, DEFAULT_PRIORITY),
        "tags": [TAGS[severity]] if severity in TAGS and not news else [],
        "click": message.url,
        "actions": _actions(message),
        "sequence_id": hashlib.sha256(outgoing.idempotency_key.encode()).hexdigest()[:32],
    }


def _actions(message: Message) -> list[dict[str, Any]]:
    opens = {"action": "view", "label": OPEN, "url": message.url}
    if not message.acknowledge_url:
        return [opens]
    takes = {
        "action": "http",
        "label": ACKNOWLEDGE,
        "url": message.acknowledge_url,
        "method": "POST",
        "clear": True,
    }
    return [takes, opens]
