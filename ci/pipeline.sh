#!/usr/bin/env bash
# Runs .github/workflows/ci.yml on this machine. `./ci/pipeline.sh --help` lists the flags.
set -euo pipefail
ci_dir="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  echo "pipeline: Python 3.11 or newer is needed as python3 on PATH" >&2
  exit 20
fi
PYTHONPATH="$ci_dir" PYTHONDONTWRITEBYTECODE=1 exec python3 -P -m pipeline "$@"
