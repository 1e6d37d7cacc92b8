"""Fills an installation through its APIs: ./services/demo.sh feeds this the credentials, as JSON.

It prints what it did, as JSON too: a sentence, and the incidents of the past that are new, from
which backfill.py fills the graphs. Standard library only: with compose it runs inside a container,
where the neighbours are.
"""

import json
import os
import sys
from datetime import UTC, datetime
from typing import Any

import people
import week
from api import Api, ApiError

DEFAULT_SEED = 7


def fill(credentials: dict[str, Any], seed: int, now: datetime) -> tuple[str, list[dict[str, Any]]]:
    """Load people and a week of incidents; what was done in a sentence, and what of it is past."""
    urls = {
        # Inside a container the services know better where their neighbours are.
        name: os.environ.get(f"VIGIE_{name.upper()}_URL") or address
        for name, address in credentials["urls"].items()
    }
    token = credentials["api_token"]
    persons = people.ensure(Api(urls["oncall_service"], token), now, credentials["demo_password"])
    incidents = Api(urls["incident_management"], token)
    past = week.past_incidents(seed, now, persons)
    results = incidents.post("/internal/v1/import", {"incidents": past})["results"]
    new = sum(result["outcome"] == "applied" for result in results)
    if new == 0:
        return "the demonstration is there already: nothing was added", []
    alerts = Api(urls["alert_ingestion"], credentials["ingestion_key"])
    sent = [alerts.post("/api/v1/alerts", alert) for alert in week.open_alerts(seed)]
    going_on = len({answer["incident_id"] for answer in sent})
    said = f"{len(persons)} people, {new} incidents of the past week, and {going_on} going on now"
    return said, past


def main() -> int:
    """Read the credentials from standard input and fill."""
    credentials = json.loads(sys.stdin.readline())
    seed = int(os.environ.get("VIGIE_DEMO_SEED") or credentials.get("seed") or DEFAULT_SEED)
    now = datetime.now(UTC)
    try:
        said, past = fill(credentials, seed, now)
    except ApiError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    print(json.dumps({"sentence": said, "seed": seed, "now": now.isoformat(), "incidents": past}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
