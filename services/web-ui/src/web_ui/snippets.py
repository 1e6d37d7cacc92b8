"""What to paste where so that a sender sends to Vigie: files of ``snippets/``, filled in.

A file holds the address of alert-ingestion as ``@ADDRESS@`` (``@SCHEME@``, ``@HOST@``), a key of an
integration as ``@KEY@``, and the name of a heartbeat as ``@NAME@``.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote, urlsplit

from web_ui.reading import sentence

FOLDER = Path(__file__).parent / "snippets"
NO_KEY = "YOUR-KEY"
"""In place of a key that is not shown any more."""


@dataclass(frozen=True)
class Snippet:
    """A text to paste, and a sentence that says where."""

    where: str
    text: str


_CURL = (sentence("In a terminal, to try it"), "native-sh.txt")
_PROMETHEUS = (sentence("Prometheus: into prometheus.yml"), "prometheus-yml.txt")

# By the kind of an integration, or by the ready mapping of a generic one.
_OF: Mapping[str, Sequence[tuple[str, str]]] = {
    "any": (_CURL, _PROMETHEUS),
    "native": (_CURL,),
    "alertmanager": (
        _PROMETHEUS,
        (sentence("Alertmanager: into alertmanager.yml"), "alertmanager-yml.txt"),
        (sentence("In a terminal, to try it"), "alertmanager-sh.txt"),
    ),
    "grafana": (
        (
            sentence("Grafana: a contact point as a file of provisioning/alerting"),
            "grafana-yml.txt",
        ),
        (sentence("Or in Grafana: Alerting, Contact points, Webhook"), "grafana.txt"),
    ),
    "pagerduty": (
        (sentence("In a terminal, to try it"), "pagerduty-sh.txt"),
        (sentence("Alertmanager: into alertmanager.yml"), "pagerduty-yml.txt"),
        (sentence("With PagerDuty's client for Python"), "pagerduty-client.txt"),
    ),
    "opsgenie": (
        (sentence("In a terminal, to try it"), "opsgenie-sh.txt"),
        (sentence("Alertmanager: into alertmanager.yml"), "opsgenie-yml.txt"),
    ),
    "cloudevents": ((sentence("In a terminal, to try it"), "cloudevents-sh.txt"),),
    "generic": (
        (sentence("In a terminal, to try it"), "generic-sh.txt"),
        (sentence("Where only an address can be given"), "address.txt"),
    ),
    "aws-cloudwatch": ((sentence("AWS: a subscription of an SNS topic"), "aws-cloudwatch-sh.txt"),),
    "gatus": ((sentence("Gatus: into its configuration"), "gatus-yml.txt"),),
    "github-actions": (
        (sentence("In a terminal, with GitHub's own client"), "github-actions-sh.txt"),
        (
            sentence("Or on GitHub: Settings, Webhooks, workflow runs only, as this address"),
            "address.txt",
        ),
    ),
    "healthchecks": (
        (
            sentence("Healthchecks.io: Integrations, Webhook, for down and for up"),
            "healthchecks.txt",
        ),
    ),
    "sentry": ((sentence("Sentry: an internal integration with this Webhook URL"), "address.txt"),),
    "uptime-kuma": (
        (sentence("Uptime Kuma: Settings, Notifications, Webhook"), "uptime-kuma.txt"),
    ),
    "zabbix": (
        (sentence("Zabbix: the parameters of a media type Webhook"), "zabbix.txt"),
        (sentence("Zabbix: its script"), "zabbix-script.txt"),
    ),
}


def of_sender(kind: str, ready: str, address: str, key: str = NO_KEY) -> list[Snippet]:
    """What to paste for a sender; one that we know nothing of sends any JSON."""
    files = _OF.get(ready) or _OF.get(kind) or _OF["generic"]
    return [Snippet(where, _filled(name, address, key)) for where, name in files]


def of_heartbeat(name: str, address: str) -> list[Snippet]:
    """How something says that it happened."""
    there = quote(name, safe="")
    return [
        Snippet(
            sentence("In a terminal, or at the end of a job"),
            _filled("ping-sh.txt", address, name=there),
        ),
        Snippet(
            sentence("Prometheus: a rule that always fires"),
            # A text of JSON is one of YAML.
            _filled("watchdog-yml.txt", address, name=json.dumps(name, ensure_ascii=False)),
        ),
    ]


def _filled(file: str, address: str, key: str = NO_KEY, name: str = "") -> str:
    parts = urlsplit(address)
    text = _text(file)
    for mark, value in {
        "@ADDRESS@": address.rstrip("/"),
        "@SCHEME@": parts.scheme,
        "@HOST@": parts.netloc,
        "@KEY@": key,
        "@NAME@": name,
    }.items():
        text = text.replace(mark, value)
    return text


@cache
def _text(file: str) -> str:
    return (FOLDER / file).read_text(encoding="utf-8").strip()
