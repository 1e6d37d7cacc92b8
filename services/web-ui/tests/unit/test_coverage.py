"""Which hole in the days ahead the notice is about."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from web_ui_fakes import at

from shared.contracts.oncall_api import CoverageView, HoleView
from shared.contracts.wire import Ref, Severity
from web_ui.coverage import first_broken

LOOKED = at("2026-03-02T09:00:00")
UNTIL = LOOKED + timedelta(days=30)
PAYMENTS, DATA = Ref(id=uuid4(), name="Payments"), Ref(id=uuid4(), name="Data")


def after(hours: float) -> datetime:
    return LOOKED + timedelta(hours=hours)


def hole(start: datetime, end: datetime, **more: Any) -> HoleView:
    plain = {
        "level": "broken",
        "reason": "nobody_of_the_policy",
        "why": "nobody of the policy",
        "services": ["checkout"],
        "team": PAYMENTS,
        "policy": "Day and night",
    }
    return HoleView(start=start, end=end, **{**plain, **more})


def view(*holes: HoleView) -> CoverageView:
    broken = sum(one.level == "broken" for one in holes)
    return CoverageView(
        at=LOOKED,
        until=UNTIL,
        ok=not broken,
        broken=broken,
        weak=len(holes) - broken,
        holes=list(holes),
    )


def test_what_is_only_weak_is_no_notice() -> None:
    assert first_broken(view(hole(LOOKED, UNTIL, level="weak")), LOOKED) is None


def test_the_one_that_begins_first_is_told_and_all_are_counted() -> None:
    found = first_broken(view(hole(after(9), after(17)), hole(after(5), after(7))), LOOKED)
    assert found is not None
    assert (found.broken, found.since, found.until) == (2, after(5), after(7))
    assert (found.team, found.policy, found.services) == (
        "Payments",
        "Day and night",
        ["checkout"],
    )


def test_what_is_so_already_and_stays_so_has_no_instants() -> None:
    found = first_broken(view(hole(LOOKED, UNTIL)), LOOKED)
    assert found is not None
    assert (found.since, found.until) == (None, None)


def test_what_is_over_since_the_look_is_not_told() -> None:
    over, coming = hole(LOOKED, after(0.5)), hole(after(9), after(17))
    found = first_broken(view(over, coming), after(0.6))
    assert found is not None
    assert (found.broken, found.since) == (1, after(9))
    assert first_broken(view(over), after(0.6)) is None


def test_who_of_that_policy_cannot_be_reached_then_is_named() -> None:
    def unreachable(name: str, start: float, end: float, **more: Any) -> HoleView:
        weak = {"level": "weak", "reason": "no_contact_method"}
        who = {"person": Ref(id=uuid4(), name=name)}
        return hole(after(start), after(end), **{**weak, **who, **more})

    found = first_broken(
        view(
            unreachable("Cleo", 1, 9),
            unreachable("Ben", 5, 7),
            unreachable("Ben", 5, 7, step=1),
            unreachable("Earlier", 0, 5),
            unreachable("Elsewhere", 0, 9, team=DATA),
            unreachable("By another policy", 0, 9, policy="Nights"),
            unreachable("Fallback", 0, 9, reason="fallback_unreachable"),
            hole(after(5), after(7)),
        ),
        LOOKED,
    )
    assert found is not None
    assert found.unreachable == ["Ben", "Cleo"]


def test_a_severity_that_no_step_is_for_is_told_as_that() -> None:
    low = [Severity.MEDIUM, Severity.LOW]
    found = first_broken(
        view(hole(LOOKED, UNTIL, reason="no_step_for_severity", severities=low)), LOOKED
    )
    assert found is not None
    assert (found.no_step, found.severities) == (True, low)
