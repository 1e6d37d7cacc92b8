#!/usr/bin/env bash
# Vigie without Docker: needs bash and Python 3.11 or newer. ./services/run.sh --help
set -euo pipefail
root="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)"

"$root/ci/venv.sh" local
exec "$root/.venv/bin/python" -m vigie_local "$@"
