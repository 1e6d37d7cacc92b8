#!/usr/bin/env bash
# Fills the installation that is up (docker compose or ./services/run.sh) with a believable team,
# rotation, policy, and a week of incidents that ends now. Run again, it adds nothing. Its people can
# sign in: ./services/credentials.sh then prints their password too.
#   ./services/demo.sh [--runtime local|compose]        VIGIE_DEMO_SEED=7 for another week
#
# It uses the public APIs, and for the past POST /internal/v1/import, which takes administrators and
# tells nobody: no page goes out for what is over. What is imported is not counted as if it happened
# now (docs/adr/0013), so the graphs of that week are written into Prometheus, if one is up, with
# promtool, which takes a minute.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

credentials="$(./services/credentials.sh --json --demo-password "$@" | python3 -c '
import json, os, sys
found = json.load(sys.stdin)
found["seed"] = os.environ.get("VIGIE_DEMO_SEED")
print(json.dumps(found))')"
prometheus="$(python3 -c '
import json, sys
print(json.load(sys.stdin)["urls"]["prometheus"] or "")' <<<"$credentials")"

backfill() { # COMMAND that runs a program with the data of Prometheus; none on this machine
  # The services' own buckets: measures.py needs nothing but the standard library.
  PYTHONPATH=services/demo:services/incident-management/src PYTHONDONTWRITEBYTECODE=1 python3 -P -m backfill "$prometheus" "$@"
}

if [[ "$credentials" == *'"runtime": "local"'* ]]; then
  if [[ -n "$prometheus" ]] && ! command -v promtool >/dev/null; then
    if tools="$(./ci/tools.sh promtool)"; then
      PATH="${tools##*$'\n'}:$PATH"
    else
      prometheus=""
    fi
  fi
  filled="$(python3 -P services/demo <<<"$credentials")"
  backfill <<<"$filled"
  exit
fi

# With compose two of the APIs are not published: the program goes in through standard input and
# runs beside them. The container has nowhere to keep it but its /tmp, which is memory.
archive="$(mktemp)"
trap 'rm -f "$archive"' EXIT
python3 -m zipapp services/demo --output "$archive"
filled="$({
  printf '%s\n' "$credentials"
  cat "$archive"
} | docker compose exec -T oncall-service python3 -c '
import io, runpy, sys, tempfile
head = sys.stdin.buffer.readline().decode()
with tempfile.NamedTemporaryFile(suffix=".pyz") as program:
    program.write(sys.stdin.buffer.read())
    program.flush()
    sys.stdin = io.StringIO(head)
    runpy.run_path(program.name, run_name="__main__")')"
if [[ -z "$prometheus" ]]; then
  backfill <<<"$filled"
  exit
fi
# promtool is in the image; in a container of its own, because Prometheus' has no room on a disk
# where the data is in memory (docker-compose.ci.yml), and little memory anywhere.
container="$(docker compose ps --quiet prometheus)"
image="$(docker inspect --format '{{.Image}}' "$container")"
backfill docker run --rm --interactive --cap-drop ALL --security-opt no-new-privileges:true \
  --volumes-from "$container" --network "container:$container" --entrypoint '' "$image" <<<"$filled"
