"""A message as HTML for a mail: the essentials first, then the two buttons.

Styles are inline and nothing is fetched: mail programs drop style sheets, and a picture from a
server would say when the mail was read.
"""

from html import escape

from oncall_service.notifications.channels.base import ACKNOWLEDGE, OPEN, Message

COLOURS = {"critical": "#b3261e", "high": "#c2570c", "medium": "#8a6d00", "low": "#3d5a80"}
_CALM = "#3d5a80"

_BODY = "margin:0;padding:16px;font:16px/1.5 sans-serif;color:#1b1b1b;background:#ffffff"
_HEAD = "margin:0 0 16px;padding:8px 12px;border-left:6px solid {colour};font-size:18px"
_BUTTON = (
    "display:inline-block;margin:8px 8px 0 0;padding:10px 18px;border-radius:4px;"
    "font-weight:bold;text-decoration:none"
)
_FILLED = f"{_BUTTON};color:#ffffff;background:{{colour}};border:2px solid {{colour}}"
_OUTLINED = f"{_BUTTON};color:{{colour}};border:2px solid {{colour}}"


def html(message: Message) -> str:
    """The whole document; everything of the message is escaped."""
    colour = COLOURS.get(message.facts.get("severity", ""), _CALM)
    lines = "".join(f"<br>{escape(line)}" for line in message.text.splitlines())
    buttons = [
        _button(ACKNOWLEDGE, message.acknowledge_url, _FILLED.format(colour=colour)),
        _button(OPEN, message.url, _OUTLINED.format(colour=colour)),
    ]
    return (
        '<!doctype html><html><head><meta charset="utf-8">'
        '<meta name="color-scheme" content="light"></head>'
        f'<body style="{_BODY}"><h1 style="{_HEAD.format(colour=colour)}">'
        f"{escape(message.title)}</h1><p>{lines.removeprefix('<br>')}</p>"
        f"<p>{''.join(buttons)}</p></body></html>\n"
    )


def _button(label: str, url: str, style: str) -> str:
    return f'<a href="{escape(url)}" style="{style}">{escape(label)}</a>' if url else ""
