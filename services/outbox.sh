#!/usr/bin/env bash
# Messages between services that were set aside and are not sent again by themselves (the alert
# OutboxDeadLetters), of the installation that is up: one line each, as JSON.
#   ./services/outbox.sh [--runtime local|compose] [--service NAME]
#   ./services/outbox.sh --replay [ID...]     makes them due again, all of them or these
set -euo pipefail
root="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)"

python=python3
# Without Docker the services' own Python is needed, which ./services/run.sh has made.
[[ ! -x "$root/.venv/bin/python" ]] || python="$root/.venv/bin/python"
PYTHONPATH="$root/services/local" PYTHONDONTWRITEBYTECODE=1 \
  exec "$python" -P -m vigie_local.dead_letters "$@"
