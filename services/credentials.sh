#!/usr/bin/env bash
# Prints the addresses, the admin password, an ingestion key and an API token of the installation
# that is up (docker compose or ./services/run.sh), and a curl line ready to paste.
#   ./services/credentials.sh [--json] [--runtime local|compose]
#   ./services/credentials.sh --reset-admin   gives the administrator a new password and lets them
#                                             in again, also when they were deleted or demoted
set -euo pipefail
root="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)"

PYTHONPATH="$root/services/local" PYTHONDONTWRITEBYTECODE=1 \
  exec python3 -P -m vigie_local.credentials "$@"
