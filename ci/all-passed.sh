#!/usr/bin/env bash
# One check with a name that stays, for the legs of a matrix: green when every job before it succeeded, or was skipped
# because this repository lacks what it needs (the job `features` says so).
#   NEEDS='{"analyze": {"result": "success"}, ...}' ./ci/all-passed.sh     (toJSON(needs) of the workflow)
# shellcheck source=ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
STAGE=all-passed
python3 -P -c '
import json, sys

needs = json.loads(sys.argv[1])
features = needs.get("features", {})
lacking = features.get("result") == "success" and "false" in features.get("outputs", {}).values()
wrong = []
for job, it in needs.items():
    result = it["result"]
    print(f"{job}: {result}")
    if result != "success" and not (result == "skipped" and lacking):
        wrong.append(job)
sys.exit(bool(wrong) or not needs)
' "${NEEDS:-{\}}" || fail "not every job before this one succeeded" "open the first one above that did not"
