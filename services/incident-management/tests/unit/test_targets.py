from datetime import timedelta

import pytest

from incident_management import targets
from incident_management.settings import IncidentManagementSettings
from incident_management.targets import Targets, parse_targets
from shared import settings
from shared.contracts.wire import Severity


def test_each_severity_has_its_time() -> None:
    assert parse_targets(" critical = 5m, high=15m,medium=1h ,low=1w") == {
        Severity.CRITICAL: timedelta(minutes=5),
        Severity.HIGH: timedelta(minutes=15),
        Severity.MEDIUM: timedelta(hours=1),
        Severity.LOW: timedelta(weeks=1),
    }


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("critical=5m,high=15m,medium=1h", "no time is given for low"),
        ("critical=5m,high=15m,medium=1h,low=8h,low=9h", "low is named twice"),
        ("critical=5m,high=15m,medium=1h,minor=8h", "'minor' is none of critical, high"),
        ("critical=5m,high=15m,medium=1h,low=8", "the time of low must be a number and a unit"),
        ("5m", "'5m' is none of"),
        ("", "'' is none of"),
    ],
)
def test_anything_else_is_refused_with_the_reason(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        parse_targets(text)


def test_a_wrong_setting_stops_the_start_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGIE_DATABASE_USER", "somebody")
    monkeypatch.setenv("VIGIE_RESOLVE_TARGETS", "critical=4h")
    with pytest.raises(settings.SettingsError, match="VIGIE_RESOLVE_TARGETS: .* high, medium, low"):
        settings.load(IncidentManagementSettings)


def test_the_very_end_of_the_time_is_in_time() -> None:
    given = Targets(parse_targets(targets.ACKNOWLEDGE), parse_targets(targets.RESOLVE))
    assert given.acknowledged_in_time(Severity.CRITICAL, 300)
    assert not given.acknowledged_in_time(Severity.CRITICAL, 300.5)
    assert given.resolved_in_time(Severity.LOW, 7 * 86400)
    assert not given.resolved_in_time(Severity.LOW, 7 * 86400 + 1)
