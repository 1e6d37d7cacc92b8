"""The drills' own arithmetic: a ledger that miscounts proves nothing."""

import pytest
from ledger import Ledger, alert
from phones import Phones
from scenarios import _shrinks
from verdict import Findings, Times, faults

LIMITS = {"web-ui": 256 << 20}


def findings(**changes: object) -> Findings:
    values: dict[str, object] = {
        "accepted": 1,
        "answers": 1,
        "lost": 0,
        "doubled": 0,
        "unpaged": 0,
        "repeats": 3,
        "set_aside": 0,
        "beyond_the_rate": 0,
        "seconds_to_first_page": {"critical": Times(1, 1.0, 1.0, 1.0)},
        "memory": {"web-ui": {"peak_mb": 70, "swap_mb": 0}},
        "refused": {},
        **changes,
    }
    return Findings(**values)  # type: ignore[arg-type]


def test_nothing_lost_and_everybody_paged_in_time_is_good() -> None:
    assert faults(findings(), LIMITS, 5.0) == []


@pytest.mark.parametrize(
    "change",
    [
        {"lost": 1},
        {"doubled": 1},
        {"unpaged": 1},
        {"set_aside": 1},
        {"beyond_the_rate": 1},
        {"seconds_to_first_page": {"critical": Times(20, 1.0, 5.1, 9.0)}},
        {"seconds_to_first_page": {}},
        {"memory": {"web-ui": {"peak_mb": 257, "swap_mb": 0}}},
        {"memory": {"web-ui": {"peak_mb": 70, "swap_mb": 1}}},
        {"faults": ["not so: it came back"]},
    ],
)
def test_each_kind_of_fault_is_one(change: dict[str, object]) -> None:
    assert len(faults(findings(**change), LIMITS, 5.0)) == 1


def test_only_the_first_answer_for_an_alert_counts_as_its_promise() -> None:
    ledger = Ledger()
    sent = [alert("checkout", "high", 1)]
    answer = {"alert_id": "a", "incident_id": "i", "action": "new_incident"}
    ledger.note(sent, [answer])
    first = ledger.accepted["checkout#1"]
    ledger.note(sent, [{**answer, "action": "duplicate_suppressed"}])
    assert ledger.accepted == {"checkout#1": first}
    assert ledger.replies == 2


def test_a_phone_knows_repeats_first_words_and_who_got_too_much() -> None:
    phones = Phones()
    with phones:
        for number in range(4):
            phones.note("ada", f"key {number}", {"kind": "page", "incident_id": "i"})
        phones.note("ben", "key", {"kind": "bundle", "incidents": [{"incident_id": "j"}]})
        phones.note("ben", "key", {"kind": "bundle", "incidents": [{"incident_id": "j"}]})
    assert phones.repeats() == 1
    assert phones.first_word().keys() == {"i", "j"}
    assert phones.beyond_the_rate(3, 60.0) == ["ada"]
    assert phones.beyond_the_rate(4, 60.0) == []


def test_a_backlog_that_stands_still_does_not_shrink() -> None:
    assert _shrinks([3, 2, 0])
    assert _shrinks([0])
    assert not _shrinks([3, 3, 0])
    assert not _shrinks([3, 2])
