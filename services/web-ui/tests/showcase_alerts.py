"""Senders, alerts, dead letters, silences and heartbeats, as alert-ingestion answers them."""

from datetime import timedelta
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any

from ingestion_world import (
    CHECKOUT,
    alert,
    became,
    heartbeat,
    integration,
    kept,
    rule,
    silence,
    whole,
)

if TYPE_CHECKING:
    from web_ui_fakes import World

    from shared.contracts.incidents import Incident

BODY = '{"heartbeat": {"status": 0, "time": "2026-11-27 08:58:05"}, "monitor": {"name": "shop"}}'


def fill(world: "World", story: "Incident") -> None:
    """Four senders, of which one is paused and one makes mistakes."""
    senders = _senders(world)
    _stream(world, senders, story)
    _inbox(world, senders["kuma"])
    _silences(world, senders["prometheus"])
    _heartbeats(world, senders)


def _listed(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"items": items, "next_cursor": None}


def _ago(world: "World", **parts: float) -> str:
    return (world.clock.now() - timedelta(**parts)).isoformat()


def _senders(world: "World") -> dict[str, dict[str, Any]]:
    ask = world.ingestion
    error = {"reason": "not_mapped", "detail": "message: says nothing"}
    found = {
        "prometheus": integration(
            last_seen=_ago(world, seconds=20), requests=48_211, alerts=129_450
        ),
        "grafana": integration(
            name="Grafana",
            kind="grafana",
            last_seen=_ago(world, hours=2),
            requests=812,
            alerts=1_044,
            unknown_severity="urgent",
            unknown_severity_at=_ago(world, hours=2),
            previous_key_until=_ago(world, days=-1),
        ),
        "kuma": integration(
            name="Uptime Kuma, the shop",
            kind="generic",
            mapping={"ready": "uptime-kuma", "defaults": {"severity": "high"}},
            last_seen=_ago(world, minutes=4),
            requests=96,
            alerts=71,
            dead=3,
            last_error=error,
            last_error_at=_ago(world, minutes=4),
        ),
        "zabbix": integration(
            name="Zabbix of the old data centre",
            kind="generic",
            mapping={"ready": "zabbix"},
            paused_at=_ago(world, days=1),
        ),
    }
    says = {
        "status": "firing",
        "fingerprint": "monitor:shop",
        "service": "shop",
        "severity": "critical",
        "severity_unknown": False,
        "message": "shop does not answer",
        "group": None,
        "starts_at": _ago(world, minutes=4),
        "ends_at": None,
        "labels": {"monitor": "shop", "region": "eu-west-1"},
        "annotations": {"ping": "0 ms"},
        "links": {},
    }
    tried = {"inbox_id": None, "received_at": None, "says": [says], "errors": []}
    # At run time: what looks like a key in a file is taken for one.
    made_up = f"vgi_{token_urlsafe(12)}"
    for one in found.values():
        path = f"/api/v1/integrations/{one['id']}"
        ask.on("GET", path, one)
        ask.on("POST", f"{path}/test", became())
        ask.on("POST", f"{path}/mapping/test", {"results": [tried]})
        ask.on("POST", f"{path}/rotate", {**one, "key": made_up})
    ask.on("GET", "/api/v1/integrations", _listed(list(found.values())))
    ask.on("POST", "/api/v1/integrations", {**found["prometheus"], "key": made_up})
    example = {"title": "A monitor is down", "payload": {"monitor": {"name": "shop"}}}
    ready = [("uptime-kuma", "Uptime Kuma"), ("zabbix", "Zabbix")]
    mappings = [
        {"name": name, "title": title, "mapping": {}, "examples": [example]}
        for name, title in ready
    ]
    ask.on("GET", "/api/v1/mappings", {"items": mappings})
    return found


