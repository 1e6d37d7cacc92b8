"""Fingerprints and severities: pure functions."""

import pytest

from alert_ingestion import fingerprint, severity
from shared.contracts.wire import Severity


@pytest.mark.parametrize(
    ("labels", "signature"),
    [
        # The vectors of prometheus/common, model/signature_test.go and model/metric_test.go.
        ({}, 14695981039346656037),
        ({"name": "garland, briggs", "fear": "love is not enough"}, 5799056148416392346),
        (
            {"first_name": "electro", "occupation": "robot", "manufacturer": "westinghouse"},
            5911716720268894962,
        ),
    ],
)
def test_label_sets_have_the_fingerprint_prometheus_gives_them(
    labels: dict[str, str], signature: int
) -> None:
    assert fingerprint.of_labels(labels) == f"{signature:016x}"


def test_the_order_of_labels_does_not_change_who_an_alert_is() -> None:
    one = fingerprint.of_content("checkout", "it burns", {"a": "1", "b": "2"})
    other = fingerprint.of_content("checkout", "it burns", {"b": "2", "a": "1"})
    assert one == other


@pytest.mark.parametrize(
    "content",
    [
        ("checkout", "it burns", {}),
        ("checkout", "it burns", {"a": "2"}),
        ("checkout", "it smokes", {"a": "1"}),
        ("payments", "it burns", {"a": "1"}),
        ("checkout", 'it burns", [["a', {"a": "1"}),
    ],
)
def test_whatever_differs_is_another_alert(content: tuple[str, str, dict[str, str]]) -> None:
    assert fingerprint.of_content(*content) != fingerprint.of_content(
        "checkout", "it burns", {"a": "1"}
    )


@pytest.mark.parametrize(
    ("word", "ours"),
    [
        *((word, "critical") for word in ["critical", "fatal", "emergency", "page", "P1", "sev1"]),
        *((word, "critical") for word in ["P0", "sev0", "sev-1", "SEV 1", "Severity_1", "S0"]),
        *((word, "critical") for word in ["disaster", "urgent", "blocker", "0", "1", "2"]),
        *((word, "high") for word in ["error", "high", "major", "P2", "SEV 2", "3"]),
        *((word, "medium") for word in ["warning", "warn", "medium", "minor", "P3", "4"]),
        *((word, "medium") for word in ["average", "moderate", "sev-3"]),
        *((word, "low") for word in ["info", "low", "none", "notice", "P4", "P5", "5", "6", "7"]),
        ("  CRITICAL ", "critical"),
        ("catastrophic", None),
        ("", None),
    ],
)
def test_a_foreign_severity_is_mapped(word: str, ours: str | None) -> None:
    assert severity.from_foreign(word, {}) == (Severity(ours) if ours else None)


def test_an_unknown_word_is_medium_and_said() -> None:
    assert severity.from_labels({"severity": "apocalyptic"}, {}) == (
        Severity.MEDIUM,
        "apocalyptic",
        False,
    )


def test_the_senders_own_word_is_kept_beside_the_mapped_severity() -> None:
    assert severity.from_labels({"severity": "page"}, {}) == (Severity.CRITICAL, "page", True)
    assert severity.from_labels({"priority": "P4"}, {}) == (Severity.LOW, "P4", True)
    assert severity.from_labels({"team": "web"}, {}) == (Severity.MEDIUM, None, True)
