"""Alerts that are a set of labels (Prometheus, Alertmanager, Grafana), in our terms."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import BeforeValidator

from alert_ingestion import fingerprint, severity
from alert_ingestion.formats import bounds
from alert_ingestion.formats.reading import REPLACEMENT
from alert_ingestion.model import Policy, ReceivedAlert
from shared.contracts.wire import Instant, Text

_LONGEST_SERVICE: Final = 200
_LONGEST_MESSAGE: Final = 4000

SERVICE_LABELS: Final = (
    *("service", "app", "app_kubernetes_io_name", "container", "namespace", "job", "alertname"),
)
"""Labels that can name the service, the first that is there wins: with Kubernetes ``job`` is who
scraped it (kube-state-metrics), and what is affected stands in the others."""

DEFAULT_CORRELATION: Final = ("service", "alertname", "severity")
"""What alerts of one incident have in common, where neither sender nor integration says more."""

_MESSAGE_ANNOTATIONS: Final = ("summary", "title", "message", "description")
_RUNBOOK_ANNOTATIONS: Final = ("runbook_url", "runbook")
_LINK_SCHEMES: Final = ("http://", "https://")


def _none_for_zero_time(value: Any) -> Any:
    # Go writes the zero value of its time for "not set".
    return None if isinstance(value, str) and value.startswith("0001-01-01T00:00:00") else value


def _empty_for_null(value: Any) -> Any:
    return {} if value is None else value


OptionalInstant = Annotated[Instant | None, BeforeValidator(_none_for_zero_time)]
Labels = Annotated[dict[Text, Text], BeforeValidator(_empty_for_null)]


def without_empty(labels: Mapping[str, str]) -> dict[str, str]:
    """Labels with an empty value are the same as absent ones (Prometheus' data model)."""
    return {name: value for name, value in labels.items() if value}


def links_of(named: Mapping[str, Any], annotations: Mapping[str, str]) -> dict[str, str]:
    """The web addresses among ``named`` and the runbook annotation; anything else is dropped.

    Other schemes are not links: what a person clicks in the middle of the night must not be code.
    """
    runbook = next(
        (annotations[name] for name in _RUNBOOK_ANNOTATIONS if name in annotations), None
    )
    candidates = {**named, "runbook": runbook}
    return {
        name: url
        for name, url in candidates.items()
        if isinstance(url, str) and url.startswith(_LINK_SCHEMES) and url.isprintable()
    }


def received(
    labels: dict[str, str],
    annotations: dict[str, str],
    policy: Policy,
    *,
    links: Mapping[str, Any],
    starts_at: datetime,
    starts_at_given: bool,
    resolved: bool,
    ends_at: datetime | None,
    ends_at_is_timeout: bool = False,
    own_fingerprint: str = "",
    group: str | None = None,
    message: str = "",
    service_else: str = "",
    graded: Mapping[str, str] | None = None,
) -> ReceivedAlert:
    """An alert from its labels; ``own_fingerprint`` and ``group`` are the sender's, if named.

    ``message`` is what annotations would tell otherwise, ``service_else`` the service where no
    label names one, ``graded`` what the severity is read from instead of the labels.
    """
    mapped, original, known = severity.from_labels(
        labels if graded is None else graded, policy.severities
    )
    kept_labels, cut_labels = bounds.texts(labels)
    kept_annotations, cut_annotations = bounds.texts(annotations)
    kept_links, cut_links = bounds.links(links_of(links, annotations))
    return ReceivedAlert(
        # Of the whole, so that what differs only beyond the bounds stays apart.
        fingerprint=own_fingerprint or fingerprint.of_labels(labels),
        service=service_of(labels, policy, otherwise=service_else),
        severity=mapped,
        severity_original=(
            bounds.cut(original, bounds.LONGEST_NAME)
            if original is not None and original != mapped.value
            else None
        ),
        severity_unknown=not known,
        group=group,
        default_labels=DEFAULT_CORRELATION,
        message=bounds.cut(message.strip() or _message(labels, annotations), _LONGEST_MESSAGE),
        starts_at=starts_at,
        starts_at_given=starts_at_given,
        resolved=resolved,
        ends_at=ends_at,
        ends_at_is_timeout=ends_at_is_timeout,
        labels=kept_labels,
        annotations=kept_annotations
        | bounds.note(
            [*cut_labels, *cut_annotations, *cut_links],
            replaced=[name for name, text in (labels | annotations).items() if REPLACEMENT in text],
        ),
        links=kept_links,
    )


def service_of(labels: Mapping[str, str], policy: Policy, *, otherwise: str = "") -> str:
    """What is affected: the first of the integration's labels that names it."""
    named = _first(labels, policy.service_labels) or otherwise.strip() or "unknown"
    return bounds.cut(named, _LONGEST_SERVICE)


def _message(labels: Mapping[str, str], annotations: Mapping[str, str]) -> str:
    said = _first(annotations, _MESSAGE_ANNOTATIONS) or labels.get("alertname", "").strip()
    return said or ", ".join(f"{name}={value}" for name, value in sorted(labels.items())) or "Alert"


def _first(texts: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((text for name in names if (text := texts.get(name, "").strip())), "")
