#!/usr/bin/env bash
# Vigie without Docker: needs bash and Python 3.11 or newer. ./services/run.sh --help
set -euo pipefail
root="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)"

# A port that is taken is said at once, not after a minute of installing.
case " $* " in
  *" --stop "* | *" --status "* | *" --reset "* | *" --help "* | *" -h "*) ;;
  *)
    # Where python3 is too old, ci/venv.sh finds another one, or says so.
    if python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      PYTHONPATH="$root/services/local" PYTHONDONTWRITEBYTECODE=1 python3 -P -m vigie_local.preflight
    fi
    ;;
esac
"$root/ci/venv.sh" local
exec "$root/.venv/bin/python" -m vigie_local "$@"
