#!/usr/bin/env bash
# Fills the installation that is up (docker compose or ./services/run.sh) with a believable team,
# rotation, policy, and a week of incidents that ends now. Run again, it adds nothing.
#   ./ci/demo.sh [--runtime local|compose]        VIGIE_DEMO_SEED=7 for another week
#
# It uses the public APIs, and for the past POST /internal/v1/import, which takes administrators and
# tells nobody: no page goes out for what is over.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

credentials="$(./ci/credentials.sh --json "$@" | python3 -c '
import json, os, sys
found = json.load(sys.stdin)
found["seed"] = os.environ.get("VIGIE_DEMO_SEED")
print(json.dumps(found))')"

if [[ "$credentials" == *'"runtime": "local"'* ]]; then
  exec python3 -P ci/demo <<<"$credentials"
fi

# With compose two of the APIs are not published: the program goes in through standard input and
# runs beside them. The container has nowhere to keep it but its /tmp, which is memory.
archive="$(mktemp)"
trap 'rm -f "$archive"' EXIT
python3 -m zipapp ci/demo --output "$archive"
{
  printf '%s\n' "$credentials"
  cat "$archive"
} | docker compose exec -T oncall-service python3 -c '
import io, runpy, sys, tempfile
head = sys.stdin.buffer.readline().decode()
with tempfile.NamedTemporaryFile(suffix=".pyz") as program:
    program.write(sys.stdin.buffer.read())
    program.flush()
    sys.stdin = io.StringIO(head)
    runpy.run_path(program.name, run_name="__main__")'