def _stream(world: "World", senders: dict[str, dict[str, Any]], story: "Incident") -> None:
    ask = world.ingestion
    held = silence()["id"]
    first = alert(
        senders["prometheus"],
        incident_id=str(story.id),
        labels={
            "alertname": "HighErrorRate",
            "cluster": "eu-west-1",
            "namespace": "shop",
            "pod": "checkout-api-7d9f8b6c5d-x2x7q",
        },
        annotations={
            "summary": CHECKOUT,
            "description": "Rate of 5xx: 4.7 %\nSee https://runbooks.example.com/checkout",
        },
        first_seen=_ago(world, minutes=23),
        starts_at=_ago(world, minutes=24),
        last_seen=_ago(world, seconds=20),
    )
    rows: list[dict[str, Any]] = [
        {
            "service": "kafka",
            "severity": "high",
            "message": "Disk of kafka-3 is full in 6 hours",
            "held": "silenced",
            "held_by": [held],
            "held_until": _ago(world, hours=-2),
            "incident_id": None,
            "count": 3,
        },
        {
            "service": "search",
            "severity": "low",
            "message": "node-17 answers slowly",
            "held": "inhibited",
            "held_by": [rule()["id"]],
            "incident_id": None,
        },
        {
            "service": "edge",
            "severity": "medium",
            "message": "Certificate of api.example.com ends in 9 days",
            "flapping": True,
        },
        {
            "service": "media",
            "severity": "low",
            "message": "Queue of thumbnails grows",
            "status": "resolved",
            "resolved_at": _ago(world, hours=1),
            "resolved_reason": "resolved_by_sender",
        },
    ]
    others = [
        alert(senders["grafana"], last_seen=_ago(world, minutes=3 + place), **row)
        for place, row in enumerate(rows)
    ]
    everything = [first, *others]
    ask.on("GET", "/api/v1/alerts", {"items": everything, "next_cursor": "older"})
    for one in everything:
        ask.on("GET", f"/api/v1/alerts/{one['id']}", one)
    told = [
        {
            "at": _ago(world, minutes=22),
            "reason": "silenced",
            "data": {"by": [held], "until": _ago(world, minutes=10)},
        },
        {"at": _ago(world, minutes=10), "reason": "silence_ended", "data": {}},
    ]
    ask.on("GET", f"/api/v1/alerts/{first['id']}/timeline", _listed(told))
    now = world.clock.now().replace(second=0, microsecond=0)
    minutes = [
        {
            "at": (now - timedelta(minutes=back)).isoformat(),
            "received": 12 + (back * 37) % 9 + (60 if 20 <= back <= 24 else 0),
        }
        for back in range(60, -1, -1)
    ]
    ask.on("GET", "/api/v1/alerts/rate", {"minutes": minutes, "firing": 23, "silenced": 4})


def _inbox(world: "World", kuma: dict[str, Any]) -> None:
    letters = [
        kept(kuma, received_at=_ago(world, minutes=4)),
        kept(
            kuma,
            received_at=_ago(world, hours=3),
            reason="unreadable",
            detail="The body is no JSON: unexpected end of data at line 1, column 17",
        ),
        kept(kuma, received_at=_ago(world, hours=5), state="paused", reason="paused", detail=None),
    ]
    world.ingestion.on("GET", "/api/v1/inbox", {"items": letters, "next_cursor": "older"})
    for letter in letters:
        path = f"/api/v1/inbox/{letter['id']}"
        world.ingestion.on("GET", path, whole(letter, BODY))


def _silences(world: "World", sender: dict[str, Any]) -> None:
    ask = world.ingestion
    once = silence(starts_at=_ago(world, hours=1), ends_at=_ago(world, hours=-3))
    recurring = silence(
        state="pending",
        comment="Backups run, every weekend",
        text='{service=~"orders-db|warehouse"}',
        recurrence={
            "rrule": "FREQ=WEEKLY;BYDAY=SA,SU",
            "zone": "Europe/Paris",
            "duration_seconds": 14_400,
        },
        window=None,
        next_starts_at=_ago(world, days=-1),
        starts_at=_ago(world, days=30),
        ends_at=_ago(world, days=-300),
        integration_id=sender["id"],
        holds=0,
    )
    ask.on("GET", "/api/v1/silences", _listed([once, recurring]))
    for one in (once, recurring):
        ask.on("GET", f"/api/v1/silences/{one['id']}", one)
    about = {
        "count": 1,
        "alerts": [alert(sender, service="kafka", message="Disk of kafka-3 is full in 6 hours")],
        "windows": [],
    }
    ask.on("POST", "/api/v1/silences/preview", about)
    ask.on("GET", "/api/v1/inhibition-rules", _listed([rule()]))


def _heartbeats(world: "World", senders: dict[str, dict[str, Any]]) -> None:
    of, ask = senders["prometheus"], world.ingestion
    found = [
        heartbeat(of, last_at=_ago(world, hours=6), missed_from=_ago(world, hours=-19)),
        heartbeat(
            of,
            name="orders-export",
            state="missed",
            interval_seconds=3600,
            grace_seconds=600,
            last_at=_ago(world, hours=3),
            missed_from=_ago(world, hours=2),
            description="Look at the log of the export, and start it again by hand.",
        ),
        heartbeat(
            of,
            name="prometheus-eu",
            state="late",
            interval_seconds=60,
            grace_seconds=120,
            last_at=_ago(world, seconds=90),
            missed_from=_ago(world, seconds=-90),
        ),
        heartbeat(
            of,
            name="certificate-renewal",
            state="new",
            last_at=None,
            missed_from=None,
            paused=False,
        ),
    ]
    ask.on("GET", "/api/v1/heartbeats", _listed(found))
    for one in found:
        ask.on("GET", f"/api/v1/heartbeats/{one['name']}", one)
