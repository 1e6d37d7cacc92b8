"""Verification against a Vigie that lies: each lie is found, and said in a sentence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from verification import flow, health, watching
from verification.waiting import eventually
from verification.web import Reply, Route, Service, VerificationError


@dataclass
class Canned(Route):
    """Answers from a table: path -> (status, body)."""

    answers: Mapping[str, tuple[int, Any]]

    def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        del method, headers, body
        status, answer = self.answers[path]
        return Reply(status, answer if isinstance(answer, str) else json.dumps(answer))


def _service(answers: Mapping[str, tuple[int, Any]]) -> Service:
    return Service("web-ui", Canned(answers))


def test_a_service_that_is_not_ready_is_named_with_its_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health, "READY_SECONDS", 0)
    answers = {"/health": (200, {"status": "ok"}), "/ready": (503, "database is down")}

    with pytest.raises(VerificationError, match=r"503 instead of 200: database is down"):
        health.alive_and_ready(_service(answers))


def test_a_200_that_does_not_say_ok_is_no_health() -> None:
    with pytest.raises(VerificationError, match="/health answers"):
        health.alive_and_ready(_service({"/health": (200, {"status": "degraded"})}))


def _targets(*healths: str) -> dict[str, tuple[int, Any]]:
    active = [
        {"scrapeUrl": f"http://{number}/metrics", "health": state, "lastError": "refused"}
        for number, state in enumerate(healths)
    ]
    return {"/api/v1/targets?state=active": (200, {"data": {"activeTargets": active}})}


def test_a_target_that_is_never_up_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "TARGET_SECONDS", 0)

    with pytest.raises(VerificationError, match="http://1/metrics: refused"):
        watching.targets(_service(_targets("up", "down")))

    assert watching.targets(_service(_targets("up", "up"))) == "2 targets up"


def test_no_target_at_all_is_not_every_target_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "TARGET_SECONDS", 0)

    with pytest.raises(VerificationError, match="no active target"):
        watching.targets(_service(_targets()))


def test_a_role_that_sees_only_its_own_sessions_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watching, "TARGET_SECONDS", 0)

    def seen(value: str) -> dict[str, tuple[int, Any]]:
        path = "/api/v1/query?query=sum%28postgres_connections%29"
        return {path: (200, {"data": {"result": [{"value": [0, value]}]}})}

    with pytest.raises(VerificationError, match="1 sessions of the database are seen"):
        watching.sessions(_service(seen("1")))

    assert watching.sessions(_service(seen("14"))) == "14 sessions seen"


def test_an_escalation_that_still_runs_is_not_stopped() -> None:
    path = "/api/v1/escalations?incident_id=1"
    for statuses, stopped in ((["running"], False), ([], False), (["stopped"], True)):
        items = {"items": [{"status": status} for status in statuses]}
        assert flow._stopped(_service({path: (200, items)}), "1") is stopped


def test_waiting_says_what_for_how_long_and_what_went_wrong_last() -> None:
    def look() -> None:
        raise VerificationError("nobody answers")

    with pytest.raises(VerificationError, match=r"a page: not within 0 s \(nobody answers\)"):
        eventually("a page", 0, look)
